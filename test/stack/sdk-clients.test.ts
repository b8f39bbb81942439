// One request of each kind with the functions on the SDK's clients: what `npm run test:sdk` does with every test of the stack.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalStack, startLocalStack } from '../local-stack.ts';
import { type Answer, answerOf, types } from '../rfc/served.ts';

const main = 'match: { repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }';
const policy = `version: 1
issuers:
  github: { url: https://token.actions.githubusercontent.com, audience: https://sts.acme.example, claims: github-actions }
  once: { url: https://agent.buildkite.com, audience: https://sts.acme.example, claims: buildkite, singleUse: true }
clients:
  keyed: { auth: { private_key_jwt: { jwksUri: https://keyed.acme.example/jwks.json } }, introspects: [orders-api, opaque-api] }
audiences:
  orders-api: { resource: https://orders.acme.example, scopes: [read], status: true }
  opaque-api: { scopes: [read], format: reference }
roles:
  deploy: { arn: "arn:aws:iam::111122223333:role/deploy" }
rules:
  - { id: main, from: github, ${main}, grant: { audience: orders-api, scopes: [read] } }
  - { id: opaque, from: github, ${main}, grant: { audience: opaque-api, scopes: [read] } }
  - { id: role, from: github, ${main}, grant: { role: deploy } }
  - { id: built, from: once, match: { organization_slug: acme-inc }, grant: { audience: orders-api, scopes: [read] } }
`;

const folder = mkdtempSync(join(tmpdir(), 'cambio-sdk-'));
let stack: LocalStack;
beforeAll(async () => {
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, policy);
  stack = await startLocalStack({ policy: file, environments: 1, env: { ...process.env, CLIENTS_OF_AWS: 'sdk' } });
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

async function post(path: string, form: Readonly<Record<string, string>>): Promise<Answer> {
  return answerOf(await fetch(`${stack.url}${path}`, { method: 'POST', body: new URLSearchParams(form) }));
}

const exchange = (subject_token: string, target: Readonly<Record<string, string>>): Promise<Answer> =>
  post('/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    ...{ subject_token, subject_token_type: types.jwt, ...target },
  });

async function assertion(): Promise<Readonly<Record<string, string>>> {
  const answer = await fetch(`${stack.url}/_local/clients/keyed/assertion`, { method: 'POST', body: '{}' });
  const { assertion } = (await answer.json()) as { assertion: string };
  return {
    client_assertion: assertion,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  };
}

test('the functions that keep records are set to the SDK’s clients', () => {
  const environments = Object.values(stack.template.Resources)
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties }) => (Properties as { Environment?: { Variables?: Record<string, unknown> } }).Environment);
  const served = environments.filter((one) => one?.Variables?.['RECORDS_TABLE'] !== undefined);
  const clients = served.map((one) => one?.Variables?.['CLIENTS_OF_AWS']);
  // The custom resource that makes the keyring knows no other.
  expect(clients.filter((one) => one === 'sdk')).toHaveLength(clients.length - 1);
  expect(clients.length).toBeGreaterThan(6);
});

test.each([
  'orders-api',
  'opaque-api',
])('a token for %s is issued, found active, revoked and found inactive', async (audience) => {
  const { status, body } = await exchange(await stack.tokenFor('github'), { audience });
  expect(status).toBe(200);
  const token = String(body['access_token']);
  const active = async () => (await post('/introspect', { token, ...(await assertion()) })).body['active'];
  expect(await active()).toBe(true);
  const authorization = 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/x, SignedHeaders=host, Signature=00';
  const revocation = JSON.stringify({ by: 'jti', value: await jtiOf(token), reason: 'test' });
  const revoked = await fetch(`${stack.url}/admin/revocations`, {
    ...{ method: 'POST', body: revocation, headers: { authorization } },
  });
  expect(revoked.status).toBe(200);
  expect(await active()).toBe(false);
});

async function jtiOf(token: string): Promise<string> {
  return String((await post('/introspect', { token, ...(await assertion()) })).body['jti']);
}

test('a single-use token gives one token to its request, however often it comes, and nothing to another', async () => {
  const token = await stack.tokenFor('once');
  const first = await exchange(token, { audience: 'orders-api' });
  const again = await exchange(token, { audience: 'orders-api' });
  expect([first.status, again.status]).toEqual([200, 200]);
  const jti = async ({ body }: Answer) => jtiOf(String(body['access_token']));
  expect(await jti(again)).toBe(await jti(first));
  expect(await exchange(token, { audience: 'orders-api', scope: 'read' })).toMatchObject({ status: 400 });
});

test('a role’s session is given, a refusal recorded, the keys and a status list published', async () => {
  const token = await stack.tokenFor('github');
  const credentials = await fetch(`${stack.url}/credentials?role=deploy`, { headers: { authorization: token } });
  expect(credentials.status).toBe(200);
  const refused = await exchange(await stack.tokenFor('github', { ref: 'refs/heads/other' }), {
    audience: 'orders-api',
  });
  expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
  const keys = (await (await fetch(`${stack.url}/.well-known/jwks.json`)).json()) as { keys: unknown[] };
  expect(keys.keys.length).toBeGreaterThan(0);
  const { body } = await exchange(token, { audience: 'orders-api' });
  const payload = JSON.parse(Buffer.from(String(body['access_token']).split('.')[1] ?? '', 'base64url').toString());
  const list = await fetch(String(payload.status.status_list.uri));
  expect([list.status, list.headers.get('content-type')]).toEqual([200, 'application/statuslist+jwt']);
});
