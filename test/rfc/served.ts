// One running stack for the specification tests: a policy with a client of each method, delegation, hops and a reference
// audience, served by the local stack. Requests go over HTTP; nothing below knows how they are answered.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, vi } from 'vitest';
import { documentedFetch as fetch } from '../documented.ts';
import { type LocalStack, startLocalStack } from '../local-stack.ts';
import { selfSigned } from '../shared/issuers/certificate.ts';
import { clientKey, issuerKey, signCompact, type TestKey } from '../world.ts';

const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const types = {
  access: 'urn:ietf:params:oauth:token-type:access_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  id: 'urn:ietf:params:oauth:token-type:id_token',
  refresh: 'urn:ietf:params:oauth:token-type:refresh_token',
  transaction: 'urn:ietf:params:oauth:token-type:txn_token',
} as const;
export const secret = 'a:b%+ £';

/** A key as the policy holds it inline. */
function inline({ publicJwk: { x, y }, kid }: TestKey): string {
  return `{ keys: [{ kty: EC, crv: P-256, x: ${x}, y: ${y}, kid: ${kid}, alg: ES256, use: sig }] }`;
}

/** An issuer whose key is ours, so that a test can sign what no honest issuer would. */
export const partnerUrl = 'https://partner.acme.example';
const sts = 'https://sts.acme.example';

const sha256 = createHash('sha256').update(secret).digest('hex');

const year = 365 * 86_400_000;
const times = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + year), ip: '192.0.2.7' };
/** An authority, and a client of no authority, with their keys (PEM). */
export const authority = selfSigned({ ...times, name: 'authority', ca: true });
export const vault = selfSigned({ ...times, name: 'vault', dns: ['vault.example'], ca: true });
/** A certificate of that authority, or of another. */
export const certified = (dns: string, { key }: { readonly key: string } = authority, by = 'authority', ca = false) =>
  selfSigned({ ...times, name: dns, dns: [dns], ca, issuer: { key, name: by } });
export const mtlsName = 'mtls.acme.example';

const policy = `version: 1
issuers:
  github: { url: https://token.actions.githubusercontent.com, audience: https://sts.acme.example, claims: github-actions }
  eks: { url: https://oidc.eks.eu-west-1.amazonaws.com/id/ABC, audience: https://sts.acme.example, claims: kubernetes }
  partner: { url: ${partnerUrl}, audience: [${sts}, checkout], claims: { team: string, act: object }, jwks: ${inline(issuerKey)} }
clients:
  legacy: { auth: { client_secret_basic: { sha256: ${sha256} } } }
  checkout: { auth: { private_key_jwt: { jwks: ${inline(clientKey)} } } }
  bank: { auth: { tls_client_auth: { san_dns: bank.example } }, introspects: [bound-api] }
  vault: { auth: { self_signed_tls_client_auth: { certificates: ${JSON.stringify(vault.cert)} } } }
  orders: { auth: { federated: { issuer: eks, match: { sub: "system:serviceaccount:shop:orders" } } } }
audiences:
  orders-api: { resource: https://orders.acme.example, scopes: [orders:read, orders:write, orders:admin] }
  payments-api: { scopes: [payments:charge, orders:read] }
  opaque-api: { scopes: [a], format: reference }
  query-api: { resource: "https://query.acme.example/?tenant=a", scopes: [a] }
  acting-api: { scopes: [a] }
  bound-api: { scopes: [a], binding: mtls }
rules:
  - id: partner
    from: partner
    match: { team: blue }
    grant: { audience: orders-api, scopes: [orders:read], claims: { team: "\${claims.team}" } }
  - id: acting
    from: partner
    match: { act.sub: gateway }
    grant: { audience: acting-api, scopes: [a] }
  - id: query
    from: partner
    grant: { audience: query-api, scopes: [a] }
  - id: bound
    from: partner
    grant: { audience: bound-api, scopes: [a] }
  - id: bound-again
    from: self
    client: bank
    match: { aud: bound-api }
    grant: { audience: bound-api, scopes: [a] }
  - id: main
    from: github
    match: { repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }
    grant: { audience: orders-api, scopes: [orders:read, orders:write], ttl: 5m }
  - id: delegated
    from: github
    match: { repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }
    actor: { from: eks, match: { sub: "system:serviceaccount:shop:*" } }
    grant: { audience: orders-api, scopes: [orders:read] }
  - id: opaque
    from: github
    match: { repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }
    grant: { audience: opaque-api, scopes: [a] }
  - id: hop
    from: self
    client: legacy
    match: { aud: orders-api }
    grant: { audience: payments-api, scopes: [payments:charge, orders:read], ttl: 30s }
  - id: replace
    from: self
    client: legacy
    match: { aud: orders-api }
    grant: { audience: orders-api, scopes: [orders:read, orders:write] }
`;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Served {
  readonly stack: LocalStack;
  /** A request that is granted, with changes; an array repeats a parameter, undefined leaves it out. */
  readonly exchange: (changes?: Changes, headers?: Record<string, string>) => Promise<Answer>;
  /** The reason of a refusal, which no caller is told: in the log, for more are refused here than are recorded. */
  readonly reasonOf: (decisionId: unknown) => Promise<unknown>;
}

