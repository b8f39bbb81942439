// An issuer on loopback that the running stack asks about its tokens, and that knows the stack by its published keys.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { documentedFetch as fetch } from '../documented.ts';
import { type LocalStack, startLocalStack } from '../local-stack.ts';
import { issuerKey, signCompact } from '../world.ts';

const { x, y } = issuerKey.publicJwk as Record<string, string>;
const okta = 'https://acme.okta.example';
const policyFor = (introspection: string) => `version: 1
issuers:
  okta:
    url: ${okta}
    audience: https://sts.acme.example
    claims: { email: string }
    jwks: { keys: [{ kty: EC, crv: P-256, x: ${x}, y: ${y}, kid: ${issuerKey.kid}, alg: ES256, use: sig }] }
    introspection: { url: ${introspection}, client: cambio-at-okta }
audiences:
  orders-api: { scopes: [orders:read] }
rules:
  - { id: orders, from: okta, match: { email: "**@acme.example" }, grant: { audience: orders-api, scopes: [orders:read] } }
`;

let stack: LocalStack;
let folder: string;
let server: Server;
let asked: URLSearchParams[] = [];
let answer: { status: number; body: string };
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push(new URLSearchParams(Buffer.concat(chunks).toString('utf8')));
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  folder = mkdtempSync(join(tmpdir(), 'cambio-upstream-'));
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, policyFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}/introspect`));
  stack = await startLocalStack({ policy: file });
});
afterAll(async () => {
  await stack.close();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  asked = [];
  answer = { status: 200, body: '{"active":true}' };
});

const now = (): number => Math.floor(Date.now() / 1_000);
const userToken = (): string =>
  signCompact(
    JSON.stringify({ alg: 'ES256', kid: issuerKey.kid, typ: 'JWT' }),
    JSON.stringify({
      ...{ iss: okta, aud: 'https://sts.acme.example', sub: 'user-1', email: 'user-1@acme.example' },
      ...{ iat: now(), exp: now() + 600, jti: crypto.randomUUID() },
    }),
    issuerKey,
  );

async function exchange(subjectToken: string) {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    audience: 'orders-api',
  });
  const response = await fetch(`${stack.url}/token`, { method: 'POST', body });
  const { error, decision_id } = (await response.json()) as Readonly<Record<string, string>>;
  return { status: response.status, error, decision: decision_id ?? '' };
}

const authorization = 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/x, SignedHeaders=host, Signature=00';

async function reasonOf(decision: string): Promise<unknown> {
  const response = await fetch(`${stack.url}/admin/decisions/${decision}`, { headers: { authorization } });
  return ((await response.json()) as { readonly reason?: unknown }).reason;
}

test('a token is exchanged while its issuer stands by it, which verifies who asks by the stack’s own keys', async () => {
  const token = userToken();
  expect((await exchange(token)).status).toBe(200);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.get('token')).toBe(token);
  const keys = createRemoteJWKSet(new URL(`${stack.url}/.well-known/jwks.json`));
  const expected = { issuer: 'cambio-at-okta', subject: 'cambio-at-okta', audience: okta };
  const { protectedHeader } = await jwtVerify(asked[0]?.get('client_assertion') ?? '', keys, expected);
  expect(protectedHeader.typ).toBe('client-authentication+jwt');
});

test('a token its issuer has taken back is refused as revoked, at once', async () => {
  const token = userToken();
  expect((await exchange(token)).status).toBe(200);
  answer = { status: 200, body: '{"active":false}' };
  const refused = await exchange(token);
  expect(refused).toMatchObject({ status: 400, error: 'invalid_request' });
  expect(await reasonOf(refused.decision)).toBe('revoked');
});

test('an issuer that fails fails the exchange, and its token is good when it answers again', async () => {
  const token = userToken();
  answer = { status: 500, body: '{"active":true}' };
  expect(await exchange(token)).toMatchObject({ status: 503, error: 'temporarily_unavailable' });
  answer = { status: 200, body: '{"active":true}' };
  expect((await exchange(token)).status).toBe(200);
});

test('nothing the functions wrote holds the token that was asked about', async () => {
  const token = userToken();
  answer = { status: 500, body: '{}' };
  await exchange(token);
  const written = JSON.stringify(stack.logs);
  expect(written).toContain('upstream_introspection');
  for (const part of token.split('.').slice(1)) expect(written).not.toContain(part);
  expect(written).not.toContain(asked[0]?.get('client_assertion')?.split('.')[2]);
});
