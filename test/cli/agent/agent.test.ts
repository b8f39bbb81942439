// The agent over real sockets: what its routes answer, how often it asks, and whom it keeps out.
import { generateKeyPairSync, hash } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, type JWK } from 'jose';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentOptions } from '../../../cli/agent/agent.ts';
import { selfSigned } from '../../shared/issuers/certificate.ts';
import { json, serveHttps } from '../../shared/issuers/loopback-server.ts';
import { cambioIn, inTheWorld } from '../cambio.ts';
import { busyRole, type FakeRoles, fakeRoles, refusedRole } from '../fake-roles.ts';
import { type FakeServer, fakeServer, type Reply, unsignedJwt } from '../fake-server.ts';
import { type AgentWorld, exchangeForm, ownToken, startAgentFor } from './agent-world.ts';
import { parsePrometheus } from './prometheus.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-agent-'));
afterAll(() => rmSync(folder, { recursive: true }));

let upstream: FakeServer;
let roles: FakeRoles;
let reply: Reply | undefined;
let agents: AgentWorld[];
let issued: number;
const closers: (() => Promise<void>)[] = [];
beforeEach(async () => {
  [agents, issued, reply] = [[], 0, undefined];
  upstream = await fakeServer({
    '/token': async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (reply) return reply;
      issued += 1;
      return {
        body: { access_token: `issued-${issued}`, token_type: 'Bearer', expires_in: 300, scope: 'orders:read' },
      };
    },
  });
  roles = await fakeRoles();
});
afterEach(async () => {
  for (const agent of agents) await agent.close();
  await upstream.close();
  await roles.server.close();
  for (const close of closers.splice(0)) await close();
});

async function agentFor(options: AgentOptions = {}, url = upstream.url): Promise<AgentWorld> {
  const agent = await startAgentFor(url, options);
  agents.push(agent);
  return agent;
}
const post = (body: URLSearchParams, headers: Record<string, string> = {}) => ({ method: 'POST', body, headers });
/** A server whose certificate nobody vouches for. */
async function untrusted(): Promise<string> {
  const day = 86_400_000;
  const valid = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) };
  const server = await serveHttps(selfSigned({ ...valid, ip: '127.0.0.1' }), json({}));
  closers.push(server.close);
  return server.url;
}
const refusal: Reply = {
  status: 400,
  body: {
    error: 'invalid_target',
    error_description: 'not one target',
    decision_id: '6f1c1d3e-8a4b-4c2d-9e0f-0123456789ab',
  },
};
const busy: Reply = { status: 503, headers: { 'retry-after': '7' }, body: { error: 'temporarily_unavailable' } };

