// Stand-ins for the policy's clients whose keys are at an address of their own: keys that the local policy trusts in their
// place, and assertions signed with them (RFC 7523 §3).
import { randomUUID } from 'node:crypto';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { Client, PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { isLoopbackUrl } from '../../policy/schema/https-url.ts';
import type { ClaimOverrides } from './stand-ins.ts';

export interface ClientStandIns {
  /** Public keys for the policy compiler; undefined where nothing stands in for the client. */
  readonly jwksOf: (clientName: string) => { readonly keys: readonly JWK[] } | undefined;
  /** A fresh assertion for the deployment `issuer`; undefined if nothing stands in for the client. */
  readonly assertionOf: (clientName: string, issuer: string, overrides: ClaimOverrides) => Promise<string | undefined>;
}

interface StandIn {
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** Makes a key for every client whose `jwksUri` is not on loopback; `real` makes none. */
export async function createClientStandIns({ clients }: PolicyArtifact, real: boolean): Promise<ClientStandIns> {
  const away = real ? [] : Object.values(clients).filter(hasKeysElsewhere);
  const made = new Map(
    await Promise.all(away.map(async (client) => [client.name, await createStandIn(client)] as const)),
  );
  return {
    jwksOf: (name) => {
      const standIn = made.get(name);
      return standIn && { keys: [standIn.jwk] };
    },
    assertionOf: async (name, issuer, overrides) => {
      const standIn = made.get(name);
      return standIn && sign(standIn, { ...assertionClaims(name, issuer), ...overrides });
    },
  };
}

function hasKeysElsewhere({ auth }: Client): boolean {
  return auth.method === 'private_key_jwt' && auth.keys.from === 'jwksUri' && !isLoopbackUrl(auth.keys.jwksUri);
}

async function createStandIn({ auth }: Client): Promise<StandIn> {
  const allowed = auth.method === 'private_key_jwt' ? auth.algorithms : [];
  const algorithm = allowed.find((one) => one === 'ES256') ?? allowed[0] ?? 'ES256';
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { algorithm, privateKey, jwk: { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: algorithm, use: 'sig' } };
}

function assertionClaims(name: string, issuer: string): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1_000);
  return { iss: name, sub: name, aud: issuer, iat: now, exp: now + 60, jti: randomUUID() };
}

function sign({ algorithm, privateKey, jwk }: StandIn, claims: Record<string, unknown>): Promise<string> {
  const present = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null));
  const header = { alg: algorithm, typ: 'client-authentication+jwt', kid: jwk.kid ?? '' };
  return new SignJWT(present).setProtectedHeader(header).sign(privateKey);
}
