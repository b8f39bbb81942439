// Claims as policy sees them: values by path, of the type their catalogue says. Pure.
import type { ClaimMatch, ClaimReference, ClaimType } from './compiled-policy.ts';

/** A claims set; look-ups go through {@link claimAt}, so its prototype does not matter. */
export type Claims = Readonly<Record<string, unknown>>;

export type ScalarClaim = string | number | boolean;

/** Where a path leads: to a value, or to one that has no members where the path goes on. */
type Found = { readonly value: unknown } | { readonly endsAt: unknown };

/**
 * The value at a dotted path. A claim name may itself hold dots (`kubernetes.io`), so at each level the longest name
 * that exists is taken; a claim that is `null` does not exist.
 */
export function claimAt(claims: Claims, path: string): unknown {
  const found = find(claims, path);
  return found && 'value' in found ? found.value : undefined;
}

function find(claims: Claims, path: string): Found | undefined {
  if (exists(claims, path)) return { value: claims[path] };
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const name = path.slice(0, dot);
    if (!exists(claims, name)) continue;
    const inner = claims[name];
    return isClaims(inner) ? find(inner, path.slice(dot + 1)) : { endsAt: inner };
  }
  return undefined;
}

function exists(claims: Claims, name: string): boolean {
  return Object.hasOwn(claims, name) && claims[name] !== null && claims[name] !== undefined;
}

/** What of a claim a match can compare, and what about it is in doubt. */
export interface ReadClaim {
  /** As the token has it; undefined when it is missing. */
  readonly value: unknown;
  readonly scalars: readonly ScalarClaim[];
  /** Why the claim is not what its catalogue says, in words that hold no value of it; undefined when it is, or is missing. */
  readonly doubt: string | undefined;
}

/**
 * Reads a claim as the type its catalogue declares. Of a list every element counts, and one scalar is a list of one: many
 * issuers write it so. Nothing else is made of another type: what it would mean is anybody's guess.
 */
export function readClaim(claims: Claims, { path, type, open }: Pick<ClaimMatch, 'path' | 'type' | 'open'>): ReadClaim {
  const found = find(claims, path);
  if (found === undefined) return { value: undefined, scalars: [], doubt: undefined };
  if ('endsAt' in found) {
    const doubt = `the path goes through a claim of type ${typeName(found.endsAt)}, which has no members`;
    return { value: undefined, scalars: [], doubt };
  }
  const { value } = found;
  if (type === 'list' || (open && Array.isArray(value))) return readList(value);
  const isTyped = isScalar(value) && typeName(value) === type;
  return isTyped
    ? { value, scalars: [value], doubt: undefined }
    : { value, scalars: [], doubt: wrongType(value, type) };
}

function readList(value: unknown): ReadClaim {
  const elements: readonly unknown[] = Array.isArray(value) ? value : [value];
  const scalars = elements.filter(isScalar);
  if (scalars.length === elements.length) return { value, scalars, doubt: undefined };
  const other = elements.find((element) => !isScalar(element));
  const doubt = Array.isArray(value)
    ? `the list has an element of type ${typeName(other)}, which is no string, number or bool`
    : wrongType(value, 'list');
  return { value, scalars, doubt };
}

/** The claim as a value of its declared type, one value as a list of one; undefined where it is missing or of another. */
export function typedClaimAt(claims: Claims, { claim, type }: ClaimReference): unknown {
  const value = claimAt(claims, claim);
  if (type === undefined || typeName(value) === type) return value;
  return type === 'list' && isScalar(value) ? [value] : undefined;
}

function wrongType(value: unknown, type: ClaimType): string {
  const is = typeName(value);
  if (is === 'string' && type === 'bool')
    return 'the claim is a string such as "false", and not a bool; declare it so and quote it';
  if (is === 'bool' && type === 'string')
    return 'the claim is a bool, and not a string such as "false"; declare it so and do not quote it';
  return `the claim is of type ${is}, not ${type}`;
}

/** In the words of a catalogue, where it has one. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value !== 'number') return typeof value;
  return Number.isSafeInteger(value) ? 'int' : 'number';
}

function isScalar(value: unknown): value is ScalarClaim {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** An object, and no list. */
export function isClaims(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
