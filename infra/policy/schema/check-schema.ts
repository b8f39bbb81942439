// A parsed file against the schema of the language: each zod issue as a finding at its place. Pure.
import type { z } from 'zod';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { didYouMean } from '../source/did-you-mean.ts';
import { below, errorAt, keyOf, type Place, type PolicySource } from '../source/place.ts';
import { knownKeys } from './keys.ts';
import { type PolicyDocument, policySchema } from './schema.ts';

type Issue = z.core.$ZodIssue;

export interface CheckedDocument<Document = PolicyDocument> {
  readonly document?: Document;
  readonly diagnostics: readonly Diagnostic[];
}

/** A policy file. */
export function checkSchema(source: PolicySource): CheckedDocument {
  return checkAgainst(policySchema, source);
}

/** A file in any language of ours. */
export function checkAgainst<Schema extends z.ZodType>(
  schema: Schema,
  source: PolicySource,
): CheckedDocument<z.infer<Schema>> {
  const root: Place = { source, path: [], on: 'value' };
  if (source.value === null) return { diagnostics: [errorAt(root, 'the file is empty', 'begin with "version: 1"')] };
  const parsed = schema.safeParse(source.value);
  if (parsed.success) return { document: parsed.data, diagnostics: [] };
  return { diagnostics: parsed.error.issues.flatMap((issue) => findingsOf(schema, root, issue)) };
}

function findingsOf(schema: z.ZodType, parent: Place, issue: Issue): Diagnostic[] {
  const place = below(parent, ...(issue.path as (string | number)[]));
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(schema, place, key));
    case 'invalid_key':
      return [
        errorAt(
          keyOf(place),
          `${quote(place.path.at(-1))} is not allowed here: ${issue.issues[0]?.message ?? ''}`,
          hintAt(place),
        ),
      ];
    case 'invalid_union':
      return unionFindings(schema, place, issue.errors);
    case 'invalid_value':
      return [valueFinding(place, issue.values)];
    case 'invalid_type':
      return [typeFinding(place, [issue.expected])];
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'not_multiple_of':
    case 'too_big':
    case 'too_small':
      return [errorAt(place, issue.message, hintAt(place))];
  }
}

function unknownKey(schema: z.ZodType, place: Place, key: string): Diagnostic {
  const known = knownKeys(schema, place.path);
  return errorAt(keyOf(below(place, key)), `unknown key ${quote(key)}`, didYouMean(key, known));
}

/** Goes on with the branch the value is of the type of, of several with the one it comes nearest to; with none, names them all. */
function unionFindings(schema: z.ZodType, place: Place, branches: readonly (readonly Issue[])[]): Diagnostic[] {
  const fitting = branches.filter((issues) => !issues.some(isWrongKind));
  const [branch] = fitting.toSorted((one, other) => one.length - other.length);
  if (branch !== undefined) return branch.flatMap((issue) => findingsOf(schema, place, issue));
  return [typeFinding(place, branches.flat().flatMap(expectedKinds))];
}

function isWrongKind(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((issues) => issues.some(isWrongKind));
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function expectedKinds(issue: Issue): string[] {
  if (issue.path.length > 0) return [];
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(expectedKinds);
  if (issue.code === 'invalid_value') return issue.values.map(String);
  return issue.code === 'invalid_type' ? [issue.expected] : [];
}

function valueFinding(place: Place, values: readonly unknown[]): Diagnostic {
  const names = values.map(String);
  const message = names.length === 1 ? `this must be ${names[0]}` : `this must be one of ${names.join(', ')}`;
  if (!place.source.has(place.path)) return missing(place);
  const written = place.source.scalarAt(place.path)?.text;
  if (written === undefined || names.length < 2)
    return errorAt(place, message, `write ${names.join(' or ')}, unquoted`);
  return errorAt(place, message, didYouMean(written, names));
}

const kinds: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a map',
  record: 'a map',
  string: 'a string',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a whole number',
};

function typeFinding(place: Place, expected: readonly string[]): Diagnostic {
  if (!place.source.has(place.path)) return missing(place);
  const wanted = [...new Set(expected.map((kind) => kinds[kind] ?? kind))].join(', ').replace(/, ([^,]*)$/, ' or $1');
  const written = place.source.scalarAt(place.path);
  const quotable = written?.plain === true && written.text !== '' && expected.includes('string');
  const hint = quotable && !isDuration(place) ? `quote it: ${JSON.stringify(written.text)}` : hintAt(place);
  return errorAt(place, `this must be ${wanted}`, hint);
}

const durations = ['ttl', 'maxTtl', 'maxAge', 'maxLifetime', 'clockSkew', 'cache'];

function isDuration(place: Place): boolean {
  return durations.includes(String(place.path.at(-1)));
}

/** What belongs at a place, where the message alone does not say how to write it. */
function hintAt(place: Place): string {
  if (isDuration(place)) return 'write a number and its unit: 30s, 5m, 12h or 90d';
  if (place.path.includes('scopes')) return 'a list of words without spaces, quotes and backslashes';
  if (place.path.includes('match')) return 'a value, or a list of which any may match';
  if (place.path.length <= 2) return 'names are lower-case letters, digits, ".", "_" and "-", at most 63';
  return 'docs/policy.md shows every key with its values';
}

function missing(place: Place): Diagnostic {
  const key = String(place.path.at(-1));
  const [section, , member] = place.path;
  const binds = section === 'issuers' && member === 'audience';
  const hint = binds ? ' with a value of your own: a token for anybody else is not for here' : '';
  return errorAt(keyOf(below(place, '..')), `${quote(key)} is missing here`, `add "${key}:"${hint}`);
}