type Changes = Readonly<Record<string, string | readonly string[] | undefined>>;

const folder = mkdtempSync(join(tmpdir(), 'cambio-rfc-'));
let started: Promise<Served> | undefined;
// Registered before the hooks of those who use it, and therefore run after them.
afterAll(async () => {
  await (await started)?.stack.close();
  rmSync(folder, { recursive: true });
});

/** Started by who asks first, closed at the end of the file. */
export function serve(): Promise<Served> {
  started ??= start();
  return started;
}

async function start(): Promise<Served> {
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, policy);
  const truststore = join(folder, 'clients.pem');
  writeFileSync(truststore, authority.cert);
  const certificateArn = 'arn:aws:acm:eu-west-1:111122223333:certificate/a';
  const mtls = { domainName: mtlsName, certificateArn, truststore };
  const stack = await startLocalStack({ policy: file, mtls });
  const exchange: Served['exchange'] = async (changes = {}, headers = {}) => {
    const granted = { grant_type: grant, subject_token: await stack.tokenFor('github'), subject_token_type: types.jwt };
    const form = Object.entries({ ...granted, audience: 'orders-api', ...changes }).flatMap(([name, value]) =>
      value === undefined ? [] : [value].flat().map((each): [string, string] => [name, each]),
    );
    return answerOf(await fetch(`${stack.url}/token`, { method: 'POST', body: new URLSearchParams(form), headers }));
  };
  const reasonOf: Served['reasonOf'] = async (id) => {
    const find = () =>
      stack.logs.find(({ line }) => line.includes('"event":') && line.includes(`"decision_id":"${String(id)}"`));
    const { line } = await vi.waitFor(() => find() ?? expect.fail('not in the log yet'));
    return (JSON.parse(line) as { readonly event: { readonly reason?: unknown } }).event.reason;
  };
  return { stack, exchange, reasonOf };
}

export async function answerOf(response: Response): Promise<Answer> {
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body };
}

/** `200`, or the status and `error` of a refusal. */
export function ending({ status, body }: Answer): string {
  return status === 200 ? '200' : `${status} ${body['error']}`;
}

/** Basic credentials as RFC 6749 §2.3.1 has them: form-urlencoded inside. */
export function basic(user: string, password: string = secret): { authorization: string } {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  return { authorization: `Basic ${Buffer.from(`${encode(user)}:${encode(password)}`).toString('base64')}` };
}

/** A client assertion of `checkout`. */
export function assertion(aud: string, changes: object = {}, header: object = {}): string {
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    iss: 'checkout',
    sub: 'checkout',
    aud,
    exp: now + 60,
    iat: now,
    jti: crypto.randomUUID(),
    ...changes,
  };
  return signCompact(
    JSON.stringify({ alg: 'ES256', kid: clientKey.kid, ...header }),
    JSON.stringify(claims),
    clientKey,
  );
}

export const partnerHeader = { alg: 'ES256', kid: issuerKey.kid, typ: 'JWT' };

/** The claims of a token of `partner`. */
export function partnerClaims(changes: object = {}): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1_000);
  const base = { iss: partnerUrl, sub: 'worker', aud: sts, iat: now, exp: now + 300, jti: crypto.randomUUID() };
  return { ...base, team: 'blue', ...changes };
}

/** A token of `partner`, with what a test changes of claims and header; `undefined` removes. */
export function partnerToken(changes: object = {}, header: object = {}, key: TestKey = issuerKey): string {
  return signCompact(JSON.stringify({ ...partnerHeader, ...header }), JSON.stringify(partnerClaims(changes)), key);
}

/** Header and payload of a JWT, unverified. */
export function decode(token: unknown): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = String(token).split('.');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  return { header: read(header), claims: read(claims) };
}