describe('POST /token', () => {
  test('exchanges the workload’s own token, and a thousand at once cost one exchange', async () => {
    const { ask } = await agentFor();
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => ask('/token', post(exchangeForm()))));
    expect(new Set(answers.map(({ status, json }) => `${status} ${json['access_token']}`))).toEqual(
      new Set(['200 issued-1']),
    );
    expect(upstream.received.length).toBe(1);
    expect(upstream.received[0]?.form.get('subject_token')).toBe(ownToken);
    expect(answers[0]?.headers['cache-control']).toBe('no-store');
    expect((await ask('/token', post(exchangeForm()))).json['access_token']).toBe('issued-1');
    expect(upstream.received.length).toBe(1);
  });

  test('says how long the token still lives', async () => {
    reply = { body: { access_token: 'x', token_type: 'Bearer', expires_in: 40 } };
    const { ask } = await agentFor();
    await ask('/token', post(exchangeForm()));
    const { expires_in } = (await ask('/token', post(exchangeForm()))).json;
    expect(expires_in).toBeLessThan(40);
    expect(expires_in).toBeGreaterThan(30);
  });

  test('keeps answers apart by everything that shapes them, whatever the order of parameters', async () => {
    const { ask } = await agentFor();
    const type = { subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' };
    const [one, two] = [unsignedJwt({ sub: 'one' }), unsignedJwt({ sub: 'two' })];
    const forms = [
      {},
      { scope: 'orders:read' },
      { audience: 'payments-api' },
      { requested_token_type: 'urn:ietf:params:oauth:token-type:jwt' },
      { subject_token: one, ...type },
      { subject_token: two, ...type },
      { subject_token: one, subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
      { actor_token: one, actor_token_type: type.subject_token_type },
    ];
    for (const form of forms) await ask('/token', post(exchangeForm(form)));
    expect(upstream.received.length).toBe(forms.length);
    for (const form of forms) {
      const reversed = new URLSearchParams([...exchangeForm(form)].reverse());
      await ask('/token', post(reversed));
    }
    expect(upstream.received.length).toBe(forms.length);
    expect(upstream.received[4]?.form.get('subject_token')).toBe(one);
  });

  test('authenticates as the client the agent was given', async () => {
    const { ask } = await agentFor({ 'client-id': 'checkout', 'client-secret-env': 'SECRET' });
    expect((await ask('/token', post(exchangeForm()))).status).toBe(200);
    const basic = Buffer.from('checkout:hunter2').toString('base64');
    expect(upstream.received[0]?.headers.authorization).toBe(`Basic ${basic}`);
  });

  test('tells a refusal as the server does, once each time', async () => {
    const { ask, stderr } = await agentFor();
    reply = refusal;
    const answer = await ask('/token', post(exchangeForm()));
    expect([answer.status, answer.json]).toEqual([400, refusal.body]);
    expect(upstream.received.length).toBe(1);
    expect(stderr()).toContain('refused: invalid_target (400)');
    expect(stderr()).not.toContain(ownToken.split('.')[1]);
    reply = undefined;
    expect((await ask('/token', post(exchangeForm()))).status).toBe(200);
  });

  test('holds requests back while the server is busy, for as long as it said', async () => {
    const { ask } = await agentFor();
    reply = busy;
    for (let round = 0; round < 3; round += 1) {
      const { status, headers, json } = await ask('/token', post(exchangeForm()));
      expect([status, json['error']]).toEqual([503, 'temporarily_unavailable']);
      expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(6);
    }
    expect(upstream.received.length).toBe(1);
  });

  test('an answer that is too large to keep is handed on and asked for again', async () => {
    reply = { body: { access_token: 'x'.repeat(70_000), token_type: 'Bearer', expires_in: 300 } };
    const { ask } = await agentFor();
    for (let round = 0; round < 2; round += 1) {
      expect(String((await ask('/token', post(exchangeForm()))).json['access_token']).length).toBe(70_000);
    }
    expect(upstream.received.length).toBe(2);
  });

  test.each<[string, URLSearchParams, Record<string, string>, number, string]>([
    ['another grant type', exchangeForm({ grant_type: 'client_credentials' }), {}, 400, 'unsupported_grant_type'],
    ['no grant type', exchangeForm({ grant_type: '' }), {}, 400, 'invalid_request'],
    ['a client of its own', exchangeForm({ client_id: 'x', client_secret: 'y' }), {}, 400, 'invalid_request'],
    ['an assertion of its own', exchangeForm({ client_assertion: 'x' }), {}, 400, 'invalid_request'],
    ['a token without a type', exchangeForm({ subject_token: ownToken }), {}, 400, 'invalid_request'],
    ['a type without a token', exchangeForm({ subject_token_type: 'x' }), {}, 400, 'invalid_request'],
    ['a parameter twice', new URLSearchParams(`${exchangeForm()}&scope=a&scope=b`), {}, 400, 'invalid_request'],
    ['JSON', exchangeForm(), { 'content-type': 'application/json' }, 400, 'invalid_request'],
    ['a proof it would have to drop', exchangeForm(), { dpop: 'x' }, 400, 'invalid_dpop_proof'],
    ['a body over 64 KiB', exchangeForm({ scope: 'x'.repeat(70_000) }), {}, 413, 'invalid_request'],
  ])('refuses %s itself', async (_what, form, headers, status, error) => {
    const { ask } = await agentFor();
    const answer = await ask('/token', post(form, headers));
    expect([answer.status, answer.json['error'], upstream.received.length]).toEqual([status, error, 0]);
    expect((await ask('/token', post(exchangeForm()))).status).toBe(200);
  });
});

