// The handle of a reference token: what its holder presents, and what the store knows instead. Pure.
import { hash } from 'node:crypto';
import type { IssuedClaims } from './issued-token.ts';

/** A reference token as stored: by the SHA-256 of its handle, so that nothing in the store can be used as a token. */
export interface ReferenceRecord {
  /** Hex. */
  readonly handleHash: string;
  readonly claims: IssuedClaims;
  /** The identical request may come again; the record of the token then says which handle is alive. */
  readonly repeatable?: boolean;
}

/** Durable when it returns. Throws Refused `unavailable`. */
export type RecordReference = (record: ReferenceRecord) => Promise<void>;

/** The claims under a handle's SHA-256 (hex), while the handle is alive. Throws Refused `unavailable`. */
export type FindReference = (handleHash: string) => Promise<IssuedClaims | undefined>;

/** 256 random bits. */
export type NewHandle = () => Uint8Array;

/** 256 bits of base64url. */
const handle = /^[A-Za-z0-9_-]{43}$/;

export function isHandle(presented: string): boolean {
  return handle.test(presented);
}

/** Hex of its SHA-256: a reader of the store cannot use it as a token. */
export function hashOfHandle(presented: string): string {
  return hash('sha256', presented, 'hex');
}
