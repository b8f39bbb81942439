// `cambio-token-exchange/client` over real sockets: what it asks, how often, what it tries again, and whom it keeps apart.
import { generateKeyPairSync, hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STSClient } from '@aws-sdk/client-sts';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CambioError, createClient, fromCambio } from '../../../cli/client/client.ts';
import { tokenClient } from '../../../cli/client/token-client.ts';
import type { Machine } from '../../../cli/machine.ts';
import { inTheWorld } from '../cambio.ts';
import { busyRole, type FakeRoles, fakeRoles, refusedRole } from '../fake-roles.ts';
import { type FakeServer, fakeServer, granting, type Reply, unsignedJwt } from '../fake-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-client-'));
afterAll(() => rmSync(folder, { recursive: true }));

let server: FakeServer;
let replies: Reply[];
let issued: number;
beforeEach(async () => {
  [replies, issued] = [[], 0];
  server = await fakeServer({
    ...granting,
    '/token': () => {
      const reply = replies.shift();
      if (reply) return reply;
      issued += 1;
      const life = { expires_in: 300, scope: 'orders:read' };
      return { body: { access_token: `issued-${issued}`, token_type: 'Bearer', ...life } };
    },
  });
});
afterEach(() => server.close());

const workload = unsignedJwt({ sub: 'workload' });
const decision = '6f1c1d3e-8a4b-4c2d-9e0f-0123456789ab';
const refusal: Reply = {
  status: 400,
  body: { error: 'invalid_target', error_description: 'not one target', decision_id: decision },
};
const busy: Reply = { status: 503, headers: { 'retry-after': '1' }, body: { error: 'temporarily_unavailable' } };
const orders = { audience: 'orders-api' };
const ours = () => createClient({ url: server.url, workloadToken: () => workload });
const asked = () => server.at('/token');

describe('a token', () => {
  test('is asked for once for all who want it at once, and kept', async () => {
    const cambio = ours();
    const answers = await Promise.all(Array.from({ length: 500 }, () => cambio.token(orders)));
    expect(new Set(answers.map(({ accessToken }) => accessToken))).toEqual(new Set(['issued-1']));
    expect((await cambio.token(orders)).accessToken).toBe('issued-1');
    expect(asked().map(({ form }) => Object.fromEntries(form))).toEqual([
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: workload,
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        audience: 'orders-api',
      },
    ]);
    expect(answers[0]).toEqual({
      accessToken: 'issued-1',
      tokenType: 'Bearer',
      issuedTokenType: 'urn:ietf:params:oauth:token-type:access_token',
      expiresAt: expect.any(Date),
      scope: 'orders:read',
    });
    const life = Number(answers[0]?.expiresAt) - Date.now();
    expect([life > 290_000, life <= 300_000]).toEqual([true, true]);
  });

  test('is kept apart by everything that shapes it', async () => {
    const cambio = ours();
    const [one, two] = [unsignedJwt({ sub: 'one' }), unsignedJwt({ sub: 'two' })];
    const requests = [
      orders,
      { ...orders, scope: 'orders:read' },
      { audience: 'payments-api' },
      { resource: 'https://orders.acme.example' },
      { ...orders, requestedTokenType: 'urn:ietf:params:oauth:token-type:jwt' },
      { ...orders, subjectToken: one },
      { ...orders, subjectToken: two },
      { ...orders, actorToken: one },
      { ...orders, subjectToken: one, actorToken: two },
    ];
    const first = [];
    for (const request of requests) first.push((await cambio.token(request)).accessToken);
    expect(new Set(first).size).toBe(requests.length);
    for (const [index, request] of requests.entries()) {
      expect((await cambio.token(request)).accessToken).toBe(first[index]);
    }
    expect(asked().length).toBe(requests.length);
    expect(asked().at(-1)?.form.get('subject_token')).toBe(one);
    expect(asked().at(-1)?.form.get('actor_token')).toBe(two);
  });

  test('that an API refused is forgotten, and asked for once by all who were refused', async () => {
    const cambio = ours();
    const { accessToken } = await cambio.token(orders);
    const retried = Array.from({ length: 20 }, () => {
      cambio.forget(accessToken);
      return cambio.token(orders);
    });
    expect(new Set((await Promise.all(retried)).map((each) => each.accessToken))).toEqual(new Set(['issued-2']));
    cambio.forget(accessToken);
    expect((await cambio.token(orders)).accessToken).toBe('issued-2');
  });

  test('is renewed before it ends, with the token the file then holds', async () => {
    const file = join(folder, 'projected');
    const [before, after] = [unsignedJwt({ sub: 'pod', jti: '1' }), unsignedJwt({ sub: 'pod', jti: '2' })];
    writeFileSync(file, `${before}\n`);
    let clock = Date.now();
    const machine = { ...inTheWorld({}), clock: () => clock };
    const cambio = tokenClient({ url: server.url, workloadToken: { file } }, machine);
    await cambio.token(orders);
    writeFileSync(file, `${after}\n`);
    clock += 250_000;
    expect((await cambio.token(orders)).accessToken).toBe('issued-1');
    await expect.poll(async () => (await cambio.token(orders)).accessToken).toBe('issued-2');
    expect(asked().map(({ form }) => form.get('subject_token'))).toEqual([before, after]);
  });
});

