// Which keys the schema of the language knows at a path of a document. Pure.
import { z } from 'zod';
import type { DocumentPath } from '../source/place.ts';

/** The keys of the closed object at a path; of every branch, where a value may be one of several objects. */
export function knownKeys(root: z.core.$ZodType, path: DocumentPath): readonly string[] {
  let schemas = unwrap(root);
  for (const step of path) schemas = schemas.flatMap((schema) => child(schema, step)).flatMap(unwrap);
  return schemas.flatMap((schema) => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : []));
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(unwrap);
  return [schema];
}

function child(schema: z.core.$ZodType, step: string | number): z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) return Object.hasOwn(schema.shape, step) ? [schema.shape[step]] : [];
  if (schema instanceof z.ZodRecord) return [schema.valueType];
  return schema instanceof z.ZodArray ? [schema.element] : [];
}
