// What can be revoked, and which tokens a revocation hits: every token so described, or exchanged from one that is
// (contract §6, RFC 7009 §2.1). Pure.
import { issuedSubject } from '../verify/delegation.ts';
import { selfName } from '../verify/self-issuer.ts';
import type { VerifiedToken } from '../verify/verify-token.ts';
import { type Chain, chainOf, originId, originOf } from './lineage.ts';

/** What an administrator can name. */
export const revocationKinds = ['jti', 'family', 'subject', 'client', 'issuer', 'key', 'run'] as const;

/** `origin` is a foreign subject by {@link originId}: what an identity provider's event revokes. */
export type RevokedBy = (typeof revocationKinds)[number] | 'origin';

/** Takes back what is so described and was issued at or before `issuedBefore`. Times are seconds since the epoch. */
export interface Revocation {
  readonly by: RevokedBy;
  readonly value: string;
  readonly issuedBefore: number;
  /** Later there is no token left that it could hit. */
  readonly expiresAt: number;
}

/** A revocation with what operators want to know of it. */
export interface RevocationRecord extends Revocation {
  readonly reason: string;
  /** When it was made. */
  readonly at: number;
  /** Who made it: an IAM principal, a client, an issuer. */
  readonly principal: string;
}

/** One thing by which a token can be revoked: true of it, or of one it came from, since `issuedAt`. */
export interface RevocableBy extends Pick<Revocation, 'by' | 'value'> {
  readonly issuedAt: number;
}

/**
 * The revocations that speak of any of these; what was revoked before the call is among them. Throws Refused
 * `unavailable`.
 */
export type FindRevocations = (parts: readonly RevocableBy[]) => Promise<readonly Revocation[]>;

/** Durable when it returns; making one again changes nothing. Throws Refused `unavailable`. */
export type RecordRevocation = (revocation: RevocationRecord) => Promise<void>;

/** Most ways to revoke one token: what one read looks up. */
export const maxRevocableBy = 40;

/**
 * All by which a verified token can be revoked.
 * @throws TokenRefused or Refused `malformed` when the token does not say what it must
 */
export function revocableBy(token: VerifiedToken, now: number): readonly RevocableBy[] {
  if (token.issuer.name === selfName) return chainRevocableBy(chainOf(token), token.registered.sub);
  const origin = originOf(token, now);
  return originRevocableBy({ ...origin, id: originId(origin.iss, token.registered.sub) }, issuedSubject(token));
}

/** All by which a token of ours can be revoked. */
export function chainRevocableBy({ origin, tokens }: Chain, sub: string): readonly RevocableBy[] {
  const [first] = tokens;
  return [
    ...tokens.map(({ jti, iat }): RevocableBy => ({ by: 'jti', value: jti, issuedAt: iat })),
    ...(first ? [{ by: 'family', value: first.jti, issuedAt: first.iat } as const] : []),
    ...earliest(
      'client',
      tokens.map(({ client_id, iat }) => [client_id, iat]),
    ),
    ...earliest(
      'key',
      tokens.flatMap(({ kid, iat }) => (kid === undefined ? [] : [[kid, iat]])),
    ),
    ...originRevocableBy(origin, sub),
  ];
}

function originRevocableBy({ iss, iat, id, run }: Chain['origin'], sub: string): readonly RevocableBy[] {
  const prefix = `${iss}|`;
  const origin = id ?? originId(iss, sub.startsWith(prefix) ? sub.slice(prefix.length) : sub);
  return [
    { by: 'subject', value: sub, issuedAt: iat },
    { by: 'origin', value: origin, issuedAt: iat },
    { by: 'issuer', value: iss, issuedAt: iat },
    ...(run === undefined ? [] : [{ by: 'run', value: `${iss}|${run}`, issuedAt: iat } as const]),
  ];
}

/** Each value once, as old as its oldest token: a chain is as revoked as its first link. */
function earliest(by: 'client' | 'key', values: readonly (readonly [string, number])[]): readonly RevocableBy[] {
  const oldest = new Map<string, number>();
  for (const [value, iat] of values) oldest.set(value, Math.min(iat, oldest.get(value) ?? iat));
  return [...oldest].map(([value, issuedAt]) => ({ by, value, issuedAt }));
}

/** Whether any revocation that still counts speaks of any of `parts`. */
export function isRevoked(parts: readonly RevocableBy[], revocations: readonly Revocation[], now: number): boolean {
  return parts.some(({ by, value, issuedAt }) =>
    revocations.some(
      (revocation) =>
        revocation.by === by &&
        revocation.value === value &&
        revocation.issuedBefore >= issuedAt &&
        revocation.expiresAt > now,
    ),
  );
}