describe('a token that is bound to a key', () => {
  const bound: Reply = { body: { access_token: 'bound', token_type: 'DPoP', expires_in: 300 } };
  const wanted: Reply = { status: 400, headers: { 'dpop-nonce': 'n1' }, body: { error: 'use_dpop_nonce' } };
  const url = 'https://orders.acme.example/orders/7?x=1';

  test('comes with proofs of one key, and is sent with one of its own for each request', async () => {
    replies.push(wanted, bound, bound);
    const cambio = createClient({ url: server.url, workloadToken: () => workload, dpop: true });
    const token = await cambio.token(orders);
    await cambio.token({ audience: 'payments-api' });
    expect(token).toMatchObject({ accessToken: 'bound', tokenType: 'DPoP' });
    const [one, two] = [1, 2].map(() => cambio.headersFor(token, { method: 'GET', url, nonce: 'theirs' }));
    expect(one?.['authorization']).toBe('DPoP bound');
    const ath = hash('sha256', 'bound', 'base64url');
    const claims = { htm: 'GET', htu: 'https://orders.acme.example/orders/7', ath, nonce: 'theirs' };
    expect(decodeJwt(one?.['dpop'] ?? '')).toMatchObject(claims);
    expect(decodeJwt(two?.['dpop'] ?? '').jti).not.toBe(decodeJwt(one?.['dpop'] ?? '').jti);
    const proofs = [...asked().map(({ headers }) => String(headers['dpop'])), one?.['dpop'] ?? ''];
    expect(proofs.map((each) => decodeJwt(each)['nonce'])).toEqual([undefined, 'n1', 'n1', 'theirs']);
    expect(new Set(proofs.map((each) => JSON.stringify(decodeProtectedHeader(each).jwk))).size).toBe(1);
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const given = createClient({ url: server.url, workloadToken: () => workload, dpop: { privateKey: pem } });
    const { dpop = '' } = given.headersFor(token, { method: 'GET', url: new URL(url) });
    expect(decodeProtectedHeader(dpop).jwk).toEqual(publicKey.export({ format: 'jwk' }));
  });

  test('is not sent by a client without its key, nor in the place of a bearer token', async () => {
    const bearer = await ours().token(orders);
    expect(ours().headersFor(bearer, { method: 'GET', url })).toEqual({ authorization: 'Bearer issued-1' });
    const proving = createClient({ url: server.url, workloadToken: () => workload, dpop: true });
    const misconfigured = expect.objectContaining({ name: 'CambioError', error: 'misconfigured' });
    await expect(proving.token(orders)).rejects.toEqual(misconfigured);
    const dpop = { accessToken: 'bound', tokenType: 'DPoP' };
    for (const send of [
      () => ours().headersFor(dpop, { method: 'GET', url }),
      () => proving.headersFor(dpop, { method: 'GET', url: '/orders' }),
      () => proving.headersFor({ ...dpop, tokenType: 'N_A' }, { method: 'GET', url }),
      () => createClient({ url: server.url, dpop: { privateKey: 'none' } }),
    ]) {
      const thrown = await Promise.resolve()
        .then<unknown>(send)
        .catch((error: unknown) => error);
      expect(thrown).toEqual(misconfigured);
    }
    expect(proving.headersFor(dpop, { method: 'GET', url })['authorization']).toBe('DPoP bound');
  });
});

describe('a refusal', () => {
  test('is told with error and decision, is not tried again, and names no token', async () => {
    replies.push(refusal);
    const cambio = ours();
    const error = await cambio.token(orders).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(CambioError);
    expect(error).toMatchObject({
      error: 'invalid_target',
      error_description: 'not one target',
      decision_id: decision,
      status: 400,
      retryable: false,
    });
    expect(String(error)).toContain(`invalid_target: not one target (decision ${decision}; token: from workloadToken`);
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain(workload);
    expect(asked().length).toBe(1);
    expect((await cambio.token(orders)).accessToken).toBe('issued-1');
  });
});

