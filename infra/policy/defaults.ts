// What the policy language means where a policy says nothing, and how far it lets one go. Durations in seconds. Pure.
import { parseDuration } from './duration.ts';
import type { AudienceEntry } from './schema.ts';

export const defaults = {
  algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519'],
  tokenTypes: ['jwt', 'id_token'],
  maxLifetime: 86_400,
  clockSkew: 60,
  alg: 'ES256',
  ttl: 300,
  maxTtl: 900,
} as const;

export const limits = {
  /** Nobody's access token lives longer than a day. */
  maxTtl: 86_400,
  /** More would make `nbf` and `iat` meaningless. */
  clockSkew: 600,
} as const;

/** Lifetimes an audience gives, in seconds; its own default gives way to a shorter `maxTtl`. */
export function audienceTtl(audience: AudienceEntry): { readonly ttl: number; readonly maxTtl: number } {
  const maxTtl = audience.maxTtl === undefined ? defaults.maxTtl : parseDuration(audience.maxTtl);
  const ttl = audience.ttl === undefined ? Math.min(defaults.ttl, maxTtl) : parseDuration(audience.ttl);
  return { ttl, maxTtl };
}
