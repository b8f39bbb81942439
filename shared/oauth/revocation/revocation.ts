// What can be revoked, and which tokens a revocation hits: every token so described, or exchanged from one that is
// (docs/lifecycle.md, RFC 7009 §2.1). Pure.
import { earlierActors, issuedSubject } from '../verify/delegation.ts';
import { selfName } from '../verify/self-issuer.ts';
import type { VerifiedToken } from '../verify/verify-token.ts';
import { type Ancestor, type Chain, chainOf, type Origin, originId, originOf, type Participant } from './lineage.ts';
import type { SuspendableName, Suspension } from './suspension.ts';

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
  /** What is kept instead of `value`, where that shows what is private. */
  readonly kept?: string | undefined;
  readonly reason: string;
  /** When it was made. */
  readonly at: number;
  /** Who made it: an IAM principal, a client, an issuer. */
  readonly principal: string;
  /** Whether a Status List or an AWS session can show it. */
  readonly listed: boolean;
  /**
   * An earlier one is enough, and this one not written, when it hits what was issued then, and all that was issued before it
   * was made itself.
   */
  readonly sufficient?: number;
}

/** One thing by which a token can be revoked: true of it, or of one it came from, since `issuedAt`. */
export interface RevocableBy extends Pick<Revocation, 'by' | 'value'> {
  readonly issuedAt: number;
}

/** What may hold a request back. */
export interface Holdable {
  readonly parts: readonly RevocableBy[];
  readonly names: readonly SuspendableName[];
}

/** What does. */
export interface Holds {
  readonly revocations: readonly Revocation[];
  readonly suspensions: readonly Suspension[];
}

/**
 * The revocations that speak of any of the parts and the suspensions of any of the names, in one read; what was revoked or
 * suspended before the call is among them. Throws Refused `unavailable`.
 */
export type FindHolds = (holdable: Holdable) => Promise<Holds>;

/** Durable when it returns; making one again changes nothing. Throws Refused `unavailable`. */
export type RecordRevocation = (revocation: RevocationRecord) => Promise<void>;

/** Most ways to revoke one token: as many keys as one read of DynamoDB looks up. */
export const maxRevocableBy = 100;

/**
 * All by which a verified token can be revoked, who acts in it included.
 * @throws TokenRefused or Refused `malformed` when the token does not say what it must
 */
export function revocableBy(token: VerifiedToken): readonly RevocableBy[] {
  const actors = earlierActors(token);
  if (token.issuer.name === selfName) return chainRevocableBy(chainOf(token), token.registered.sub, actors);
  const origin = originOf(token);
  const id = originId(origin.iss, token.registered.sub);
  return distinct([
    ...originRevocableBy({ ...origin, id }, issuedSubject(token)),
    ...actorsRevocableBy(actors, origin),
  ]);
}

/**
 * All by which a token of ours can be revoked.
 * @param actors of its `act`, as issued
 */
export function chainRevocableBy(
  { origin, tokens, participants }: Chain,
  sub: string,
  actors: readonly string[],
): readonly RevocableBy[] {
  const others = actors.filter((actor) => !participants.some((participant) => participant.sub === actor));
  return distinct([
    ...tokensRevocableBy(tokens),
    ...originRevocableBy(origin, sub),
    ...participants.flatMap(participantRevocableBy),
    ...actorsRevocableBy(others, origin),
  ]);
}

/** All by which who takes part can be revoked. */
export function participantRevocableBy(one: Participant): readonly RevocableBy[] {
  return [...tokensRevocableBy(one.tokens ?? []), ...originRevocableBy(one, one.sub)];
}

function tokensRevocableBy(tokens: readonly Ancestor[]): readonly RevocableBy[] {
  const [first] = tokens;
  return [
    ...tokens.map(({ jti, iat }): RevocableBy => ({ by: 'jti', value: jti, issuedAt: iat })),
    ...(first ? [{ by: 'family', value: first.jti, issuedAt: first.iat } as const] : []),
    ...tokens.map(({ client_id, iat }): RevocableBy => ({ by: 'client', value: client_id, issuedAt: iat })),
    ...tokens.flatMap(({ kid, iat }): readonly RevocableBy[] =>
      kid === undefined ? [] : [{ by: 'key', value: kid, issuedAt: iat }],
    ),
  ];
}

function originRevocableBy({ iss, iat, id, run }: Origin, sub: string): readonly RevocableBy[] {
  const prefix = `${iss}|`;
  const origin = id ?? originId(iss, sub.startsWith(prefix) ? sub.slice(prefix.length) : sub);
  return [
    { by: 'subject', value: sub, issuedAt: iat },
    { by: 'origin', value: origin, issuedAt: iat },
    { by: 'issuer', value: iss, issuedAt: iat },
    ...(run === undefined ? [] : [{ by: 'run', value: `${iss}|${run}`, issuedAt: iat } as const]),
  ];
}

/** Actors whose own tokens nobody here has seen: as old as the token that named them first. */
function actorsRevocableBy(actors: readonly string[], { iat }: Origin): readonly RevocableBy[] {
  return actors.flatMap((sub) => {
    const bar = sub.indexOf('|');
    return bar < 0
      ? [{ by: 'subject', value: sub, issuedAt: iat } as const]
      : originRevocableBy({ iss: sub.slice(0, bar), iat }, sub);
  });
}

/** Each thing once, as old as the oldest of which it is true: a chain is as revoked as its first link. */
function distinct(parts: readonly RevocableBy[]): readonly RevocableBy[] {
  const oldest = new Map<string, RevocableBy>();
  for (const part of parts) {
    const key = `${part.by} ${part.value}`;
    const known = oldest.get(key);
    if (!known || part.issuedAt < known.issuedAt) oldest.set(key, part);
  }
  return [...oldest.values()];
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