/** A machine whose time passes in its pauses alone. */
function patient(): { readonly machine: Machine; readonly waited: () => number } {
  const start = Date.now();
  let now = start;
  const sleep = async (milliseconds: number): Promise<void> => {
    now += milliseconds;
  };
  return { machine: { ...inTheWorld({}), clock: () => now, sleep }, waited: () => now - start };
}

describe('what may pass', () => {
  test('is tried again, no sooner than Retry-After says, and asks once for all', async () => {
    replies.push(busy, busy);
    const { machine, waited } = patient();
    const cambio = tokenClient({ url: server.url, workloadToken: () => workload }, machine);
    const answers = await Promise.all([cambio.token(orders), cambio.token(orders), cambio.token(orders)]);
    expect(answers.map(({ accessToken }) => accessToken)).toEqual(['issued-1', 'issued-1', 'issued-1']);
    expect(waited()).toBeGreaterThanOrEqual(2_000);
    expect(asked().length).toBe(3);
  });

  test('is not waited for beyond the deadline', async () => {
    replies.push({ ...busy, headers: { 'retry-after': '30' } });
    const { machine, waited } = patient();
    const cambio = tokenClient({ url: server.url, workloadToken: () => workload }, machine);
    const error = await cambio.token({ ...orders, timeoutMs: 5_000 }).catch((error: unknown) => error);
    expect(error).toMatchObject({ error: 'temporarily_unavailable', status: 503, retryable: true });
    expect((error as CambioError).retryAfter).toBeGreaterThanOrEqual(30_000);
    expect([waited(), asked().length]).toEqual([0, 1]);
    expect((await cambio.token({ ...orders, timeoutMs: 60_000 })).accessToken).toBe('issued-1');
    expect(waited()).toBeGreaterThanOrEqual(30_000);
  });

  test('nor is a server that does not answer', async () => {
    const cambio = createClient({ url: server.url, workloadToken: () => new Promise<string>(() => {}), timeoutMs: 50 });
    await expect(cambio.token(orders)).rejects.toMatchObject({
      error: 'temporarily_unavailable',
      error_description: 'no answer within 50 ms',
      status: 0,
      retryable: true,
    });
  });
});

describe('a client of the policy', () => {
  test('authenticates by secret, each time with the one it has then', async () => {
    let secret = 'old';
    const client = { id: 'orders', secret: () => secret };
    const cambio = createClient({ url: server.url, workloadToken: () => workload, client });
    await cambio.token(orders);
    secret = 'new';
    await cambio.token({ audience: 'payments-api' });
    const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
    expect(asked().map(({ headers }) => headers.authorization)).toEqual([basic('orders:old'), basic('orders:new')]);
  });

  test('authenticates by key, for the issuer alone, with an assertion for each request', async () => {
    const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    const client = { id: 'orders', privateKey };
    const cambio = createClient({ url: server.url, workloadToken: () => workload, client });
    await cambio.token(orders);
    await cambio.token({ audience: 'payments-api' });
    const assertions = asked().map(({ form }) => form.get('client_assertion') ?? '');
    expect(decodeProtectedHeader(assertions[0] ?? '')).toMatchObject({ alg: 'ES256' });
    expect(assertions.map((each) => decodeJwt(each))).toEqual([
      expect.objectContaining({ iss: 'orders', sub: 'orders', aud: server.url }),
      expect.objectContaining({ iss: 'orders', sub: 'orders', aud: server.url }),
    ]);
    expect(new Set(assertions.map((each) => decodeJwt(each).jti)).size).toBe(2);
  });

  test('authenticates by its workload’s token', async () => {
    const client = { assertion: () => workload };
    const user = unsignedJwt({ sub: 'ada' });
    await createClient({ url: server.url, client }).token({ ...orders, subjectToken: user });
    const { form } = asked()[0] ?? {};
    expect([form?.get('client_assertion'), form?.get('subject_token')]).toEqual([workload, user]);
  });
});

