// Clients whose keys are at an address that cannot exist here, and issuers in a network that is not here: the stack signs in
// their place.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalStack, startLocalStack } from '../local-stack.ts';

const policy = `version: 1
issuers:
  github: { url: https://token.actions.githubusercontent.com, audience: https://sts.acme.example, claims: github-actions }
  gitlab: { url: https://gitlab.corp.example, audience: https://sts.acme.example, claims: gitlab, network: private }
clients:
  checkout: { auth: { private_key_jwt: { jwksUri: https://checkout.acme.example/jwks.json } } }
  legacy: { auth: { client_secret_basic: { sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 } } }
audiences:
  orders-api: { scopes: [orders:read] }
rules:
  - id: checkout
    from: github
    client: checkout
    match: { repository_id: "456789", repository_owner_id: "1", ref: refs/heads/main }
    grant: { audience: orders-api, scopes: [orders:read] }
  - id: pipelines
    from: gitlab
    match: { project_id: "22", namespace_id: "72", ref: main, ref_type: branch }
    grant: { audience: orders-api, scopes: [orders:read] }
`;
const folder = mkdtempSync(join(tmpdir(), 'cambio-clients-'));
let stack: LocalStack;
beforeAll(async () => {
  writeFileSync(join(folder, 'policy.yaml'), policy);
  stack = await startLocalStack({ policy: folder });
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

async function assertionOf(client: string, overrides: object = {}): Promise<{ status: number; assertion: string }> {
  const init = { method: 'POST', body: JSON.stringify(overrides) };
  const response = await fetch(`${stack.url}/_local/clients/${client}/assertion`, init);
  return { status: response.status, ...((await response.json()) as { assertion: string }) };
}

async function exchangeWith(client_assertion: string): Promise<number> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await stack.tokenFor('github'),
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    audience: 'orders-api',
    client_assertion,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  });
  return (await fetch(`${stack.url}/token`, { method: 'POST', body })).status;
}

test('an assertion of a stand-in authenticates its client, once, and with claims changed it does not', async () => {
  const { status, assertion } = await assertionOf('checkout');
  expect(status).toBe(200);
  expect(await exchangeWith(assertion)).toBe(200);
  expect(await exchangeWith(assertion)).toBe(401);
  expect(await exchangeWith((await assertionOf('checkout', { aud: 'https://other.example' })).assertion)).toBe(401);
  expect(await exchangeWith((await assertionOf('checkout', { jti: null })).assertion)).toBe(401);
});

test('there is none for a client with a secret, nor for an unknown one', async () => {
  for (const client of ['legacy', 'nobody']) expect((await assertionOf(client)).status).toBe(404);
});

test('an issuer that only a private network reaches is stood in for, without a VPC', async () => {
  const body = async (claims: object) =>
    new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: await stack.tokenFor('gitlab', { project_id: '22', namespace_id: '72', ref: 'main', ...claims }),
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      audience: 'orders-api',
    });
  const statusOf = async (claims: object) =>
    (await fetch(`${stack.url}/token`, { method: 'POST', body: await body(claims) })).status;
  expect(await statusOf({})).toBe(200);
  expect(await statusOf({ project_id: '23' })).toBe(400);
});
