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

type StatedClaims = Pick<IssuerEntry, 'claims'>;

/** The profile an issuer names, whether there is one or not. */
export function profileNameOf({ claims }: StatedClaims): string | undefined {
  if (claims === undefined || typeof claims === 'string') return claims;
  return hasProfile(claims) ? claims.profile : undefined;
}

/** Claims that the policy itself gives a type: all of a map, or those beside the profile's. */
export function statedClaims({ claims = {} }: StatedClaims): Readonly<Record<string, ClaimType>> {
  if (typeof claims === 'string') return {};
  return hasProfile(claims) ? claims.more : claims;
}

type Extended = Extract<NonNullable<IssuerEntry['claims']>, { readonly more: object }>;

function hasProfile(claims: Exclude<StatedClaims['claims'], string | undefined>): claims is Extended {
  return typeof claims['more'] === 'object';
}

/** The catalogue of an issuer; undefined if it names a profile that cannot be used. */
export function catalogueOf(issuer: StatedClaims): Catalogue | undefined {
  const name = profileNameOf(issuer);
  const stated = statedClaims(issuer);
  if (name === undefined) return { claims: { ...stated, ...registeredClaims } };
  const profile = profiles.get(name);
  return profile && { claims: { ...stated, ...profile.claims, ...registeredClaims }, profile };
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