describe('AWS credentials', () => {
  let roles: FakeRoles;
  beforeEach(async () => {
    roles = await fakeRoles();
  });
  afterEach(() => roles.server.close());

  test('are what a client of the AWS SDK takes, kept, and of one session for each who brings a token', async () => {
    const cambio = createClient({ url: roles.server.url, workloadToken: () => workload });
    const sts = new STSClient({ region: 'eu-west-1', credentials: () => cambio.credentials({ role: 'deploy-prod' }) });
    expect(await sts.config.credentials()).toMatchObject({
      accessKeyId: 'ASIA1',
      secretAccessKey: 'secret/+1',
      sessionToken: 'session/+=1',
      expiration: expect.any(Date),
      accountId: '111122223333',
    });
    expect((await cambio.credentials({ role: 'deploy-prod' })).accessKeyId).toBe('ASIA1');
    const user = { role: 'deploy-prod', subjectToken: unsignedJwt({ sub: 'ada' }) };
    expect((await cambio.credentials(user)).accessKeyId).toBe('ASIA2');
    expect((await cambio.credentials(user)).accessKeyId).toBe('ASIA2');
    expect((await cambio.credentials({ ...user, subjectToken: unsignedJwt({ sub: 'eve' }) })).accessKeyId).toBe(
      'ASIA3',
    );
  });

  test('come from a provider alone, too; a refusal is told once, what may pass is tried again', async () => {
    const options = { url: roles.server.url, workloadToken: () => workload };
    const provider = fromCambio({ role: 'deploy-prod', ...options });
    roles.failure = refusedRole;
    await expect(provider()).rejects.toMatchObject({ error: 'invalid_target', status: 403, decision_id: decision });
    expect(roles.server.at('/credentials').length).toBe(1);
    roles.failure = undefined;
    expect((await provider()).accessKeyId).toBe('ASIA1');
    roles.failure = busyRole;
    roles.asked = () => {
      if (roles.server.at('/credentials').length === 4) roles.failure = undefined;
    };
    const { credentials } = tokenClient(options, patient().machine);
    expect((await credentials({ role: 'deploy-prod' })).accessKeyId).toBe('ASIA2');
  });
});

describe('what cannot be meant', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['no URL', () => tokenClient({}, inTheWorld({})), /CAMBIO_URL/],
    ['a URL in the clear', () => createClient({ url: 'http://cambio.acme.example' }), /https/],
    ['no source', () => createClient({ url: server.url, workloadToken: 'pod' as 'aws' }), /workloadToken/],
  ])('%s stops the start', (_what, start, message) => {
    expect(start).toThrow(message);
    expect(start).toThrow(expect.objectContaining({ name: 'CambioError', error: 'misconfigured', retryable: false }));
    expect(tokenClient({}, inTheWorld({ CAMBIO_URL: server.url }))).toBeDefined();
  });

  test.each<[string, object, RegExp]>([
    ['no target', {}, /one of audience and resource/],
    ['two targets', { audience: 'a', resource: 'b' }, /one of audience and resource/],
    ['no token of a caller', { ...orders, subjectToken: undefined }, /subjectToken: nothing/],
    ['no token of who acts', { ...orders, actorToken: null }, /actorToken: nothing/],
    ['an empty token of a caller, which is not the workload’s', { ...orders, subjectToken: '' }, /subjectToken: empty/],
  ])('%s is told before anything is asked', async (_what, request, message) => {
    const cambio = ours();
    await expect(cambio.token(request)).rejects.toThrow(message);
    await expect(cambio.token(request)).rejects.toMatchObject({ error: 'misconfigured', status: 0 });
    expect(asked().length).toBe(0);
    expect((await cambio.token(orders)).accessToken).toBe('issued-1');
  });
});

test('what a function of the user throws comes out as it is', async () => {
  const failure = new Error('no socket');
  const cambio = createClient({ url: server.url, workloadToken: () => Promise.reject(failure) });
  await expect(cambio.token(orders)).rejects.toBe(failure);
});

test('GitHub is asked for a token for no issuer whose metadata names another API', async () => {
  const liar = await fakeServer({
    '/.well-known/oauth-authorization-server': { body: { issuer: 'https://sts.victim.example' } },
  });
  const github = await fakeServer({ '/token': { body: { value: workload } } });
  const jobOf = (url: string) => ({
    CAMBIO_URL: url,
    ACTIONS_ID_TOKEN_REQUEST_URL: `${github.url}/token?x=1`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
  });
  const refuse = async () => Promise.reject(new Error('no way to the victim in this test'));
  const world = inTheWorld({});
  const send: typeof world.send = (request) => (request.url.hostname === '127.0.0.1' ? world.send(request) : refuse());
  const at = (url: string) => tokenClient({}, { ...inTheWorld(jobOf(url)), send });
  await expect(at(liar.url).token(orders)).rejects.toThrow();
  expect([github.received.length, liar.at('/token').length]).toEqual([0, 0]);
  expect((await at(server.url).token(orders)).accessToken).toBe('issued-1');
  expect(github.received[0]?.query.get('audience')).toBe(server.url);
  await Promise.all([liar.close(), github.close()]);
});
