// The handle of a reference token: what its holder presents, and what the store knows instead. Pure.
import { createHash } from 'node:crypto';

/** 256 bits of base64url. */
const handle = /^[A-Za-z0-9_-]{43}$/;

export function isHandle(presented: string): boolean {
  return handle.test(presented);
}

/** Hex of its SHA-256: who reads the store cannot spend it. */
export function hashOfHandle(presented: string): string {
  return createHash('sha256').update(presented).digest('hex');
}
