// One public JWK (RFC 7517, RFC 7518 §6, RFC 8037) to a node:crypto key, or nothing when it must not verify. Pure.
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { JwsAlgorithm } from '../../policy/compiled-policy.ts';
import { isStrongRsaKey } from './rsa-strength.ts';

type Jwk = Readonly<Record<string, unknown>>;

/** What a kind of key can verify, and its public members alone: nothing else reaches the crypto library. */
interface KeyKind {
  readonly algs: readonly JwsAlgorithm[];
  readonly material: JsonWebKey;
}

/** The algorithms and key of a JWK that may verify signatures; undefined for every other JWK. Never throws. */
export function parseVerificationJwk(
  jwk: Jwk,
): { readonly algs: readonly JwsAlgorithm[]; readonly key: KeyObject } | undefined {
  if (!isForVerifying(jwk)) return undefined;
  const kind = kindOf(jwk);
  const algs = kind?.algs.filter((alg) => fitsDeclared(alg, jwk)) ?? [];
  if (kind === undefined || algs.length === 0) return undefined;
  const key = importKey(kind.material);
  return key && { algs, key };
}

/** `priv` is the private member of kty AKP (ML-DSA). */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv'];

export function hasPrivateMember(jwk: Jwk): boolean {
  if (privateMembers.some((member) => Object.hasOwn(jwk, member))) return true;
  return Object.hasOwn(jwk, 'k') && jwk['kty'] !== 'oct';
}

/** RFC 7517 §4.2 and §4.3; an encryption key may be reachable for decryption oracles, so `use` is not advice. */
function isForVerifying(jwk: Jwk): boolean {
  if (Object.hasOwn(jwk, 'use') && jwk['use'] !== 'sig') return false;
  if (!Object.hasOwn(jwk, 'key_ops')) return true;
  const operations = jwk['key_ops'];
  return Array.isArray(operations) && operations.includes('verify');
}

function kindOf(jwk: Jwk): KeyKind | undefined {
  if (jwk['kty'] === 'RSA') return rsaKind(jwk);
  if (jwk['kty'] === 'EC' && jwk['crv'] === 'P-256') return ecKind(jwk, 'ES256', 32);
  if (jwk['kty'] === 'EC' && jwk['crv'] === 'P-384') return ecKind(jwk, 'ES384', 48);
  if (jwk['kty'] === 'EC' && jwk['crv'] === 'P-521') return ecKind(jwk, 'ES512', 66);
  if (jwk['kty'] === 'OKP' && jwk['crv'] === 'Ed25519') return ed25519Kind(jwk);
  return undefined;
}

const rsaAlgorithms = ['RS256', 'PS256', 'RS384', 'PS384', 'RS512', 'PS512'] as const;

function rsaKind(jwk: Jwk): KeyKind | undefined {
  const n = bytesOf(jwk['n']);
  const e = bytesOf(jwk['e']);
  if (n === undefined || e === undefined || !isStrongRsaKey(n, e)) return undefined;
  return { algs: rsaAlgorithms, material: { kty: 'RSA', n: encode(n), e: encode(e) } };
}

/** RFC 7518 §6.2.1.2: both coordinates have the full length of the field. The import checks that the point is on the curve. */
function ecKind(jwk: Jwk, alg: JwsAlgorithm, length: number): KeyKind | undefined {
  const x = bytesOf(jwk['x']);
  const y = bytesOf(jwk['y']);
  if (x?.length !== length || y?.length !== length) return undefined;
  return { algs: [alg], material: { kty: 'EC', crv: String(jwk['crv']), x: encode(x), y: encode(y) } };
}

function ed25519Kind(jwk: Jwk): KeyKind | undefined {
  const x = bytesOf(jwk['x']);
  if (x?.length !== 32) return undefined;
  return { algs: ['Ed25519'], material: { kty: 'OKP', crv: 'Ed25519', x: encode(x) } };
}

/** `EdDSA` is the older, polymorphic name of `Ed25519` (RFC 9864). */
function fitsDeclared(alg: JwsAlgorithm, jwk: Jwk): boolean {
  if (!Object.hasOwn(jwk, 'alg') || jwk['alg'] === alg) return true;
  return alg === 'Ed25519' && jwk['alg'] === 'EdDSA';
}

function importKey(material: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key: material, format: 'jwk' });
  } catch {
    return undefined;
  }
}

/** Base64url without padding; Buffer alone would skip over anything foreign to the alphabet. */
function bytesOf(value: unknown): Buffer | undefined {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]+$/.test(value)) return undefined;
  return Buffer.from(value, 'base64url');
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64url');
}
