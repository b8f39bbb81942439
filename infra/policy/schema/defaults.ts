// What the policy language means where a policy says nothing, and how far it lets one go. Durations in seconds. Pure.
import { parseDuration } from './duration.ts';
import type { AudienceEntry, RoleEntry } from './schema.ts';

export const defaults = {
  algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519'],
  tokenTypes: ['jwt', 'id_token'],
  maxLifetime: 86_400,
  clockSkew: 60,
  alg: 'ES256',
  ttl: 300,
  maxTtl: 900,
  roleTtl: 3_600,
} as const;

export const limits = {
  /** Nobody's access token lives longer than a day. */
  maxTtl: 86_400,
  /** More would make `nbf` and `iat` meaningless. */
  clockSkew: 600,
  /** Of a role session, by STS. */
  sessionMin: 900,
  sessionMax: 43_200,
  /** Our function's credentials are a role session themselves: what they assume is a chain, whose sessions end after an hour. */
  chainedMax: 3_600,
} as const;

/** Lifetimes an audience gives, in seconds; its own default gives way to a shorter `maxTtl`. */
export function audienceTtl(audience: AudienceEntry): { readonly ttl: number; readonly maxTtl: number } {
  const maxTtl = audience.maxTtl === undefined ? defaults.maxTtl : parseDuration(audience.maxTtl);
  const ttl = audience.ttl === undefined ? Math.min(defaults.ttl, maxTtl) : parseDuration(audience.ttl);
  return { ttl, maxTtl };
}

/** The longest session of a role, whatever its `maxTtl`. */
export function longestSession({ via }: RoleEntry): number {
  return via === 'web-identity' ? limits.sessionMax : limits.chainedMax;
}

/** Lifetimes a role gives, in seconds. */
export function roleTtl(role: RoleEntry): { readonly ttl: number; readonly maxTtl: number } {
  const maxTtl = role.maxTtl === undefined ? longestSession(role) : parseDuration(role.maxTtl);
  const ttl = role.ttl === undefined ? Math.min(defaults.roleTtl, maxTtl) : parseDuration(role.ttl);
  return { ttl, maxTtl };
}
