// A client's own JWT assertion (RFC 7523 §3; 7523bis: `aud` is the issuer alone). Pure but for the random `jti`.
import { randomUUID } from 'node:crypto';
import { parseSigningKey, signJwt } from './signing-key.ts';

export interface AssertionRequest {
  readonly id: string;
  /** A private key as PEM or JWK. */
  readonly key: string;
  /** Where it came from, for errors. */
  readonly file: string;
  readonly issuer: string;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** Seconds; long enough for a clock that is a little behind. */
const lifetime = 60;

/** @throws UsageError that names the file and never quotes it */
export function clientAssertion({ id, key, file, issuer, now }: AssertionRequest): string {
  const signingKey = parseSigningKey(key, file);
  const { kid } = signingKey;
  const claims = { iss: id, sub: id, aud: issuer, iat: now, exp: now + lifetime, jti: randomUUID() };
  return signJwt({ typ: 'JWT', ...(kid !== undefined && { kid }) }, claims, signingKey);
}