describe('GET /credentials', () => {
  test('is the SDKs’ container provider, and a thousand at once cost one request', async () => {
    const { ask } = await agentFor({}, roles.server.url);
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => ask('/credentials?role=deploy-prod')));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(answers[0]?.json).toEqual({
      AccessKeyId: 'ASIA1',
      SecretAccessKey: 'secret/+1',
      Token: 'session/+=1',
      Expiration: expect.stringMatching(/^\d{4}-.*Z$/),
      AccountId: '111122223333',
      RoleArn: 'arn:aws:iam::111122223333:role/deploy-prod',
    });
    expect(roles.server.received.length).toBe(1);
    expect(roles.server.received[0]?.query.get('role')).toBe('deploy-prod');
    await ask('/credentials?role=other');
    expect(roles.server.received.length).toBe(2);
  });

  test('goes through the token endpoint when the agent is a client', async () => {
    const { ask } = await agentFor({ 'client-id': 'checkout', 'client-secret-env': 'SECRET' }, roles.server.url);
    const { status, json } = await ask('/credentials?role=deploy-prod');
    expect([status, json['AccessKeyId'], json['Token']]).toEqual([200, 'ASIA1', 'session/+=1']);
    expect(roles.server.received.map(({ path }) => path)).toEqual(['/token']);
  });

  test('tells a refusal once, and an outage with the time to wait', async () => {
    const { ask } = await agentFor({}, roles.server.url);
    roles.failure = refusedRole;
    const refused = await ask('/credentials?role=admin');
    expect([refused.status, refused.json]).toEqual([403, refusedRole.body]);
    expect(roles.server.received.length).toBe(1);
    roles.failure = busyRole;
    const unavailable = await ask('/credentials?role=deploy-prod');
    expect([unavailable.status, unavailable.json['code']]).toEqual([503, 'temporarily_unavailable']);
    expect(Number(unavailable.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  });

  test('is 503 where the server cannot be trusted, and says so', async () => {
    const { ask, stderr } = await agentFor({}, await untrusted());
    const { status, json } = await ask('/credentials?role=deploy-prod');
    expect([status, json['code']]).toEqual([503, 'temporarily_unavailable']);
    expect(stderr()).toContain('failed: no answer');
    expect((await ask('/authz/orders-api', { headers: { authorization: `Bearer ${ownToken}` } })).status).toBe(503);
    expect((await ask('/token', post(exchangeForm()))).json['error']).toBe('temporarily_unavailable');
  });

  test.each(['/credentials', '/credentials?role=', '/credentials?role=a&role=b'])('is 400 for %s', async (path) => {
    const { ask } = await agentFor({}, roles.server.url);
    const { status, json } = await ask(path);
    expect([status, json['code'], roles.server.received.length]).toEqual([400, 'invalid_request', 0]);
  });
});

describe('/authz/{audience}', () => {
  const incoming = unsignedJwt({ sub: 'user' });
  const bearer = { authorization: `Bearer ${incoming}` };

  test('swaps the bearer token for one of the audience, once', async () => {
    const { ask } = await agentFor();
    for (let round = 0; round < 3; round += 1) {
      const { status, headers, body } = await ask('/authz/orders-api', { headers: bearer });
      expect([status, headers['authorization'], body]).toEqual([200, 'Bearer issued-1', '']);
    }
    expect(upstream.received.length).toBe(1);
    expect(Object.fromEntries(upstream.received[0]?.form ?? [])).toMatchObject({
      subject_token: incoming,
      audience: 'orders-api',
    });
  });

  test('never hands the token of one caller to another', async () => {
    const { ask } = await agentFor();
    const other = { authorization: `Bearer ${unsignedJwt({ sub: 'other' })}` };
    const [first, second] = [
      await ask('/authz/orders-api', { headers: bearer }),
      await ask('/authz/orders-api', { headers: other }),
    ];
    expect([first.headers['authorization'], second.headers['authorization']]).toEqual([
      'Bearer issued-1',
      'Bearer issued-2',
    ]);
    const elsewhere = await ask('/authz/payments-api', { headers: bearer });
    expect(elsewhere.headers['authorization']).toBe('Bearer issued-3');
  });

  test('is nothing to a token that has expired since, even where its exchange outlives it', async () => {
    const { ask } = await agentFor();
    const short = unsignedJwt({ exp: Math.floor(Date.now() / 1_000) + 4 });
    expect((await ask('/authz/orders-api', { headers: { authorization: `Bearer ${short}` } })).status).toBe(200);
    reply = { status: 400, body: { error: 'invalid_request', error_description: 'expired' } };
    expect((await ask('/authz/orders-api', { headers: { authorization: `Bearer ${short}` } })).status).toBe(401);
    expect(upstream.received.length).toBe(2);
  });

  test.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['Basic', { authorization: 'Basic YTpi' }],
    ['DPoP', { authorization: `DPoP ${incoming}` }],
    ['two tokens', { authorization: `Bearer ${incoming} ${incoming}` }],
    ['a token over 16 KiB', { authorization: `Bearer ${'x'.repeat(16_385)}` }],
  ])('is 401 for %s, and nobody is asked', async (_what, headers) => {
    const { ask } = await agentFor();
    const { status, headers: answered } = await ask('/authz/orders-api', { headers });
    expect([status, answered['www-authenticate'], upstream.received.length]).toEqual([
      401,
      'Bearer error="invalid_token"',
      0,
    ]);
    expect((await ask('/authz/orders-api', { headers: bearer })).status).toBe(200);
  });

  test.each<[string, Reply, number]>([
    ['a bad token', { status: 400, body: { error: 'invalid_request' } }, 401],
    ['a subject without rights', refusal, 403],
    ['an agent whose client is not accepted', { status: 401, body: { error: 'invalid_client' } }, 503],
    ['an outage', busy, 503],
    ['a server that is none', { status: 404, body: '<html>' }, 503],
    ['a token that is bound to a key', { body: { access_token: 'x', token_type: 'DPoP', expires_in: 60 } }, 403],
  ])('answers %s with a status a gateway understands', async (_what, failure, status) => {
    const { ask } = await agentFor();
    reply = failure;
    const answer = await ask('/authz/orders-api', { headers: bearer });
    expect([answer.status, answer.headers['authorization']]).toEqual([status, undefined]);
    expect(upstream.received.length).toBe(1);
    expect(answer.body).not.toContain(`127.0.0.1:${upstream.port}`);
  });

  test('many tokens of others do not push out the workload’s own', async () => {
    const { ask } = await agentFor();
    await ask('/token', post(exchangeForm()));
    await ask('/authz/orders-api', { headers: bearer });
    await ask('/token', post(exchangeForm()));
    expect(upstream.received.length).toBe(2);
  });
});

