// After issuance, on the running stack: introspection by the clients an OAuth library makes, revocation that cascades and
// holds at the next request on every instance, and what is answered while the store is down.
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentedFetch as fetch } from '../documented.ts';
import { basic, decode, ending } from '../rfc/served.ts';
import { hopTo, type Lifecycle, signed, startLifecycle } from './lifecycle.ts';

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const insecure = { [oauth.allowInsecureRequests]: true };

let at: Lifecycle;
beforeAll(async () => {
  at = await startLifecycle();
});
afterAll(() => at.close());

const github = (claims: Record<string, unknown> = {}): Promise<string> => at.stack.tokenFor('github', claims);

async function family() {
  const a = await at.token(await github());
  const b = await at.token(a, hopTo('payments-api'), basic('orders'));
  const c = await at.token(b, hopTo('orders-api'), basic('payments'));
  return { a, b, c };
}

async function states({ a, b, c }: Awaited<ReturnType<typeof family>>) {
  return [await at.active(a), await at.active(b, 'payments'), await at.active(c)];
}

describe('through oauth4webapi', () => {
  const setUp = async () => {
    const issuer = new URL(at.stack.url);
    const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
    const server = await oauth.processDiscoveryResponse(issuer, answer);
    return { server, client: { client_id: 'orders' }, authentication: oauth.ClientSecretBasic('a:b%+ £') };
  };

  test('a token is introspected, in JSON and as a signed JWT, revoked, and then not active', async () => {
    const { server, client, authentication } = await setUp();
    const token = await at.token(await github());
    const hop = await at.token(token, hopTo('payments-api'), basic('orders'));
    const plain = await oauth.introspectionRequest(server, client, authentication, token, insecure);
    expect(await oauth.processIntrospectionResponse(server, client, plain)).toMatchObject({
      active: true,
      iss: at.stack.url,
      client_id: 'github',
    });
    const signing = { ...client, introspection_signed_response_alg: 'RS256' };
    const wanted = { ...insecure, requestJwtResponse: true };
    const jwt = await oauth.introspectionRequest(server, signing, authentication, token, wanted);
    expect(jwt.headers.get('content-type')).toBe('application/token-introspection+jwt');
    expect(jwt.headers.get('cache-control')).toBe('no-store');
    expect(await oauth.processIntrospectionResponse(server, signing, jwt)).toMatchObject({ active: true });
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authentication, hop, insecure));
    expect([await at.active(hop, 'payments'), await at.active(token)]).toEqual([false, true]);
  });
});

test('RFC 8414 §2: discovery names both endpoints, how they authenticate and what signs', async () => {
  const metadata = await (await fetch(`${at.stack.url}/.well-known/openid-configuration`)).json();
  expect(metadata).toMatchObject({
    introspection_endpoint: `${at.stack.url}/introspect`,
    revocation_endpoint: `${at.stack.url}/revoke`,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    introspection_signing_alg_values_supported: ['RS256'],
  });
});

test('a revoked token takes all below it at once, and mints nothing any more', async () => {
  const tokens = await family();
  expect(await states(tokens)).toEqual([true, true, true]);
  expect(ending(await at.post('/revoke', { token: tokens.b }, basic('orders')))).toBe('200');
  expect(await states(tokens)).toEqual([true, false, false]);
  const again = await at.exchange(tokens.c, hopTo('payments-api'), basic('orders'));
  expect(ending(again)).toBe('400 invalid_request');
  const decision = `${at.stack.url}/admin/decisions/${String(again.body['decision_id'])}`;
  expect(await (await fetch(decision, { headers: signed })).json()).toMatchObject({ reason: 'revoked' });
  expect(ending(await at.exchange(tokens.a, hopTo('payments-api'), basic('orders')))).toBe('200');
});

test.each<[string, (tokens: Awaited<ReturnType<typeof family>>) => [string, string]]>([
  ['jti', ({ a }) => ['jti', String(decode(a).claims['jti'])]],
  ['family, named by its last token', ({ c }) => ['family', String(decode(c).claims['jti'])]],
])('an administrator revokes by %s', async (_what, choose) => {
  const [tokens, other] = [await family(), await family()];
  const [by, value] = choose(tokens);
  const answer = await at.revokeBy(by, value);
  expect(answer.body).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{32}$/),
    by,
    value,
    issuedBefore: expect.any(Number),
    aws: 'none',
  });
  expect(await states(tokens)).toEqual([false, false, false]);
  expect(await states(other)).toEqual([true, true, true]);
  expect((await at.revokeBy(by, value)).body).toMatchObject({ id: answer.body['id'] });
});

test('an administrator revokes a run and a subject: its tokens are dead, its old subject token mints nothing', async () => {
  for (const [by, claims, value] of [
    ['run', { run_id: '70001' }, 'github|70001'],
    [
      'subject',
      { sub: 'repo:acme@1/api@456789:ref:refs/heads/gone' },
      'github|repo:acme@1/api@456789:ref:refs/heads/gone',
    ],
  ] as const) {
    const subject = await github(claims);
    const token = await at.token(subject);
    expect(ending(await at.revokeBy(by, value))).toBe('200');
    expect(await at.active(token)).toBe(false);
    expect(ending(await at.exchange(subject))).toBe('400 invalid_request');
    expect(ending(await at.exchange(await github()))).toBe('200');
  }
});

test('an anonymous caller takes back what its own run got, with the token it has', async () => {
  const subject = await github({ run_id: '70002' });
  const [mine, others] = [await at.token(subject), await at.token(await github({ run_id: '70003' }))];
  const assertion = { client_assertion: subject, client_assertion_type: jwtBearer };
  expect(ending(await at.post('/revoke', { token: others, ...assertion }))).toBe('400 invalid_request');
  expect(ending(await at.post('/revoke', { token: mine, ...assertion }))).toBe('200');
  expect([await at.active(mine), await at.active(others)]).toEqual([false, true]);
});

