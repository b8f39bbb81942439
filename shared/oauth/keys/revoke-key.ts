// A key that nobody may believe any longer: everything it signed is refused here, and its successor signs. Each part may be repeated.
// Pure but for the capabilities.
import { type SigningKey, useOf } from '../jose/keyring.ts';
import { cacheLifetimes, forgottenWithin } from './key-times.ts';
import { type KeyringItem, type RotateCapabilities, rotate } from './rotate.ts';
import { goneWith, type MadeKey, orphanedBy, revoked } from './rotation.ts';

export interface RevokeKeyCapabilities extends RotateCapabilities {
  /** Durable when it returns: what this name signed until then (epoch seconds) is refused. */
  readonly revokeSignedBy: (kid: string, issuedBefore: number) => Promise<void>;
}

export interface RevokedKey {
  /** All names it had. */
  readonly kids: readonly string[];
  /** Name of the key that signs in its place, where it signed. */
  readonly successor: string | undefined;
  readonly keys: readonly SigningKey[];
  /** Epoch seconds: when caches that heed their lifetimes have forgotten it. */
  readonly believedUntil: number;
}

/** Whoever writes the keyring at the same time is let through so many times. */
const mostTries = 5;

/** @returns undefined where the keyring has no such key */
export async function revokeKey(kid: string, capabilities: RevokeKeyCapabilities): Promise<RevokedKey | undefined> {
  const { store, kms, now, publish, revokeSignedBy } = capabilities;
  const before = await store.read();
  const gone = goneWith(before.keys, kid);
  const [key] = gone;
  if (!key) return undefined;
  const at = now();
  // First, and for as long as a function may sign with it that has not heard of it yet.
  await Promise.all(gone.map((one) => revokeSignedBy(one.kid, at + cacheLifetimes.keyring)));
  const { after, spare } = await replaceWithout(kid, before, capabilities);
  // Side by side, before anything else is done with the keyring: none may keep another from being tried.
  const ended = await Promise.allSettled([
    publish(),
    kms.disable(key.keyId),
    ...(spare ? [kms.scheduleDeletion(spare.keyId)] : []),
  ]);
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  const signed = gone.some(({ state }) => state === 'current');
  const successor = after.find(
    (one) => one.state === 'current' && one.alg === key.alg && useOf(one) === useOf(key) && one.keyId !== key.keyId,
  );
  return {
    kids: gone.map((one) => one.kid),
    successor: signed ? successor?.kid : undefined,
    keys: await rotate(capabilities),
    believedUntil: at + forgottenWithin,
  };
}

interface Replaced {
  readonly after: readonly SigningKey[];
  /** Made for nothing: somebody else made the next one meanwhile. */
  readonly spare: MadeKey | undefined;
}

async function replaceWithout(
  kid: string,
  first: KeyringItem,
  { store, kms, now }: RevokeKeyCapabilities,
): Promise<Replaced> {
  let item = first;
  let made: MadeKey | undefined;
  for (let tries = 0; tries < mostTries; tries += 1) {
    const purpose = orphanedBy(item.keys, kid);
    if (purpose) made ??= await kms.make(purpose);
    const after = revoked(item.keys, kid, now(), purpose && made && { purpose, made });
    if (await store.replace(item, after)) return { after, spare: purpose ? undefined : made };
    item = await store.read();
  }
  throw new Error('the keyring changes all the time');
}