describe('--dpop', () => {
  const incoming = unsignedJwt({ sub: 'user' });
  const bearer = { authorization: `Bearer ${incoming}` };
  /** The server binds what it issues to the key of the proof, and wants a nonce. */
  const binding = async () => {
    const server = await fakeServer({
      '/token': async ({ headers, form }) => {
        const { nonce } = headers['dpop'] ? decodeJwt(String(headers['dpop'])) : { nonce: 'n1' };
        if (nonce !== 'n1') return { status: 400, headers: { 'dpop-nonce': 'n1' }, body: { error: 'use_dpop_nonce' } };
        if (!headers['dpop']) return { body: { access_token: 'loose', token_type: 'Bearer', expires_in: 300 } };
        const { jwk } = decodeProtectedHeader(String(headers['dpop']));
        const cnf = { jkt: await calculateJwkThumbprint(jwk as JWK) };
        const access_token = unsignedJwt({ cnf, for: form.get('audience') }, { typ: 'at+jwt' });
        return { body: { access_token, token_type: 'DPoP', expires_in: 300 } };
      },
    });
    closers.push(server.close);
    return server;
  };
  const athOf = (token: unknown) => hash('sha256', String(token), 'base64url');
  const proofOf = (headers: Readonly<Record<string, unknown>>) => decodeJwt(String(headers['dpop']));

  test('binds what it issues to its key, wants the nonce once, and proves for who asks it to', async () => {
    const server = await binding();
    const { ask } = await agentFor({ dpop: true }, server.url);
    const { json } = await ask('/token', post(exchangeForm()));
    expect(json['token_type']).toBe('DPoP');
    await ask('/token', post(exchangeForm({ audience: 'payments-api' })));
    expect(server.received.map(({ headers }) => proofOf(headers)['nonce'])).toEqual([undefined, 'n1', 'n1']);
    expect(proofOf(server.received[2]?.headers ?? {})).toMatchObject({
      htu: `${server.url}/token`,
      ath: athOf(ownToken),
    });

    const token = String(json['access_token']);
    const form = { htm: 'PUT', htu: 'https://orders.acme.example/orders/7?x=1', access_token: token, nonce: 'theirs' };
    const proved = await ask('/proof', post(new URLSearchParams(form)));
    expect([proved.status, proved.json['authorization'], proved.headers['cache-control']]).toEqual([
      200,
      `DPoP ${token}`,
      'no-store',
    ]);
    expect(proofOf(proved.json)).toMatchObject({
      ...{ htm: 'PUT', htu: 'https://orders.acme.example/orders/7', ath: athOf(token), nonce: 'theirs' },
    });
    const { jwk } = decodeProtectedHeader(String(proved.json['dpop']));
    expect(decodeJwt(token)['cnf']).toEqual({ jkt: await calculateJwkThumbprint(jwk as JWK) });
    expect(JSON.stringify(jwk)).not.toContain('"d"');
    // What is opaque does not say whose it is.
    expect((await ask('/proof', post(new URLSearchParams({ ...form, access_token: 'opaque' })))).status).toBe(200);
  });

  test.each<[string, Record<string, string>]>([
    ['another’s token', { access_token: unsignedJwt({ cnf: { jkt: 'x' } }) }],
    ['a token that is bound to nothing', { access_token: unsignedJwt() }],
    ['no token', { access_token: '' }],
    ['a token with a line break', { access_token: 'a\r\nx: y' }],
    ['no method', { htm: '' }],
    ['a path alone', { htu: '/orders' }],
    ['another scheme', { htu: 'file:///etc/passwd' }],
  ])('proves nothing for %s', async (_what, change) => {
    const { ask } = await agentFor({ dpop: true });
    const good = { htm: 'GET', htu: 'https://orders.acme.example/', access_token: 'opaque' };
    expect((await ask('/proof', post(new URLSearchParams({ ...good, ...change })))).json).toEqual({
      error: 'invalid_request',
      error_description: expect.any(String),
    });
    expect((await ask('/proof', post(new URLSearchParams(good)))).status).toBe(200);
    const without = await agentFor();
    const { status, json } = await without.ask('/proof', post(new URLSearchParams(good)));
    expect([status, json['error_description']]).toEqual([400, 'the agent has no key: start it with --dpop']);
  });

  const named = (method: string, uri: string) => ({ 'x-original-method': method, 'x-original-uri': uri });
  test.each<[string, string, string, Record<string, string>, string, string]>([
    [
      ...(['nginx', 'GET', '', named('DELETE', 'https://orders.acme.example/orders/7?x=1')] as const),
      ...(['DELETE', 'https://orders.acme.example/orders/7'] as const),
    ],
    [
      ...(['ingress-nginx', 'GET', ''] as const),
      { 'x-original-method': 'POST', 'x-original-url': 'https://shop.acme.example/' },
      ...(['POST', 'https://shop.acme.example/'] as const),
    ],
    [
      ...(['Envoy', 'PATCH', '/orders/7?x=1', { 'x-forwarded-proto': 'https', host: 'localhost' }] as const),
      ...(['PATCH', 'https://localhost/orders/7'] as const),
    ],
  ])('%s gets the bound token with a fresh proof for the request it holds', async (_who, method, path, headers, htm, htu) => {
    const server = await binding();
    const { ask } = await agentFor({ dpop: true }, server.url);
    const answers = [];
    for (let round = 0; round < 2; round += 1) {
      answers.push(await ask(`/authz/orders-api${path}`, { method, headers: { ...bearer, ...headers } }));
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(server.received.length).toBe(2);
    const [first, second] = answers.map((answer) => proofOf(answer.headers));
    const [, token] = String(answers[0]?.headers['authorization']).split(/^DPoP /);
    expect(first).toMatchObject({ htm, htu, ath: athOf(token) });
    expect(second?.jti).not.toBe(first?.jti);
    expect(decodeJwt(String(token))['for']).toBe('orders-api');
  });

  test.each<[string, string, Record<string, string>]>([
    ['nothing', '', {}],
    ['a method alone', '', { 'x-original-method': 'GET' }],
    ['a URI alone', '', { 'x-original-uri': 'https://orders.acme.example/' }],
    ['a path for a URI', '', named('GET', '/orders')],
    ['a URI with a password', '', named('GET', 'https://a:b@orders.acme.example/')],
    ['a method that is none', '', named('GET\tX', 'https://orders.acme.example/')],
    ['a path without a scheme', '/orders', {}],
    ['a path with another scheme', '/orders', { 'x-forwarded-proto': 'ws' }],
  ])('is refused to a gateway that says %s of the request, before anybody is asked', async (_what, path, headers) => {
    const server = await binding();
    const { ask } = await agentFor({ dpop: true }, server.url);
    const {
      status,
      headers: answered,
      json,
    } = await ask(`/authz/orders-api${path}`, {
      headers: { ...bearer, ...headers },
    });
    expect([status, answered['authorization'], answered['dpop'], server.received.length]).toEqual([
      ...[403, undefined, undefined, 0],
    ]);
    expect(json['error_description']).toContain('X-Original-Method');
    const without = await agentFor({}, server.url);
    const loose = await without.ask(`/authz/orders-api${path}`, { headers: { ...bearer, ...headers } });
    expect([loose.status, loose.headers['authorization'], loose.headers['dpop']]).toEqual([
      ...[200, 'Bearer loose', undefined],
    ]);
  });

  test('never passes a bearer token off as bound, and an agent without a key is to blame where one is wanted', async () => {
    const { ask, stderr } = await agentFor({ dpop: true });
    expect((await ask('/token', post(exchangeForm()))).status).toBe(503);
    expect(stderr()).toContain('bound the token to no key');
    reply = { status: 400, body: { error: 'invalid_dpop_proof', error_description: 'DPoP is missing' } };
    const without = await agentFor();
    expect((await without.ask('/authz/orders-api', { headers: bearer })).status).toBe(503);
    expect((await without.ask('/token', post(exchangeForm()))).json['error']).toBe('invalid_dpop_proof');
    reply = undefined;
    expect((await without.ask('/authz/orders-api', { headers: bearer })).status).toBe(200);
  });

  test('goes with a request for credentials too, whose 401 says the nonce', async () => {
    const wanted = { status: 401, headers: { 'dpop-nonce': 'n1' }, body: { code: 'use_dpop_nonce', message: 'x' } };
    const expires = new Date(Date.now() + 3_600_000).toISOString();
    const keys = { AccessKeyId: 'ASIA1', SecretAccessKey: 's', Token: 't', Expiration: expires };
    const server = await fakeServer({
      '/credentials': ({ headers }) => (decodeJwt(String(headers['dpop']))['nonce'] === 'n1' ? { body: keys } : wanted),
    });
    closers.push(server.close);
    const { ask } = await agentFor({ dpop: true }, server.url);
    expect((await ask('/credentials?role=deploy-prod')).json).toMatchObject({ AccessKeyId: 'ASIA1', Token: 't' });
    const proofs = server.received.map(({ headers }) => proofOf(headers));
    expect(proofs.map(({ nonce }) => nonce)).toEqual([undefined, 'n1']);
    expect(proofs[1]).toMatchObject({ htm: 'GET', htu: `${server.url}/credentials`, ath: athOf(ownToken) });
  });

  test('is of the key in the file of --dpop-key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const file = join(folder, 'dpop.pem');
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const server = await binding();
    const { ask } = await agentFor({ 'dpop-key': file }, server.url);
    const { json } = await ask('/token', post(exchangeForm()));
    const jkt = await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }) as JWK);
    expect(decodeJwt(String(json['access_token']))['cnf']).toEqual({ jkt });
    await expect(agentFor({ 'dpop-key': join(folder, 'missing.pem') })).rejects.toThrow('cannot be read');
  });
});

