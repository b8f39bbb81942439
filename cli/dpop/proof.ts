// A DPoP proof (RFC 9449 §4.2): that whoever sends a request holds a key. Pure but for the random `jti` and key.
import { createPublicKey, generateKeyPairSync, hash, randomUUID } from 'node:crypto';
import { parseSigningKey, type SigningKey, signJwt } from '../token/signing-key.ts';

export interface ProofKey extends Pick<SigningKey, 'privateKey' | 'alg'> {
  readonly publicJwk: Readonly<Record<string, unknown>>;
  /** RFC 7638. */
  readonly thumbprint: string;
}

/** What a proof is for: one request, and the token it is sent with. */
export interface ProvedRequest {
  readonly method: string;
  readonly url: URL;
  readonly token?: string | undefined;
  /** As the server wants it (RFC 9449 §8). */
  readonly nonce?: string | undefined;
}

/** A key for as long as this process runs; it is never written anywhere. */
export function newKey(): ProofKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return withPublicPart({ privateKey, alg: 'ES256' });
}

/** @param file where it came from, for errors. @throws UsageError */
export function keyFrom(text: string, file: string): ProofKey {
  return withPublicPart(parseSigningKey(text, file));
}

function withPublicPart({ privateKey, alg }: Pick<SigningKey, 'privateKey' | 'alg'>): ProofKey {
  // Of a public key Node exports the required members, and those are what RFC 7638 §3.2 has hashed, in this order.
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' }) as Readonly<Record<string, unknown>>;
  const publicJwk = Object.fromEntries(Object.entries(jwk).sort(([one], [other]) => (one < other ? -1 : 1)));
  return { privateKey, alg, publicJwk, thumbprint: hash('sha256', JSON.stringify(publicJwk), 'base64url') };
}

/** @param now seconds since the epoch */
export function makeProof(key: ProofKey, { method, url, token, nonce }: ProvedRequest, now: number): string {
  const claims = {
    jti: randomUUID(),
    htm: method,
    htu: url.origin + url.pathname,
    iat: now,
    ...(token !== undefined && { ath: hash('sha256', token, 'base64url') }),
    ...(nonce !== undefined && { nonce }),
  };
  return signJwt({ typ: 'dpop+jwt', jwk: key.publicJwk }, claims, key);
}
