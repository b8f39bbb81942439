// One valid world for the tests of the core: an issuer with its key, a policy that grants, and capabilities in memory.
// Each test changes one thing in it.
import { generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';
import type { ExchangeCapabilities } from '../shared/oauth/capabilities.ts';
import { type DecisionFacts, newDecision } from '../shared/oauth/decision/decision.ts';
import type { DecisionRecord } from '../shared/oauth/decision/decision-record.ts';
import { Refused } from '../shared/oauth/denial.ts';
import { exchange } from '../shared/oauth/exchange.ts';
import type { IntrospectionCapabilities } from '../shared/oauth/introspection.ts';
import type { TokenResponse } from '../shared/oauth/issue.ts';
import { parseKeySet, selectKey } from '../shared/oauth/jose/key-set.ts';
import { oauthError } from '../shared/oauth/oauth-error.ts';
import type { TokenCall } from '../shared/oauth/request/client-credentials.ts';
import { parseForm } from '../shared/oauth/request/form.ts';
import type { Revocation, RevocationRecord } from '../shared/oauth/revocation/revocation.ts';
import type { Suspension } from '../shared/oauth/revocation/suspension.ts';
import type { RevokeCapabilities } from '../shared/oauth/revoke.ts';
import type { RoleSession } from '../shared/oauth/role-session/role-session.ts';
import { tokenExchangeGrant, tokenTypes } from '../shared/oauth/token-types.ts';
import type { ReferenceRecord } from '../shared/oauth/tokens/reference-handle.ts';
import { checkProof, type Nonces } from '../shared/oauth/verify/dpop-proof.ts';
import type { SingleUse, Taking } from '../shared/oauth/verify/single-use.ts';
import type { AllowRule, CompiledPolicy, TrustedIssuer } from '../shared/policy/compiled-policy.ts';
import { indexRules } from '../shared/policy/evaluate.ts';

export const now = 1_795_000_000;

export interface TestKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: Readonly<Record<string, unknown>>;
}

/** Exported DER is imported again: exporting a JWK straight from a new pair can hang on Node 20. */
export function makeKey(kid: string): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { kid, privateKey, publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' } };
}

export const issuerKey = makeKey('issuer-key');
export const cambioKey = makeKey('token.cambio-key');
/** Of a client with `private_key_jwt`. */
export const clientKey = makeKey('client-key');

/** The deployment's own. */
export const issuerUrl = 'https://issuer.acme.example';
export const apiBase = 'https://api.acme.example/live';
/** Of DPoP proofs. */
export const nonces = { current: 'nonce-2', old: 'nonce-1' } as const;
const givenNonces: Nonces = {
  checkNonce: async (nonce) => (nonce === nonces.current ? 'good' : nonce === nonces.old ? 'stale' : 'unknown'),
  currentNonce: async () => nonces.current,
};

export const github: TrustedIssuer = {
  name: 'github',
  url: 'https://token.actions.example',
  audiences: ['https://sts.acme.example'],
  claims: {
    iss: 'string',
    sub: 'string',
    aud: 'list',
    exp: 'int',
    iat: 'int',
    nbf: 'int',
    jti: 'string',
    ref: 'string',
  },
  keys: { from: 'discovery' },
  network: 'public',
  algorithms: ['ES256', 'RS256'],
  tokenTypes: [tokenTypes.jwt, tokenTypes.idToken],
  maxLifetime: 86_400,
  clockSkew: 60,
};

export const ordersRule: AllowRule = {
  id: 'main-branch',
  from: 'github',
  match: [{ path: 'ref', type: 'string', anyOf: [{ equals: 'refs/heads/main' }] }],
  grant: { audience: 'orders-api', scopes: ['orders:read', 'orders:write'], claims: {}, ttl: 300 },
};