describe('who is kept out', () => {
  test.each<[string, Record<string, string>, number]>([
    ['a web page', { origin: 'https://evil.example' }, 403],
    ['a local page', { origin: 'http://localhost:3000' }, 403],
    ['a sandboxed page', { origin: 'null' }, 403],
    ['an image of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a link of a neighbouring site', { 'sec-fetch-site': 'same-site' }, 403],
    ['a site that says two things', { 'sec-fetch-site': 'none, cross-site' }, 403],
    ['a site that says nothing', { 'sec-fetch-site': '' }, 403],
    ['an address somebody typed', { 'sec-fetch-site': 'none' }, 200],
    ['a page of the agent, if it had one', { 'sec-fetch-site': 'same-origin' }, 200],
    ['a name that was rebound', { host: 'evil.example' }, 403],
    ['a name that looks like loopback', { host: '127.0.0.1.evil.example' }, 403],
    ['an address elsewhere', { host: '10.0.0.1:9911' }, 403],
    ['a port without a host', { host: ':80' }, 403],
    ['localhost', { host: 'localhost:9911' }, 200],
    ['loopback', { host: '127.0.0.1' }, 200],
    ['IPv6 loopback', { host: '[::1]:9911' }, 200],
  ])('%s', async (_what, headers, status) => {
    const { ask } = await agentFor();
    for (const path of ['/healthz', '/metrics']) expect((await ask(path, { headers })).status).toBe(status);
    const exchanged = await ask('/token', post(exchangeForm(), headers));
    expect([exchanged.status, upstream.received.length]).toEqual([status, status === 200 ? 1 : 0]);
  });

  test('whoever does not know the token, on every route but /healthz', async () => {
    const file = join(folder, 'secret');
    const { ask } = await agentFor({ 'auth-token-file': file });
    const secret = readFileSync(file, 'utf8').trim();
    const wrong = { authorization: secret.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) };
    for (const headers of [{}, wrong, { authorization: '' }]) {
      expect((await ask('/token', post(exchangeForm(), headers))).status).toBe(401);
      expect((await ask('/credentials?role=x', { headers })).status).toBe(401);
      expect((await ask('/metrics', { headers })).status).toBe(401);
      expect((await ask('/healthz', { headers })).status).toBe(200);
    }
    expect(upstream.received.length).toBe(0);
    for (const authorization of [secret, `Bearer ${secret}`]) {
      expect((await ask('/token', post(exchangeForm(), { authorization }))).status).toBe(200);
    }
  });

  test('a gateway that does not, whose Authorization is its caller’s', async () => {
    const file = join(folder, 'gateway-secret');
    const { ask } = await agentFor({ 'auth-token-file': file });
    const bearer = { authorization: `Bearer ${unsignedJwt()}` };
    const secret = readFileSync(file, 'utf8').trim();
    expect((await ask('/authz/orders-api', { headers: bearer })).status).toBe(401);
    expect((await ask('/authz/orders-api', { headers: { authorization: secret } })).status).toBe(401);
    const headers = { ...bearer, 'cambio-agent-token': secret };
    expect((await ask('/authz/orders-api', { headers })).status).toBe(200);
  });

  test('paths and methods there are none of', async () => {
    const { ask } = await agentFor();
    for (const path of ['/', '/authz', '/authz/', '/authz/%ff', '/token/', '/__proto__', '//evil.example/token']) {
      expect([path, (await ask(path)).status]).toEqual([path, 404]);
    }
    const { status, headers } = await ask('/token');
    expect([status, headers['allow']]).toEqual([405, 'POST']);
  });
});

