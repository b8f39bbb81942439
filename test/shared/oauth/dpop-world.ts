// Proofs of possession for the tests of the core (RFC 9449 §4.2): a key, and a valid proof in which each test changes one thing.
import { hash } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { apiBase, makeKey, nonces, now, signCompact, type TestKey } from '../../world.ts';

export interface Holder {
  readonly key: TestKey;
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly jkt: string;
}

export async function makeHolder(): Promise<Holder> {
  const key = makeKey('holder');
  const { kid: _, use: __, alg: ___, ...jwk } = key.publicJwk;
  return { key, jwk, jkt: await calculateJwkThumbprint(jwk as Record<string, string>) };
}

let proofs = 0;

/** A proof for `POST /token`, new each time; `undefined` removes a member. */
export function proofOf(
  { key, jwk }: Pick<Holder, 'key' | 'jwk'>,
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): string {
  proofs += 1;
  const payload = { jti: `proof-${proofs}`, htm: 'POST', htu: `${apiBase}/token`, iat: now, nonce: nonces.current };
  return signCompact(
    JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk, ...header }),
    JSON.stringify({ ...payload, ...claims }),
    key,
  );
}

export const proving = (dpop: string, authorization?: string) => ({ authorization, dpop });

/** `ath` of a proof that is sent with a token. */
export const athOf = (token: string): string => hash('sha256', token, 'base64url');
