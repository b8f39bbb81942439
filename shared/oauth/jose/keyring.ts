// The signing keys of a deployment: which are published, which signs, and what each is for (RFC 7517). Pure.
import type { SigningAlgorithm } from '../../policy/compiled-policy.ts';
import { type KeyPurpose, type KeyUse, keyUses } from '../../policy/key-purposes.ts';

/** `next` is published before it signs, `previous` after it signed; `retired` is published no more. */
export type KeyState = 'next' | 'current' | 'previous' | 'retired';

/** Public members of a JWK (RFC 7518 §6): `kty` and those of its kind, without `kid`, `alg` and `use`. */
export type PublicJwk = Readonly<Record<string, string>>;

/** All that keys of ours can be for. */
export const signingAlgorithms: readonly SigningAlgorithm[] = ['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519'];

export interface SigningKey {
  /** The use, a dot and the RFC 7638 thumbprint of the public key; the thumbprint alone where an earlier version wrote it. */
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  /** KMS key ARN. */
  readonly keyId: string;
  readonly state: KeyState;
  readonly publicJwk: PublicJwk;
  /** Base64: the private half as KMS encrypted it. Without it the private half is in KMS, under `keyId`. */
  readonly sealed?: string;
  /** Epoch seconds; unknown of keys that an earlier version wrote. */
  readonly createdAt?: number;
  /** Epoch seconds: since when it is in its state. */
  readonly since?: number;
  /** Epoch seconds: since when it is where verifiers read it, of a key that is to sign. */
  readonly publishedAt?: number;
  /** Epoch seconds: from when on it is to have a successor, whatever its age. */
  readonly rotateAt?: number;
  /** The stack's own: whoever ends it leaves its deletion to the stack. */
  readonly ofTemplate?: true;
}

export interface Keyring {
  readonly keys: readonly SigningKey[];
}

/** The keyring as it is, or was a moment ago; `again` where a moment ago is too long. Throws Refused `unavailable`. */
export type ReadKeyring = (again?: 'again') => Promise<Keyring>;

/** Signs; answers the signature in JWS form (RFC 7518 §3). Throws Refused `unavailable`. */
export type Sign = (key: SigningKey, input: string) => Promise<Uint8Array>;

/** How a key is named everywhere, so that whoever meets the name knows what the key may sign. */
export function kidFor(use: KeyUse, thumbprint: string): string {
  return `${use}.${thumbprint}`;
}

/** What the key of this name is for. Keys that an earlier version named signed everything; they sign tokens now. */
export function useOf({ kid }: Pick<SigningKey, 'kid'>): KeyUse {
  return keyUses.find((use) => kid.startsWith(`${use}.`)) ?? 'token';
}

/** The key that signs for this purpose; undefined when the keyring has none. */
export function currentKey(keyring: Keyring, { use, alg }: KeyPurpose): SigningKey | undefined {
  return keyring.keys.find((key) => key.alg === alg && useOf(key) === use && key.state === 'current');
}

/** The keys that sign tokens, and no others: what they have signed may be presented. */
export function tokenKeys({ keys }: Keyring): Keyring {
  return { keys: keys.filter((key) => useOf(key) === 'token') };
}

/** The JWK Set document: previous, current and next keys, each with `kid`, `alg` and `use`. */
export function publicKeySet(keyring: Keyring): { readonly keys: readonly Readonly<Record<string, unknown>>[] } {
  const published = keyring.keys.filter(({ state }) => state !== 'retired');
  return { keys: published.map(({ publicJwk, kid, alg }) => ({ ...publicJwk, kid, alg, use: 'sig' })) };
}
