// What may be used once: a token or assertion by (iss, jti), never by its text, which has many spellings. Pure.
import { hash } from 'node:crypto';
import type { TrustedIssuer } from '../../policy/compiled-policy.ts';
import type { RegisteredClaims } from '../../policy/registered-claims.ts';
import { qualified, tenantOf } from '../../policy/tenant.ts';
import type { ParsedJwt } from '../jose/jwt.ts';
import type { StatusReference } from '../status-list/status-list-id.ts';

/** `expiresAt` in seconds since the epoch; later it cannot be accepted anyway. */
export interface SingleUse {
  /** `iss` of a token, of a tenant's issuer behind its name; name of a client. */
  readonly issuer: string;
  readonly jti: string;
  readonly expiresAt: number;
}

/** What a use is for, so that the identical request may repeat it: its answer may have been lost. */
export interface UsePurpose {
  /** {@link requestHash}. */
  readonly request: string;
  /** `jti` of the token that is issued for it. */
  readonly jti: string;
  /** When that token was issued, seconds since the epoch. */
  readonly at: number;
  /** Where that token's status is, if it has one. */
  readonly status?: StatusReference | undefined;
  /** Who asserted the client of the first request, where a trusted issuer's token did and shows nothing that is private. */
  readonly asserted?: Asserted | undefined;
}

/** An assertion as the lineage of what is issued names it. */
export interface Asserted {
  /** Policy name of its issuer. */
  readonly iss: string;
  /** When it counts as issued, seconds since the epoch. */
  readonly iat: number;
  /** As issued. */
  readonly sub: string;
  readonly id?: string;
  readonly run?: string;
}

/** One request's taking of a use. */
export interface Taking {
  readonly use: SingleUse;
  /** Random, one for each request: a second try of the same write is no second use. */
  readonly attempt: string;
  /** Absent where even the identical request may not come again. */
  readonly purpose?: UsePurpose | undefined;
}

/** How a use went: the first, another of the identical request (with what the first one was for), or one too many. */
export type Taken =
  | { readonly outcome: 'first' | 'used' }
  | { readonly outcome: 'again'; readonly purpose: UsePurpose };

/** Takes a use durably, unless it was taken before. Throws Refused `unavailable`. */
export type TakeUse = (taking: Taking) => Promise<Taken>;

/** Gives back a use that was taken by a request which got nothing. Does not throw. */
export type ReleaseUse = (taking: Taking) => Promise<void>;

/** Seconds in which the identical request may come again. */
export const retryWindow = 30;

/**
 * The use of an issuer's token. A token without a `jti` is known by its signed text, because a signature has several spellings
 * that verify, while the signed text has one.
 */
export function useOf(
  { compact }: ParsedJwt,
  { name, url, clockSkew }: TrustedIssuer,
  { jti, exp }: RegisteredClaims,
): SingleUse {
  const signed = compact.slice(0, compact.lastIndexOf('.'));
  const text = jti ?? `sha256:${hash('sha256', signed, 'base64url')}`;
  // Two tenants may trust one `iss`, each with keys of its own: neither uses up what is the other's.
  return { issuer: qualified(tenantOf(name), url), jti: text, expiresAt: exp + clockSkew + retryWindow };
}
