// A trail in memory, signed by a key of its own, that tests tamper with.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createAppend, type TrailStore } from '../../../shared/audit/append.ts';
import type { HeadJwk } from '../../../shared/audit/head.ts';
import { signHead } from '../../../shared/audit/sign-head.ts';
import { verifyTrail } from '../../../shared/audit/verify-trail.ts';

/** 2026-11-26T12:00:00Z. */
export const noon = 1_795_694_400;
const day = '2026-11-26';

export interface MemoryTrail {
  readonly objects: Map<string, Uint8Array>;
  readonly store: TrailStore;
}

export function memoryTrail(objects = new Map<string, Uint8Array>()): MemoryTrail {
  const store: TrailStore = {
    put: async (name, bytes) => {
      if (objects.has(name)) return false;
      objects.set(name, bytes);
      return true;
    },
    get: async (name) => objects.get(name),
    list: async (prefix, after = '') =>
      [...objects.keys()].filter((name) => name.startsWith(prefix) && name > after).sort(),
  };
  return { objects, store };
}

export function newKey() {
  // Exported as DER and read again: of a key just made, JWK hangs in some versions of Node.
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

export function signerOf(store: TrailStore, at: number, privateKey: KeyObject, publicKey: KeyObject) {
  return {
    store,
    publicJwk: async () => publicKey.export({ format: 'jwk' }) as unknown as HeadJwk,
    sign: async (input: string) => sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    now: () => at,
  };
}

const entriesFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, place) => ({
    number: `${100_000_000_000_000_000_000n + BigInt(first + place)}`,
    id: `d-${first + place}`,
  })).map(({ number: sequence, id }) => ({
    sequence,
    event: { class_uid: 3002, unmapped: { decision_id: id, sequence } },
  }));

/** Two chains and three heads; the last object of the first chain is behind the last head. */
export async function signedTrail() {
  const { objects, store } = memoryTrail();
  const { privateKey, publicKey } = newKey();
  const append = createAppend(store);
  const head = (minutes: number) => signHead(signerOf(store, noon + minutes * 60, privateKey, publicKey));
  await append(day, 'shardId-1', entriesFrom(1, 3));
  await head(0);
  await append(day, 'shardId-1', entriesFrom(4, 2));
  await append(day, 'shardId-2', entriesFrom(100, 2));
  await head(15);
  await append(day, 'shardId-1', entriesFrom(6, 1));
  await append(day, 'shardId-2', entriesFrom(102, 1));
  await head(30);
  await append(day, 'shardId-1', entriesFrom(7, 1));
  return { objects, store, append, head, privateKey, publicKey };
}

export function verified(
  objects: ReadonlyMap<string, Uint8Array>,
  more: { kids?: readonly string[]; since?: number } = {},
) {
  const reader = {
    names: async () => [...objects.keys()],
    read: async (name: string) => objects.get(name) ?? new Uint8Array(),
  };
  return verifyTrail(reader, { until: noon + 40 * 60, ...more });
}