export const policy: CompiledPolicy = {
  version: 1,
  hash: 'hash-of-the-policy',
  local: false,
  issuers: { github },
  clients: {},
  audiences: {
    'orders-api': {
      name: 'orders-api',
      resource: 'https://orders.acme.example',
      scopes: ['orders:read', 'orders:write', 'orders:admin'],
      format: 'jwt',
      alg: 'ES256',
      ttl: 300,
      maxTtl: 900,
    },
    'payments-api': {
      name: 'payments-api',
      scopes: ['payments:charge'],
      format: 'jwt',
      alg: 'ES256',
      ttl: 300,
      maxTtl: 900,
    },
    plain: { name: 'plain', scopes: [], format: 'jwt', alg: 'ES256', ttl: 300, maxTtl: 900 },
  },
  roles: {},
  rules: [ordersRule, { ...ordersRule, id: 'plain', grant: { ...ordersRule.grant, audience: 'plain', scopes: [] } }],
};

export const subjectClaims: Readonly<Record<string, unknown>> = {
  iss: github.url,
  sub: 'repo:acme@1/api@456789:ref:refs/heads/main',
  aud: 'https://sts.acme.example',
  iat: now - 10,
  nbf: now - 310,
  exp: now + 600,
  jti: 'subject-jti',
  ref: 'refs/heads/main',
};

const base64url = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url');

/** Signs header and payload given as text, so that a test can write what no serializer would. */
export function signCompact(header: string, payload: string | Uint8Array, key: TestKey = issuerKey): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  const signature = signBytes('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${base64url(signature)}`;
}

export const subjectHeader: Readonly<Record<string, unknown>> = { alg: 'ES256', kid: issuerKey.kid, typ: 'JWT' };

/** A subject token; `undefined` removes a claim or header parameter. */
export function subjectToken(
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
  key: TestKey = issuerKey,
): string {
  const text = (base: object, changes: object): string => JSON.stringify({ ...base, ...changes });
  return signCompact(text(subjectHeader, header), text(subjectClaims, claims), key);
}

/** The parameters of a request that is granted; `undefined` removes one. */
export function formBody(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const parameters = {
    grant_type: tokenExchangeGrant,
    subject_token: subjectToken(),
    subject_token_type: tokenTypes.jwt,
    audience: 'orders-api',
    ...changes,
  };
  const present = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new URLSearchParams(present).toString();
}

/** No part of them may be anywhere but in an answer. */
export const awsCredentials = {
  accessKeyId: 'ASIACANARYCANARYCANA',
  secretAccessKey: 'canary-secret-access-key',
  sessionToken: 'canary-session-token',
} as const;

export interface World {
  readonly cambio: ExchangeCapabilities;
  /** The same store, for what comes after issuance. */
  readonly after: IntrospectionCapabilities & RevokeCapabilities;
  readonly records: DecisionRecord[];
  readonly references: ReferenceRecord[];
  readonly uses: Taking[];
  readonly revocations: Revocation[];
  readonly suspensions: Suspension[];
  readonly signed: string[];
  /** What STS was asked for, with the web identity. */
  readonly sessions: { readonly session: RoleSession; readonly webIdentity: string | undefined }[];
  /** `decision-1`, `decision-2` … */
  readonly newId: () => string;
}