describe('where it listens', () => {
  test('a Unix socket that only its owner can open', async () => {
    const path = join(folder, 'agent.sock');
    const agent = await agentFor({ listen: `unix:${path}` });
    expect(agent.listener.url).toBe(`unix:${path}`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    // Envoy sends the Host of the request it asks about, and a browser cannot get here.
    expect((await agent.ask('/healthz', { headers: { host: 'orders.acme.example' } })).status).toBe(200);
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      expect((await agent.ask('/healthz', { headers })).status).toBe(403);
    }
    await expect(agentFor({ listen: `unix:${path}` })).rejects.toThrow('EADDRINUSE');
  });

  test('the socket of an agent that was killed is replaced, a file is not', async () => {
    const path = join(folder, 'stale.sock');
    const { spawnSync } = await import('node:child_process');
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(statSync(path).isSocket()).toBe(true);
    const agent = await agentFor({ listen: `unix:${path}` });
    expect((await agent.ask('/healthz')).status).toBe(200);
    const file = join(folder, 'a-file');
    writeFileSync(file, 'keep', { mode: 0o644 });
    await expect(agentFor({ listen: `unix:${file}` })).rejects.toThrow('EADDRINUSE');
    expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual(['keep', 0o644]);
  });

  const addresses = Object.values(networkInterfaces()).flat();
  const external = addresses.find((each) => each?.family === 'IPv4' && !each.internal)?.address;
  test.skipIf(external === undefined)('another address only behind a token, and by its own name', async () => {
    await expect(agentFor({ listen: `${external}:0` })).rejects.toThrow('give --auth-token-file');
    await expect(agentFor({ listen: '0.0.0.0:0' })).rejects.toThrow('give --auth-token-file');
    const file = join(folder, 'external-secret');
    const agent = await agentFor({ listen: '0.0.0.0:0', 'auth-token-file': file });
    const headers = { authorization: readFileSync(file, 'utf8').trim() };
    expect((await agent.ask('/metrics', { headers })).status).toBe(200);
    const { port } = new URL(agent.listener.url);
    const metrics = (host: string) => fetch(`http://${external}:${port}/metrics`, { headers: { ...headers, host } });
    expect((await metrics(`${external}:${port}`)).status).toBe(200);
    expect((await agent.ask('/metrics', { headers: { ...headers, host: `${external}:${port}` } })).status).toBe(403);
  });

  test.each([
    '9911',
    'example.com:80',
    '127.0.0.1',
    '127.0.0.1:99999',
    'unix:',
    '::1:80',
  ])('--listen %s is wrong usage', async (listen) => {
    const { exit, stderr } = await cambioIn(inTheWorld({}), 'agent', '--listen', listen);
    expect([exit, stderr]).toEqual([2, expect.stringContaining('--listen takes')]);
  });
});

