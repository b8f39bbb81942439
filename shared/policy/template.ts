// Templates of granted claims: literal text and `${claims.…}` references. A claim of another type than its catalogue says is
// as if missing: what it would mean to whoever reads the result is anybody's guess. Pure.
import { type Claims, typedClaimAt } from './claims.ts';
import type { Template } from './compiled-policy.ts';

/**
 * Fills a template. One reference alone keeps the claim's own type; among text only strings, numbers and booleans can
 * stand. undefined when a referenced claim is missing or cannot stand there: the caller leaves the claim out.
 */
export function fillTemplate(template: Template, claims: Claims): unknown {
  const [only] = template;
  if (template.length === 1 && typeof only === 'object') return typedClaimAt(claims, only);
  const parts = template.map((part) => (typeof part === 'string' ? part : textOf(typedClaimAt(claims, part))));
  return parts.includes(undefined) ? undefined : parts.join('');
}

/** Fills a template with text, a single reference too; undefined as above, and where the one reference is no scalar. */
export function fillText(template: Template, claims: Claims): string | undefined {
  return textOf(fillTemplate(template, claims));
}

/**
 * Fills the template of a subject, so that no two tokens with other claims have one subject: a value that is empty, or that
 * holds a character of the text between two claims, could be read as if that text stood elsewhere, and fills none.
 */
export function fillSubject(template: Template, claims: Claims): string | undefined {
  const places = template.flatMap((part, index) => (typeof part === 'string' ? [] : [index]));
  const between = template.slice(places[0], places.at(-1));
  const separators = new Set(between.filter((part) => typeof part === 'string').join(''));
  const references = template.filter((part) => typeof part !== 'string');
  const values = references.map((reference) => fillText([reference], claims));
  const isPlain = (value: string | undefined): boolean =>
    value !== undefined && value !== '' && [...value].every((character) => !separators.has(character));
  return values.every(isPlain) ? fillText(template, claims) : undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