test('reference tokens are resolved and revoked alike', async () => {
  const subject = await github({ run_id: '70004' });
  const token = await at.token(subject, { audience: 'opaque-api' });
  expect(await at.active(token)).toBe(true);
  const assertion = { client_assertion: subject, client_assertion_type: jwtBearer };
  expect(ending(await at.post('/revoke', { token, ...assertion }))).toBe('200');
  expect(await at.active(token)).toBe(false);
});

test.each<[string, Record<string, unknown> | string]>([
  ['no by', { value: 'x', reason: 'r' }],
  ['an unknown by', { by: 'everything', value: 'x', reason: 'r' }],
  ['the internal by', { by: 'origin', value: 'x', reason: 'r' }],
  ['no value', { by: 'jti', reason: 'r' }],
  ['no reason', { by: 'jti', value: 'x' }],
  ['a future issuedBefore', { by: 'jti', value: 'x', reason: 'r', issuedBefore: 9_999_999_999 }],
  ['a fractional issuedBefore', { by: 'jti', value: 'x', reason: 'r', issuedBefore: 1.5 }],
  ['a run without its issuer', { by: 'run', value: '123', reason: 'r' }],
  ['an unknown member', { by: 'jti', value: 'x', reason: 'r', dryRun: true }],
  ['a member twice', '{"by":"jti","by":"subject","value":"x","reason":"r"}'],
  ['no JSON', 'by=jti&value=x'],
  ['a list', '[]'],
])('POST /admin/revocations refuses %s', async (_what, body) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${at.stack.url}/admin/revocations`, { method: 'POST', body: text, headers: signed });
  expect([response.status, await response.json()]).toMatchObject([400, { error: 'invalid_request' }]);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(ending(await at.revokeBy('jti', 'x'))).toBe('200');
});

test('a suspension holds from the next request on, in every function, until it is ended', async () => {
  const admin = async (method: string, path: string, body?: object) => {
    const init = { method, headers: signed, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(`${at.stack.url}/admin/suspensions${path}`, init);
    const text = await response.text();
    return [response.status, text === '' ? undefined : JSON.parse(text)] as const;
  };
  const subject = await github({ run_id: '70050' });
  const token = await at.token(subject);
  expect(await admin('PUT', '/issuer/github', { reason: 'incident' })).toMatchObject([
    200,
    { kind: 'issuer', name: 'github', reason: 'incident', at: expect.any(Number), principal: expect.any(String) },
  ]);
  const refused = await at.exchange(subject);
  expect(ending(refused)).toBe('400 invalid_target');
  const decision = await fetch(`${at.stack.url}/admin/decisions/${refused.body['decision_id']}`, { headers: signed });
  expect(await decision.json()).toMatchObject({ reason: 'suspended', detail: 'issuer github is suspended' });
  expect(await at.active(token)).toBe(true);
  expect(await admin('PUT', '/client/orders', { reason: 'incident' })).toMatchObject([200, { name: 'orders' }]);
  expect(ending(await at.post('/introspect', { token }, basic('orders')))).toBe('401 invalid_client');
  const [, { suspensions }] = (await admin('GET', '')) as [number, { suspensions: { name: string }[] }];
  expect(suspensions.map(({ name }) => name)).toEqual(['orders', 'github']);
  expect(await admin('DELETE', '/issuer/github')).toEqual([204, undefined]);
  expect(await admin('DELETE', '/client/orders')).toEqual([204, undefined]);
  expect(ending(await at.exchange(subject))).toBe('200');
  expect(await at.active(token)).toBe(true);
  expect(await admin('GET', '')).toEqual([200, { suspensions: [] }]);
  const other = (await admin('PUT', '/audience/acme%2Fapi', { reason: 'incident' }))[1];
  expect(other).toMatchObject({ name: 'acme/api', known: false });
  expect(await admin('DELETE', '/audience/acme/api')).toEqual([204, undefined]);
});

test('POST /admin/revocations is IAM’s: without a signature it is 403', async () => {
  const body = JSON.stringify({ by: 'jti', value: 'x', reason: 'r' });
  expect((await fetch(`${at.stack.url}/admin/revocations`, { method: 'POST', body })).status).toBe(403);
});

test.each(['/introspect', '/revoke'])('%s takes POST alone, and callers it knows', async (path) => {
  const get = await fetch(`${at.stack.url}${path}?token=x`);
  expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
  const nobody = await at.post(path, { token: 'x' });
  expect(ending(nobody)).toBe('401 invalid_client');
  expect(nobody.headers.get('x-amzn-remapped-www-authenticate')).toBe('Basic realm="token"');
  expect(nobody.body['decision_id']).toEqual(expect.any(String));
  expect(ending(await at.post(`${path}?token=x`, { token: 'x' }, basic('orders')))).toBe('400 invalid_request');
  expect(ending(await at.post(path, { token: 'x' }, basic('orders')))).toBe('200');
});

test('what the functions log names the decision and the reason, and no token', async () => {
  const token = await at.token(await github());
  await at.post('/revoke', { token: await at.token(token, hopTo('payments-api'), basic('orders')) }, basic('orders'));
  await at.active(token, 'payments');
  await at.active('canary-of-a-handle-that-is-not-there-aaaaaaaa');
  const text = at.stack.logs.map((line) => JSON.stringify(line)).join('\n');
  expect(text).toContain('introspection');
  expect(text).toMatch(/inactive[^\n]*audience/);
  for (const secret of [token.slice(-40), 'canary-of-a-handle', 'a:b%+']) expect(text).not.toContain(secret);
});
