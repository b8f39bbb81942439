// The session tags by which sessions of a revocable role are found again when what they are for is revoked. Pure.
import { createHash } from 'node:crypto';
import type { SessionTag } from './session-tags.ts';

/** Key of the tag by what a revocation can be by. No tag of a policy begins like that. */
export const revocationTagKeys = {
  subject: 'cambio-subject',
  run: 'cambio-run',
  family: 'cambio-family',
  /** The session's own decision; where it is the first of its family, that tag says it. */
  jti: 'cambio-jti',
  /** The foreign subject, as its issuer's events name it, where its issuer pushes events. */
  origin: 'cambio-origin',
} as const;

export type SessionsRevokedBy = keyof typeof revocationTagKeys;

/** What a session is for, each as a revocation would name it. */
export type SessionOwner = Readonly<Partial<Record<SessionsRevokedBy, string | undefined>>>;

const kinds = Object.keys(revocationTagKeys) as SessionsRevokedBy[];

/**
 * One tag for each value: 128 bits of its SHA-256 in hex, as the records' index names a revocation. A tag has the same length
 * whatever the value, is always legal, and shows nothing of a claim.
 */
export function revocationTags(owner: SessionOwner): readonly SessionTag[] {
  return kinds.flatMap((kind) => {
    const value = owner[kind];
    return value === undefined ? [] : [{ key: revocationTagKeys[kind], value: hashOf(value) }];
  });
}

/** Whether revoking by this ends sessions, too. */
export function revokesSessions(by: string): by is SessionsRevokedBy {
  return Object.hasOwn(revocationTagKeys, by);
}

/** As the records' index and the sessions' tags name a value: 128 bits of its SHA-256, hex. */
export function hashOf(value: string): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 32);
}
