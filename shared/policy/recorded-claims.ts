// What a decision keeps of a token's claims: those its issuer's entry declares, private ones as salted hashes, within a
// budget of bytes. Shared by the recorder and by `cambio policy replay`. Pure.
import { createHash } from 'node:crypto';
import { type Claims, isClaims } from './claims.ts';
import type { TrustedIssuer } from './compiled-policy.ts';
import { isPrivate, leadsToPrivate } from './private-claims.ts';

/** What decides which claims of an issuer's tokens are kept, and how. */
export type ClaimCatalogue = Pick<TrustedIssuer, 'name' | 'claims' | 'private' | 'subject' | 'openSubjects'>;

export interface RecordedClaims {
  /** Declared claims as the token has them, without private ones. */
  readonly claims: Claims;
  /** Private ones by path: the hash of the value, or of each element of a list. */
  readonly hashed: Readonly<Record<string, string | readonly string[]>>;
  /** Declared paths the token has but for which there was no room; `*` stands for more of them than are named. */
  readonly omitted: readonly string[];
}

const mostOmitted = 32;
/** Registered first: they say whose token it was. */
const identifying = ['iss', 'sub', 'aud', 'jti', 'iat', 'exp', 'nbf'];

/**
 * The claims to keep.
 * @param salt the decision's id: random, and different for each decision
 * @param budget bytes of JSON that claims and hashes may take together
 */
export function recordClaims(claims: Claims, catalogue: ClaimCatalogue, salt: string, budget: number): RecordedClaims {
  const record = (places: readonly Place[]): Kept => {
    const kept: Kept = { claims: {}, hashed: {} };
    for (const place of places) keep(kept, place, { claims, catalogue, salt });
    return kept;
  };
  const present: Place[] = [];
  for (const path of pathsOf(catalogue)) {
    const steps = stepsTo(claims, path);
    if (steps) present.push({ path, steps });
  }
  const all = record(present);
  if (sizeOf(all) <= budget) return { ...all, omitted: [] };
  const fitting: Place[] = [];
  const omitted: string[] = [];
  for (const place of present) {
    if (sizeOf(record([...fitting, place])) <= budget) fitting.push(place);
    else omitted.push(place.path);
  }
  return { ...record(fitting), omitted: named(omitted) };
}

interface Kept {
  readonly claims: Record<string, unknown>;
  readonly hashed: Record<string, string | readonly string[]>;
}

/** Where a claim is: its path, and the keys that lead there. */
interface Place {
  readonly path: string;
  readonly steps: readonly string[];
}

interface Recording {
  readonly claims: Claims;
  readonly catalogue: ClaimCatalogue;
  readonly salt: string;
}

function keep(kept: Kept, { path, steps }: Place, { claims, catalogue, salt }: Recording): void {
  const value = valueAt(claims, steps);
  if (isPrivate(path, catalogue)) define(kept.hashed, path, hashClaim(value, path, salt));
  else putAt(kept.claims, steps, withoutPrivate(value, path, catalogue));
}

const known = new WeakMap<ClaimCatalogue, readonly string[]>();

/** All that may be kept, in the order in which it comes to the budget; listed once for each issuer. */
function pathsOf(catalogue: ClaimCatalogue): readonly string[] {
  const paths = known.get(catalogue) ?? listPaths(catalogue);
  known.set(catalogue, paths);
  return paths;
}

function listPaths({ claims, private: hidden = [] }: ClaimCatalogue): readonly string[] {
  const declared = identifying.filter((name) => Object.hasOwn(claims, name));
  return [...new Set([...declared, ...Object.keys(claims), ...hidden])];
}

/** Bytes that claims and hashes take of the budget. */
export function sizeOf({ claims, hashed }: Pick<RecordedClaims, 'claims' | 'hashed'>): number {
  if (Object.keys(claims).length + Object.keys(hashed).length === 0) return 0;
  return Buffer.byteLength(JSON.stringify(claims)) + Buffer.byteLength(JSON.stringify(hashed));
}

/** The salted hash of a value, as base64url; a list gives one for each element, so that a match of any can be tried. */
export function hashClaim(value: unknown, path: string, salt: string): string | readonly string[] {
  return Array.isArray(value) ? value.map((element) => digest(element, path, salt)) : digest(value, path, salt);
}

function digest(value: unknown, path: string, salt: string): string {
  return createHash('sha256')
    .update(JSON.stringify([salt, path, value]))
    .digest('base64url');
}

function named(omitted: readonly string[]): readonly string[] {
  const short = omitted.filter((path) => path.length <= 100).slice(0, mostOmitted);
  return short.length < omitted.length ? [...short, '*'] : short;
}

/** The keys that lead to a path, chosen as {@link claimAt} does: at each level the longest name that exists. */
function stepsTo(claims: Claims, path: string): readonly string[] | undefined {
  // `null` is as if missing to a match, and still something to a condition.
  return stepsOver(claims, path, (value) => value !== null) ?? stepsOver(claims, path, () => true);
}

function stepsOver(claims: Claims, path: string, counts: (value: unknown) => boolean): readonly string[] | undefined {
  if (Object.hasOwn(claims, path) && counts(claims[path])) return [path];
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const name = path.slice(0, dot);
    if (!Object.hasOwn(claims, name) || !counts(claims[name])) continue;
    const inner = claims[name];
    const rest = isClaims(inner) ? stepsOver(inner, path.slice(dot + 1), counts) : undefined;
    return rest && [name, ...rest];
  }
  return undefined;
}

function valueAt(claims: Claims, steps: readonly string[]): unknown {
  return steps.reduce<unknown>((value, step) => (isClaims(value) ? value[step] : undefined), claims);
}

function putAt(claims: Record<string, unknown>, [step = '', ...rest]: readonly string[], value: unknown): void {
  let member = value;
  if (rest.length > 0) {
    const inner = Object.hasOwn(claims, step) ? claims[step] : undefined;
    // A copy: what is there already may be the token's own.
    const copy = Object.fromEntries(isClaims(inner) ? Object.entries(inner) : []);
    putAt(copy, rest, value);
    member = copy;
  }
  define(claims, step, member);
}

/** A declared object without what is private inside it, however its path may be split into names. */
function withoutPrivate(value: unknown, path: string, catalogue: ClaimCatalogue): unknown {
  if (!leadsToPrivate(path, catalogue) || !isClaims(value)) return value;
  const members = Object.entries(value).filter(([name]) => !isPrivate(`${path}.${name}`, catalogue));
  return Object.fromEntries(
    members.map(([name, inner]) => [name, withoutPrivate(inner, `${path}.${name}`, catalogue)]),
  );
}

/** A claim named __proto__ is a claim like any other: it is defined, where assignment would do something else. */
function define<Value>(record: Record<string, Value>, name: string, value: Value): void {
  if (name !== '__proto__') record[name] = value;
  else Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
}