describe('--auth-token-file', () => {
  test('is made for its owner alone, with a secret of its own', async () => {
    const [one, two] = [join(folder, 'made-1'), join(folder, 'made-2')];
    const before = process.umask(0);
    await agentFor({ 'auth-token-file': one });
    await agentFor({ 'auth-token-file': two });
    process.umask(before);
    expect(statSync(one).mode & 0o777).toBe(0o600);
    expect(readFileSync(one, 'utf8')).toMatch(/^[\w-]{43}$/);
    expect(readFileSync(one, 'utf8')).not.toBe(readFileSync(two, 'utf8'));
  });

  test('that is there is used as it is, and not through a link to nowhere', async () => {
    const file = join(folder, 'given');
    writeFileSync(file, 'a-secret-of-ours-2026\n', { mode: 0o600 });
    const agent = await agentFor({ 'auth-token-file': file });
    expect((await agent.ask('/metrics', { headers: { authorization: 'a-secret-of-ours-2026' } })).status).toBe(200);
    expect(agent.stderr()).toBe('');
    chmodSync(file, 0o644);
    expect((await agentFor({ 'auth-token-file': file })).stderr()).toContain('can be read by others');
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
    await expect(agentFor({ 'auth-token-file': join(folder, 'link') })).rejects.toThrow('cannot be read');
  });

  test('that others could have written is not taken: they would know the secret', async () => {
    const file = join(folder, 'of-others');
    writeFileSync(file, 'a-secret-of-ours-2026\n', { mode: 0o600 });
    await agentFor({ 'auth-token-file': file });
    chmodSync(file, 0o666);
    await expect(agentFor({ 'auth-token-file': file })).rejects.toThrow('others could have written it');
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(!isRoot)('that is somebody else’s is not taken', async () => {
    const file = join(folder, 'of-another');
    writeFileSync(file, 'a-secret-of-ours-2026\n', { mode: 0o600 });
    await agentFor({ 'auth-token-file': file });
    chownSync(file, 12_345, 12_345);
    await expect(agentFor({ 'auth-token-file': file })).rejects.toThrow('others could have written it');
  });

  test.each(['', 'short', 'with spaces in it, and long'])('that holds %j is not taken', async (text) => {
    const file = join(folder, 'bad');
    writeFileSync(file, text);
    await expect(agentFor({ 'auth-token-file': file })).rejects.toThrow('must hold a secret');
  });
});

test('GET /metrics is what Prometheus reads, and holds no token, audience or role', async () => {
  const { ask } = await agentFor();
  expect([...parsePrometheus((await ask('/metrics')).body).keys()]).toContain('cambio_agent_cache_hit_ratio');
  for (let round = 0; round < 3; round += 1) await ask('/token', post(exchangeForm()));
  reply = refusal;
  await ask('/token', post(exchangeForm({ audience: 'secret-audience' })));
  await ask('/nope');
  const { headers, body } = await ask('/metrics');
  expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  const families = parsePrometheus(body);
  const value = (family: string, key: string) =>
    families.get(`cambio_agent_${family}`)?.samples.get(`cambio_agent_${key}`);
  expect(value('requests_total', 'requests_total{route="/token",status="200"}')).toBe(3);
  expect(value('requests_total', 'requests_total{route="/token",status="400"}')).toBe(1);
  expect(value('requests_total', 'requests_total{route="other",status="404"}')).toBe(1);
  expect(value('cache_requests_total', 'cache_requests_total{result="hit"}')).toBe(2);
  expect(value('cache_hit_ratio', 'cache_hit_ratio')).toBe(0.5);
  expect(value('cache_entries', 'cache_entries')).toBe(1);
  expect(value('exchanges_total', 'exchanges_total{result="granted"}')).toBe(1);
  expect(value('exchanges_total', 'exchanges_total{result="refused"}')).toBe(1);
  expect(value('exchange_duration_seconds', 'exchange_duration_seconds_count')).toBe(2);
  expect(body).not.toMatch(/issued|orders-api|secret-audience|eyJ/);
});

test('the parser that reads them is strict', () => {
  const head = '# HELP a_total A.\n# TYPE a_total counter\n';
  expect(parsePrometheus(`${head}a_total{b="c"} 1\n`).get('a_total')?.samples.get('a_total{b="c"}')).toBe(1);
  for (const bad of [
    'a_total 1',
    `${head}b_total 1\n`,
    `${head}a_total{b=c} 1\n`,
    `${head}a_total one\n`,
    `${head}a_total -1\n`,
    `${head}a_total 1\na_total 1\n`,
  ]) {
    expect(() => parsePrometheus(bad)).toThrow();
  }
});
