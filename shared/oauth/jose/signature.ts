// Verification of JWS signatures (RFC 7515 §5.2) by node:crypto, with keys that were parsed once. Synchronous: a signature takes
// less time than the way to the thread pool and back. Pure.
import { constants, hash as hashOf, type KeyObject, verify } from 'node:crypto';
import type { JwsAlgorithm } from '../../policy/compiled-policy.ts';
import { joseToDerSignature } from './ecdsa-signature.ts';

/** What an algorithm of RFC 7518 §3 or RFC 9864 asks of node:crypto. */
interface Verification {
  /** Null where the algorithm has its own. */
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
  readonly keyType: 'ec' | 'rsa' | 'ed25519';
  /** Of an EC key, as node:crypto names it. */
  readonly curve?: string;
  /** Bytes of r and of s. */
  readonly integerSize?: number;
  readonly isPss?: true;
}

const verifications: Readonly<Record<JwsAlgorithm, Verification>> = {
  ES256: { hash: 'sha256', keyType: 'ec', curve: 'prime256v1', integerSize: 32 },
  ES384: { hash: 'sha384', keyType: 'ec', curve: 'secp384r1', integerSize: 48 },
  ES512: { hash: 'sha512', keyType: 'ec', curve: 'secp521r1', integerSize: 66 },
  RS256: { hash: 'sha256', keyType: 'rsa' },
  RS384: { hash: 'sha384', keyType: 'rsa' },
  RS512: { hash: 'sha512', keyType: 'rsa' },
  PS256: { hash: 'sha256', keyType: 'rsa', isPss: true },
  PS384: { hash: 'sha384', keyType: 'rsa', isPss: true },
  PS512: { hash: 'sha512', keyType: 'rsa', isPss: true },
  Ed25519: { hash: null, keyType: 'ed25519' },
};

/** RFC 7518 §3.5: the salt is as long as the hash. */
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

/**
 * Whether the last part of a compact JWS is a signature of what stands before it.
 * @param compact of canonical base64url parts, as `parseJwt` has found it
 * @param alg of its header; `EdDSA` is `Ed25519` (RFC 9864). One that is unknown, or of another kind of key, verifies nothing
 */
export function verifiesJws(compact: string, key: KeyObject, alg: string): boolean {
  const end = compact.lastIndexOf('.');
  const name = alg === 'EdDSA' ? 'Ed25519' : alg;
  if (end < 0 || !isKnown(name)) return false;
  const signature = Buffer.from(compact.slice(end + 1), 'base64url');
  const { integerSize } = verifications[name];
  if (integerSize !== undefined && signature.length !== 2 * integerSize) return false;
  const input = Buffer.from(compact.slice(0, end), 'latin1');
  return verifiesDer(input, key, name, integerSize === undefined ? signature : joseToDerSignature(signature));
}

/** Of each key, the one that verified first is forgotten first. */
const mostRemembered = 1_000;
const remembered = new WeakMap<KeyObject, Set<string>>();

/**
 * As {@link verifiesJws}, for tokens that come again and again, as a token of ours does with each request of its holder: what
 * verified once is known by its SHA-256, for the same bytes verify under the same key for ever. It says nothing of time,
 * audience or revocation, nor whether the key is still one to verify with.
 */
export function verifiesJwsAgain(compact: string, key: KeyObject, alg: string): boolean {
  const known = remembered.get(key) ?? new Set();
  const digest = hashOf('sha256', `${alg} ${compact}`, 'base64');
  if (known.has(digest)) return true;
  if (!verifiesJws(compact, key, alg)) return false;
  remembered.set(key, known.add(digest));
  const [first = ''] = known;
  if (known.size > mostRemembered) known.delete(first);
  return true;
}

/** Whether a signature verifies; that of ECDSA in DER, which node:crypto takes a third faster than r‖s. */
export function verifiesDer(input: Uint8Array, key: KeyObject, alg: JwsAlgorithm, signature: Uint8Array): boolean {
  const { hash, keyType, curve, isPss } = verifications[alg];
  // node:crypto goes by the key alone: an algorithm of another kind would be forgotten.
  if (key.asymmetricKeyType !== keyType || key.asymmetricKeyDetails?.namedCurve !== curve) return false;
  try {
    return verify(hash, input, isPss ? { key, ...pss } : key, signature);
  } catch {
    // OpenSSL throws at some signatures that are none.
    return false;
  }
}

function isKnown(alg: string): alg is JwsAlgorithm {
  return Object.hasOwn(verifications, alg);
}
