// Answers of a running stack against the release's openapi.json: status, content type, headers, and a body without any
// member that is not described. The version of Cambio is in none.
import { z } from 'zod';
import { openApiDocument } from '../infra/release/openapi/document.ts';
import { version } from '../shared/version.ts';

export const document = openApiDocument(version);

/** `fetch` of a stack's API. @throws Error when the answer is not as documented */
export const documentedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const method = (init?.method ?? 'GET').toLowerCase();
  const { pathname } = new URL(String(input));
  const problem = await undocumented(method, pathname, response.clone());
  if (problem) throw new Error(`${method} ${pathname}: ${response.status}: ${problem}`);
  return response;
};

/** What of an answer the document does not say; undefined when it says all. */
export async function undocumented(method: string, path: string, response: Response): Promise<string | undefined> {
  const methods = Object.entries(document.paths).find(([template]) => matches(template, path))?.[1];
  const text = await response.text();
  if (`${[...response.headers]}\n${text}`.includes(version)) return 'the version is in it';
  const described = methods?.[method]?.responses[response.status];
  if (methods?.[method] === undefined)
    return response.status === (methods ? 405 : 404) ? undefined : 'no such operation';
  if (described === undefined) return 'no such status';
  for (const [name, { required, schema }] of Object.entries(described.headers ?? {})) {
    const value = response.headers.get(name);
    if (value === null && required) return `${name} is missing`;
    if (value !== null && !validatorOf(schema).safeParse(value).success) return `${name} is ${value}`;
  }
  if (described.content === undefined) return text === '' ? undefined : 'there is a body';
  const type = response.headers.get('content-type') ?? 'none';
  const content = described.content[type];
  if (content === undefined) return `${type} is no type of it`;
  const { error } = validatorOf(content.schema).safeParse(type === 'application/json' ? JSON.parse(text) : text);
  return error && `${z.prettifyError(error)} in ${text}`;
}

function matches(template: string, path: string): boolean {
  const pattern = template
    .replaceAll('.', '\\.')
    .replace('{name}', '.+')
    .replaceAll(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${pattern}/?$`).test(path);
}

const validators = new Map<object, z.ZodType>();

function validatorOf(schema: object): z.ZodType {
  const known = validators.get(schema);
  if (known) return known;
  const whole = { ...closed(schema), $defs: closed(document.components.schemas) };
  const local = JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/');
  const made = z.fromJSONSchema(JSON.parse(local));
  validators.set(schema, made);
  return made;
}

/** The document's objects are open, for clients of later releases; what is answered today is all described. */
function closed<Value>(schema: Value): Value {
  if (Array.isArray(schema)) return schema.map(closed) as Value;
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  const isObject = 'properties' in schema && !('additionalProperties' in schema);
  return (isObject ? { ...inner, additionalProperties: false } : inner) as Value;
}
