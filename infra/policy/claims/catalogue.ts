// Which claims an issuer's tokens have, and of what type. Pure.
import type { ClaimType } from '../../../shared/policy/compiled-policy.ts';
import type { Profile } from '../profiles/profile.ts';
import { profiles } from '../profiles/registry.ts';
import type { IssuerEntry } from '../schema/schema.ts';

export interface Catalogue {
  /** Claim name to type, registered claims included. */
  readonly claims: Readonly<Record<string, ClaimType>>;
  /** Claims that are known, but whose type is not. */
  readonly untyped?: readonly string[];
  /** Claims that every token has, where no profile says so. */
  readonly always?: readonly string[];
  readonly profile?: Profile;
}

/** RFC 7519 §4.1. `aud` is a list even where a token writes a single string. */
export const registeredClaims: Readonly<Record<string, ClaimType>> = {
  iss: 'string',
  sub: 'string',
  aud: 'list',
  exp: 'int',
  nbf: 'int',
  iat: 'int',
  jti: 'string',
};

/** The catalogue of an issuer; undefined if it names a profile that cannot be used. */
export function catalogueOf({ claims = {} }: IssuerEntry): Catalogue | undefined {
  if (typeof claims !== 'string') return { claims: { ...claims, ...registeredClaims } };
  const profile = profiles.get(claims);
  return profile && { claims: { ...profile.claims, ...registeredClaims }, profile };
}

/** What is known of a claim path: its type, or that it lies open below a claim of type object. */
export function typeOfClaim(catalogue: Catalogue, path: string): ClaimType | 'open' | undefined {
  const { claims, profile } = catalogue;
  const known = own(claims, path) ?? own(profile?.members ?? {}, path);
  if (known !== undefined) return known;
  const prefixed = Object.entries(profile?.prefixes ?? {}).find(([prefix]) => path.startsWith(prefix));
  if (prefixed !== undefined) return prefixed[1];
  return isOpen(catalogue, path) ? 'open' : undefined;
}

/** Every claim path that has a name. */
export function knownPaths({ claims, untyped = [], profile }: Catalogue): readonly string[] {
  return [...Object.keys(claims), ...untyped, ...Object.keys(profile?.members ?? {})];
}

function isOpen({ claims, untyped = [] }: Catalogue, path: string): boolean {
  const objects = Object.entries(claims).flatMap(([name, type]) => (type === 'object' ? name : []));
  if (untyped.includes(path)) return true;
  return [...objects, ...untyped].some((name) => path.startsWith(`${name}.`) && path.length > name.length + 1);
}

function own(types: Readonly<Record<string, ClaimType>>, name: string): ClaimType | undefined {
  return Object.hasOwn(types, name) ? types[name] : undefined;
}
