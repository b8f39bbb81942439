// What everybody in the bench agrees on: keys, one issuer, one client, one audience; the demonstration policy with those in it;
// subject tokens, and requests as they go over the wire. Pure but for keys, which are made anew in each run.
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { demonstrationPolicy } from '../../../infra/demonstration.ts';

type Jwk = Readonly<Record<string, unknown>>;

/** What the measured processes read from the file that WORLD names. */
export interface World {
  /** The issuer of the subject tokens, and their audience. */
  readonly issuer: string;
  readonly audience: string;
  readonly issuerJwk: Jwk;
  /** Who issues the new tokens, for whom, and with what key. */
  readonly self: string;
  readonly resource: string;
  readonly kid: string;
  readonly keyId: string;
  readonly signingJwk: Jwk;
  readonly signingPrivateJwk: Jwk;
  /** PEM. */
  readonly signingKey: string;
  /** The keyring item's list. */
  readonly keyring: string;
  readonly client: string;
  readonly secret: string;
  readonly secretSha256: string;
}

export interface MadeWorld {
  readonly world: World;
  /** Requests to POST /token, each with a token of its own. */
  readonly exchanges: readonly string[];
  /** Body of the first of them. */
  readonly form: string;
  readonly authorization: string;
}

const exchangesMade = 64;
const client = 'app';
const secret = 'Zm9yLXRoZS1iZW5jaC1hbG9uZS1ub2JvZHktZWxzZQ';
const policyIssuer = 'ci';
export const policyRule = 'bench';

export function makeWorld(): MadeWorld {
  const [issuerKey, signingKey] = [makeKey('issuer-1'), makeKey('signing-1')];
  const keyId = 'arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000000';
  const { kid: _kid, alg: _alg, use: _use, ...publicJwk } = signingKey.jwk;
  const world: World = {
    issuer: 'https://ci.acme.example',
    audience: 'https://sts.acme.example',
    issuerJwk: issuerKey.jwk,
    self: 'https://cambio.acme.example',
    resource: 'https://bench.acme.example',
    kid: 'signing-1',
    keyId,
    signingJwk: signingKey.jwk,
    signingPrivateJwk: {
      ...signingKey.privateKey.export({ format: 'jwk' }),
      kid: 'signing-1',
      alg: 'ES256',
      use: 'sig',
    },
    signingKey: signingKey.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    keyring: JSON.stringify([{ kid: 'signing-1', alg: 'ES256', keyId, state: 'current', publicJwk }]),
    client,
    secret,
    secretSha256: createHash('sha256').update(secret).digest('hex'),
  };
  // Neither has anything to encode.
  const authorization = `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}`;
  const forms = Array.from({ length: exchangesMade }, () => formOf(world, subjectToken(world, issuerKey.privateKey)));
  return {
    world,
    exchanges: forms.map((form) => post('/token', authorization, form)),
    form: forms[0] ?? '',
    authorization,
  };
}

function makeKey(kid: string): { readonly jwk: Jwk; readonly privateKey: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }, privateKey };
}

function subjectToken({ issuer, audience, issuerJwk }: World, key: KeyObject): string {
  const now = Math.floor(Date.now() / 1_000);
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    ...{ iss: issuer, aud: audience, sub: 'repo:acme@1/api@456789:ref:refs/heads/main' },
    ...{ iat: now, nbf: now - 5, exp: now + 3_600, jti: randomUUID() },
    ...{ repository_owner_id: '1', repository_id: '456789', ref: 'refs/heads/main', run_id: '20154986327' },
  };
  const input = `${encoded({ alg: 'ES256', typ: 'JWT', kid: issuerJwk['kid'] })}.${encoded(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

function formOf({ resource }: World, subject_token: string): string {
  return new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    resource,
  }).toString();
}

const formType = 'application/x-www-form-urlencoded';

/** A request as bytes. */
export function post(path: string, authorization: string, form: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nAuthorization: ${authorization}\r\nContent-Type: ${formType}\r\nContent-Length: ${Buffer.byteLength(form)}\r\n\r\n${form}`;
}

/** The same as the pairs an event is made of. */
export function headersOf(authorization: string): readonly (readonly [string, string])[] {
  return [
    ['Host', 'api.acme.example'],
    ['Accept', 'application/json'],
    ['Authorization', authorization],
    ['Content-Type', formType],
  ];
}

export const variants = ['demonstration', 'without roles', 'with when', 'with status'] as const;
/** The demonstration policy has a role, no `when` and no `status`. */
export type Variant = (typeof variants)[number];

interface PolicyText {
  issuers: Record<string, unknown>;
  clients: Record<string, unknown>;
  audiences: Record<string, unknown>;
  roles?: Record<string, unknown>;
  rules: Record<string, unknown>[];
}

/** The demonstration policy, in YAML, with the bench's issuer, client, audience and rule added to it. */
export function policyText({ issuer, audience, issuerJwk, resource, secretSha256 }: World, variant: Variant): string {
  const { roles, rules, ...demonstration }: PolicyText = parse(
    readFileSync(join(demonstrationPolicy, 'demonstration.yaml'), 'utf8'),
  );
  const claims = { repository_owner_id: 'string', repository_id: 'string', ref: 'string', run_id: 'string' };
  const issuers = { url: issuer, audience, claims, jwks: { keys: [issuerJwk] }, algorithms: ['ES256'] };
  const when = { recent: 'now - claims.iat < 100000' };
  const rule = {
    ...{ id: policyRule, from: policyIssuer, client },
    match: { repository_owner_id: '1', repository_id: '456789', ref: 'refs/heads/main' },
    ...(variant === 'with when' && { when }),
    grant: { audience: 'bench-api', scopes: ['read', 'write'] },
  };
  const status = variant === 'with status' && { status: true };
  const bare = variant === 'without roles';
  return stringify({
    ...demonstration,
    issuers: { ...demonstration.issuers, [policyIssuer]: issuers },
    clients: {
      ...demonstration.clients,
      [client]: { auth: { client_secret_basic: { sha256: secretSha256 } }, introspects: ['bench-api'] },
    },
    audiences: {
      ...demonstration.audiences,
      'bench-api': { resource, scopes: ['read', 'write'], ttl: '5m', ...status },
    },
    ...(!bare && { roles }),
    rules: [...rules.filter(({ grant }) => !bare || !Object.hasOwn(Object(grant), 'role')), rule],
  });
}
