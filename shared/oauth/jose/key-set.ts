// JWK Set ingest (RFC 7517): which of an issuer's published keys may verify its tokens, and which one a token names. Pure.
import type { KeyObject } from 'node:crypto';
import { isClaims } from '../../policy/claims.ts';
import type { JwsAlgorithm } from '../../policy/compiled-policy.ts';
import { hasPrivateMember, parseVerificationJwk } from './verification-jwk.ts';

/** A public key that passed ingest; as `node:crypto` takes it. */
export interface VerificationKey {
  readonly kid?: string;
  /** What it may verify; `EdDSA` in a header is `Ed25519` here. An RSA key without `alg` may verify several. */
  readonly algs: readonly JwsAlgorithm[];
  readonly key: KeyObject;
}

export interface KeySetLimits {
  /** Entries in `keys`, usable or not. */
  readonly maxKeys: number;
  /** UTF-16 code units. */
  readonly maxKidLength: number;
}

/** The two header parameters that choose a key. */
export interface KeyRequest {
  readonly alg: string;
  readonly kid?: string | undefined;
}

/** A set that is refused as a whole. The message never quotes the set. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError';
  readonly code: 'malformed' | 'too_many_keys' | 'private_member';

  constructor(code: KeySetError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const defaultLimits: KeySetLimits = { maxKeys: 50, maxKidLength: 256 };

/**
 * The keys of a JWK Set that may verify signatures. A key of no use here, or too weak, is dropped, as
 * [RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517.html#section-5) asks.
 * @throws KeySetError when it is no JWK Set, has too many keys, or publishes a private key
 */
export function parseKeySet(json: unknown, limits: KeySetLimits = defaultLimits): readonly VerificationKey[] {
  const entries = entriesOf(json);
  if (entries.length > limits.maxKeys) throw new KeySetError('too_many_keys', `more than ${limits.maxKeys} keys`);
  const jwks = entries.filter(isClaims);
  // A published private key says that the issuer has lost it: nothing in its set is worth trusting.
  if (jwks.some(hasPrivateMember)) throw new KeySetError('private_member', 'the key set publishes a private key');
  return jwks.map((jwk) => parseKey(jwk, limits)).filter((key) => key !== undefined);
}

/**
 * The one key that may verify a token with this header: by exact `kid`, or, without a `kid`, the only key that fits `alg`.
 * Where two different keys fit there is none: which of them is meant must not be found out by trying. One key that is
 * published several times, as some servers do for each algorithm, is one key.
 * `kid` is compared, never used as a property name, so `__proto__` is a name like any other.
 */
export function selectKey(keys: readonly VerificationKey[], { alg, kid }: KeyRequest): VerificationKey | undefined {
  const wanted = alg === 'EdDSA' ? 'Ed25519' : alg;
  const fitting = keys.filter((key) => key.algs.some((one) => one === wanted));
  const named = kid === undefined ? fitting : fitting.filter((key) => key.kid === kid);
  const [first, ...others] = named;
  return first && others.every(({ key }) => key.equals(first.key)) ? first : undefined;
}

function entriesOf(json: unknown): readonly unknown[] {
  const keys = isClaims(json) ? json['keys'] : undefined;
  if (!Array.isArray(keys)) throw new KeySetError('malformed', 'not an object with an array `keys`');
  return keys;
}

function parseKey(jwk: Readonly<Record<string, unknown>>, limits: KeySetLimits): VerificationKey | undefined {
  const parsed = parseVerificationJwk(jwk);
  if (parsed === undefined || !Object.hasOwn(jwk, 'kid')) return parsed;
  const kid = jwk['kid'];
  if (typeof kid !== 'string' || kid === '' || kid.length > limits.maxKidLength) return undefined;
  return { kid, ...parsed };
}