/** Capabilities in memory; `changes` replaces some. */
export function makeWorld(changes: Partial<ExchangeCapabilities> = {}, served: CompiledPolicy = policy): World {
  const records: DecisionRecord[] = [];
  const references: ReferenceRecord[] = [];
  const uses: Taking[] = [];
  const holders: Taking[] = [];
  const revocations: Revocation[] = [];
  const suspensions: Suspension[] = [];
  const signed: string[] = [];
  const sessions: World['sessions'] = [];
  const keys = parseKeySet({ keys: [issuerKey.publicJwk, clientKey.publicJwk] });
  const { kid: _, alg: __, use: ___, ...publicJwk } = cambioKey.publicJwk as Record<string, string>;
  const current = { kid: cambioKey.kid, alg: 'ES256', keyId: 'key-1', state: 'current', publicJwk } as const;
  const others = (['status', 'session'] as const).map((use) => ({ ...current, kid: `${use}.cambio-key`, keyId: use }));
  const keyring = { keys: [current, ...others] };
  const isSame = (a: SingleUse, b: SingleUse): boolean => a.issuer === b.issuer && a.jti === b.jti;
  const cambio: ExchangeCapabilities = {
    issuer: issuerUrl,
    apiBase,
    checkProof: (header, request) => checkProof(header, request, givenNonces),
    currentNonce: givenNonces.currentNonce,
    policy: served,
    findRules: indexRules(served.rules),
    findIssuerKey: async (_issuer, wanted) => selectKey(keys, wanted),
    checkUpstream: async () => 'active',
    findClientKey: async (_client, wanted) => selectKey(keys, wanted),
    readKeyring: async () => keyring,
    sign: async (_key, input) => {
      signed.push(input);
      return signBytes('sha256', Buffer.from(input), { key: cambioKey.privateKey, dsaEncoding: 'ieee-p1363' });
    },
    assumeRole: async (session, webIdentity) => {
      sessions.push({ session, webIdentity });
      return { credentials: { ...awsCredentials, expiration: now + session.durationSeconds }, packedPolicySize: 6 };
    },
    recordDecision: async (record) => void records.push(record),
    recordReference: async (record) => void references.push(record),
    countRequest: async () => {},
    countCalls: async () => {},
    findHolds: async ({ parts, names }) => ({
      revocations: revocations.filter(({ by, value }) => parts.some((one) => one.by === by && one.value === value)),
      suspensions: suspensions.filter(({ kind, name }) => names.some((one) => one.kind === kind && one.name === name)),
    }),
    takeUse: async (taking) => {
      const earlier = uses.find(({ use }) => isSame(use, taking.use));
      holders.push(taking);
      if (!earlier) return { outcome: uses.push(taking) > 0 ? 'first' : 'used' };
      const { purpose } = earlier;
      const isAgain =
        purpose !== undefined && taking.purpose?.request === purpose.request && purpose.at >= cambio.now() - 30;
      if (isAgain) return { outcome: 'again', purpose };
      holders.pop();
      return { outcome: 'used' };
    },
    release: async (taking) => {
      holders.splice(holders.indexOf(taking), 1);
      if (holders.some(({ use }) => isSame(use, taking.use))) return;
      const index = uses.findIndex(({ use }) => isSame(use, taking.use));
      uses.splice(index, 1);
    },
    reserveStatus: async () => ({ list: 'es256-dq39-0', index: 7 }),
    newHandle: () => new Uint8Array(32).fill(7),
    now: () => now,
    decisionRetention: 2_592_000,
    ...changes,
  };
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `decision-${ids}`;
  };
  const after = {
    ...cambio,
    findReference: async (handleHash: string) => references.find((one) => one.handleHash === handleHash)?.claims,
    recordRevocation: async (revocation: RevocationRecord) => void revocations.push(revocation),
    mayGuess: () => true,
  };
  return { cambio, after, records, references, uses, revocations, suspensions, signed, sessions, newId };
}

export type Outcome =
  | {
      readonly granted: TokenResponse;
      readonly claims: Readonly<Record<string, unknown>>;
      readonly decision: DecisionFacts;
    }
  | { readonly error: string; readonly reason: string; readonly status: number; readonly decision: DecisionFacts };

const anonymous = { authorization: undefined, dpop: undefined };

/** Runs one exchange and says how it ended, in the words of the wire and of the decision. */
export async function run(
  body: string,
  world: World = makeWorld(),
  headers: TokenCall['headers'] = anonymous,
): Promise<Outcome> {
  const decision = newDecision(world.newId(), 'attempt');
  try {
    const granted = await exchange({ form: parseForm(body), headers }, world.cambio, decision);
    return { granted, claims: payloadOf(granted.access_token), decision };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { error: code, reason, status } = oauthError(error.denial);
    return { error: code, reason, status, decision };
  }
}

/** `granted`, or `error/reason`: what a table of cases compares. */
export function verdict(outcome: Outcome): string {
  return 'granted' in outcome ? 'granted' : `${outcome.error}/${outcome.reason}`;
}

/** Nothing for a reference token, which has no payload. */
function payloadOf(token: string): Readonly<Record<string, unknown>> {
  const [, payload] = token.split('.');
  return payload === undefined ? {} : JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
}
