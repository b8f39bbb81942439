// Signing with private keys that KMS has encrypted: each is decrypted once in an execution environment and held in its memory. One
// call to KMS for each key.
import { constants, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import type { SigningAlgorithm } from '../../policy/compiled-policy.ts';
import { contextOf, type Decrypt, type SealedKey, wrappingKeyOf } from './sealed-keys.ts';

/** What each algorithm (RFC 7518 §3, RFC 8037) asks of node:crypto. */
const algorithms: Readonly<Record<SigningAlgorithm, { readonly hash: string | null; readonly options?: object }>> = {
  ES256: { hash: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  ES384: { hash: 'sha384', options: { dsaEncoding: 'ieee-p1363' } },
  RS256: { hash: 'sha256' },
  PS256: {
    hash: 'sha256',
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  },
  Ed25519: { hash: null },
};

/** A keyring has fewer: what is beyond them is not in it any more. */
const mostOpen = 50;

/**
 * Signs with a sealed key; answers the signature in JWS form. What does not open, or is not the private half of the key that is
 * published, signs nothing, and is tried again by the next request.
 */
export function createSignSealed(decrypt: Decrypt): (key: SealedKey, message: Buffer) => Promise<Buffer> {
  const open = new Map<string, Promise<KeyObject>>();
  const opened = (key: SealedKey): Promise<KeyObject> => {
    const known = open.get(key.kid);
    if (known) return known;
    const opening = openKey(key, decrypt);
    open.set(key.kid, opening);
    opening.catch(() => open.delete(key.kid));
    const [oldest = ''] = open.keys();
    if (open.size > mostOpen) open.delete(oldest);
    return opening;
  };
  return async (key, message) => {
    const { hash, options } = algorithms[key.alg];
    return sign(hash, message, { key: await opened(key), ...options });
  };
}

async function openKey(key: SealedKey, decrypt: Decrypt): Promise<KeyObject> {
  const plaintext = await decrypt(wrappingKeyOf(key.keyId), Buffer.from(key.sealed, 'base64'), contextOf(key));
  if (!plaintext) throw new Error('KMS answered without a private key');
  const bytes = Buffer.from(plaintext);
  const privateKey = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
  // What lies here until it is collected is one copy less.
  bytes.fill(0);
  const published = createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' });
  if (!createPublicKey(privateKey).equals(published))
    throw new Error('the private key is not that of the published one');
  return privateKey;
}
