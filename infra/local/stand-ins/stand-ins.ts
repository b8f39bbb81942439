// Stand-ins for the policy's issuers: keys that the local policy trusts in their place, and tokens of the vendors' shape.
import { randomUUID } from 'node:crypto';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { ClaimType, JwsAlgorithm, KeySource, PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { profiles } from '../../policy/profiles/registry.ts';
import { isLoopbackUrl } from '../../policy/schema/https-url.ts';

type Issuer = PolicyArtifact['issuers'][string];

/** Claims to set; `null` removes a claim. */
export type ClaimOverrides = Readonly<Record<string, unknown>>;

/** An issuer as `GET /_local/issuers` lists it; `reason` says why there is no stand-in. */
export interface ListedIssuer {
  readonly name: string;
  readonly url: string;
  readonly audience: readonly string[];
  readonly standIn: boolean;
  readonly reason?: string;
}

export interface StandIns {
  /** Public keys for the policy compiler; undefined where nothing stands in for the issuer. */
  readonly jwksOf: (issuerName: string) => { readonly keys: readonly JWK[] } | undefined;
  readonly list: () => readonly ListedIssuer[];
  /** A fresh token; undefined if nothing stands in for the issuer. */
  readonly tokenOf: (issuerName: string, overrides: ClaimOverrides) => Promise<string | undefined>;
}

interface StandIn {
  readonly issuer: Issuer;
  readonly url: string;
  readonly algorithm: JwsAlgorithm;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** Makes keys for every issuer but those with keys in the policy, or with them or themselves on loopback; `real` makes none. */
export async function createStandIns(policy: PolicyArtifact, real: boolean): Promise<StandIns> {
  const issuers = Object.values(policy.issuers);
  const made = await Promise.all(
    issuers.filter((issuer) => reasonAgainst(issuer, real) === undefined).map((issuer) => createStandIn(issuer)),
  );
  const byName = new Map(made.map((standIn) => [standIn.issuer.name, standIn]));
  return {
    jwksOf: (name) => {
      const standIn = byName.get(name);
      return standIn && { keys: [standIn.jwk] };
    },
    list: () => issuers.map((issuer) => listed(issuer, reasonAgainst(issuer, real))),
    tokenOf: async (name, overrides) => {
      const standIn = byName.get(name);
      return standIn && sign(standIn, overrides);
    },
  };
}

function reasonAgainst({ url, keys }: Issuer, real: boolean): string | undefined {
  if (real) return 'the stack was started with --real-issuers';
  if (typeof url !== 'string') return 'its URL is known only at deploy';
  if (isLoopbackUrl(url)) return 'it is on loopback: ask it for a token itself';
  if (hasOwnKeys(keys)) return 'its keys are in the policy or on loopback: only their owner can sign for it';
  return undefined;
}

/** Keys whose owner is at hand. Others, at a vendor's address, cannot be signed with here. */
function hasOwnKeys(keys: KeySource): boolean {
  return keys.from === 'inline' || (keys.from === 'jwksUri' && isLoopbackUrl(keys.jwksUri));
}

function listed({ name, url, audiences }: Issuer, reason: string | undefined): ListedIssuer {
  const issuer = { name, url: String(url), audience: audiences, standIn: reason === undefined };
  return reason === undefined ? issuer : { ...issuer, reason };
}

async function createStandIn(issuer: Issuer): Promise<StandIn> {
  const algorithm = algorithmOf(issuer);
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true, modulusLength: 2048 });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { issuer, url: String(issuer.url), algorithm, privateKey, jwk: { ...jwk, kid, alg: algorithm, use: 'sig' } };
}

/** What the vendor signs with, if the issuer allows it; else the first allowed one that most issuers use. */
function algorithmOf({ profile, algorithms }: Issuer): JwsAlgorithm {
  const usual = profiles.get(profile ?? '')?.algorithms ?? [];
  return (
    [...usual, 'RS256' as const, 'ES256' as const].find((one) => algorithms.includes(one)) ?? algorithms[0] ?? 'RS256'
  );
}

function sign({ issuer, url, algorithm, privateKey, jwk }: StandIn, overrides: ClaimOverrides): Promise<string> {
  const claims = { ...sampleOf(issuer, url), ...overrides };
  const present = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null));
  return new SignJWT(present).setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: jwk.kid ?? '' }).sign(privateKey);
}

function sampleOf({ profile, claims, audiences }: Issuer, issuer: string): Record<string, unknown> {
  const audience = audiences[0] ?? '';
  const now = Math.floor(Date.now() / 1000);
  const known = profiles.get(profile ?? '');
  if (known) return known.sample({ issuer, audience, now });
  const declared = Object.entries(claims).map(([name, type]) => [name, plausible(name, type, now)] as const);
  const registered = {
    iss: issuer,
    aud: audience,
    sub: 'user-1',
    iat: now,
    nbf: now,
    exp: now + 300,
    jti: randomUUID(),
  };
  return { ...Object.fromEntries(declared), ...registered };
}

function plausible(name: string, type: ClaimType, now: number): unknown {
  switch (type) {
    case 'string':
      return name.includes('email') ? 'user-1@example.com' : `${name}-1`;
    case 'int':
      return /time|_at$/.test(name) ? now : 1;
    case 'bool':
      return true;
    case 'list':
      return [`${name}-1`];
    case 'object':
      return {};
  }
}
