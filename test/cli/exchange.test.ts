// `cambio exchange` over real HTTP: what it sends, what it prints, when it tries again, and what it never says.
import { generateKeyPairSync, hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, importSPKI, type JWK, jwtVerify } from 'jose';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { newKey } from '../../cli/dpop/proof.ts';
import { createProver } from '../../cli/dpop/prover.ts';
import type { HttpRequest } from '../../cli/http-client.ts';
import type { Machine } from '../../cli/machine.ts';
import { serverOf } from '../../cli/server.ts';
import { exchangeToken } from '../../cli/token/token-exchange.ts';
import { cambioIn, inTheWorld } from './cambio.ts';
import { fakeRoles } from './fake-roles.ts';
import { type FakeServer, fakeServer, granting, type Reply, unsignedJwt } from './fake-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-exchange-'));
afterAll(() => rmSync(folder, { recursive: true }));
const token = unsignedJwt();
const decision = '6f1c1d3e-8a4b-4c2d-9e0f-0123456789ab';

let server: FakeServer | undefined;
afterEach(() => server?.close());

/** Runs an exchange against a server whose /token answers so. */
async function exchange(
  replies: readonly Reply[],
  options: readonly string[] = [],
  changes: Partial<Machine> & { readonly environment?: Readonly<Record<string, string>> } = {},
) {
  const pauses: number[] = [];
  let next = 0;
  const here = await fakeServer({ ...granting, '/token': () => replies[Math.min(next++, replies.length - 1)] ?? {} });
  server = here;
  const world = inTheWorld({ CAMBIO_URL: here.url, CAMBIO_ID_TOKEN: token, ...changes.environment });
  const sleep = async (milliseconds: number): Promise<void> => void pauses.push(milliseconds);
  const target = options.some((each) => /^--(audience|resource)$/.test(each)) ? [] : ['--audience', 'orders-api'];
  const machine = { ...world, sleep, ...changes, environment: world.environment };
  const ran = await cambioIn(machine, 'exchange', ...target, ...options);
  return { ...ran, pauses, requests: here.at('/token'), received: here.received };
}

const granted = granting['/token'] as Reply;
const refusal = (error: string, status = 400, headers: Record<string, string> = {}): Reply => ({
  status,
  headers,
  body: { error, error_description: 'words of the server', decision_id: decision },
});

describe('a granted exchange', () => {
  test('sends the form of RFC 8693 and prints the token alone', async () => {
    const { exit, stdout, stderr, requests } = await exchange([granted], ['--scope', 'orders:read']);
    expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: 'issued\n', stderr: '' });
    expect(Object.fromEntries(requests[0]?.form ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      audience: 'orders-api',
      scope: 'orders:read',
    });
    expect(requests[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(requests[0]?.headers.authorization).toBeUndefined();
  });

  test('names a resource instead of an audience, one of them', async () => {
    const { exit, requests } = await exchange([granted], ['--resource', 'https://orders.acme.example']);
    expect([exit, requests[0]?.form.get('resource')]).toEqual([0, 'https://orders.acme.example']);
    expect(requests[0]?.form.has('audience')).toBe(false);
    const both = await exchange([granted], ['--resource', 'https://a.example', '--audience', 'b']);
    expect([both.exit, both.requests.length]).toEqual([2, 0]);
  });

  test('prints the whole answer with --json', async () => {
    const { stdout } = await exchange([granted], ['--json']);
    expect(JSON.parse(stdout)).toEqual(granted.body);
  });

  test('says on stderr what of the scope was not granted', async () => {
    const { exit, stderr } = await exchange([granted], ['--scope', 'orders:read orders:write']);
    expect([exit, stderr]).toEqual([0, 'cambio: not granted of the scope: orders:write\n']);
  });

  test.each([
    ['an access token of RFC 9068', unsignedJwt({}, { typ: 'at+jwt' }), 'access_token'],
    ['an opaque token', 'opaque-handle', 'access_token'],
    ['any other JWT', unsignedJwt({}, { typ: undefined }), 'jwt'],
  ])('declares %s as what it is', async (_what, subject, type) => {
    const { requests } = await exchange([granted], [], { environment: { CAMBIO_ID_TOKEN: subject } });
    expect(requests[0]?.form.get('subject_token_type')).toBe(`urn:ietf:params:oauth:token-type:${type}`);
  });
});

describe('client credentials', () => {
  test('a secret goes into Basic, form-urlencoded first', async () => {
    const options = ['--client-id', 'acme/legacy', '--client-secret-env', 'SECRET'];
    const { exit, requests } = await exchange([granted], options, { environment: { SECRET: 'a:b%+ £' } });
    const basic = Buffer.from('acme%2Flegacy:a%3Ab%25%2B+%C2%A3').toString('base64');
    expect([exit, requests[0]?.headers.authorization]).toEqual([0, `Basic ${basic}`]);
    expect(requests[0]?.form.has('client_id')).toBe(false);
  });

  const keys = {
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    EdDSA: generateKeyPairSync('ed25519'),
  } as const;

  test.each(Object.keys(keys) as (keyof typeof keys)[])('a PEM key signs an assertion with %s', async (alg) => {
    const { privateKey, publicKey } = keys[alg];
    const file = join(folder, `${alg}.pem`);
    writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    const { exit, requests } = await exchange([granted], ['--client-id', 'checkout', '--client-key', file]);
    expect(exit).toBe(0);
    const assertion = requests[0]?.form.get('client_assertion') ?? '';
    const spki = publicKey.export({ format: 'pem', type: 'spki' }).toString();
    const { payload, protectedHeader } = await jwtVerify(assertion, await importSPKI(spki, alg), {
      issuer: 'checkout',
      subject: 'checkout',
      audience: server?.url ?? '',
    });
    expect(protectedHeader).toEqual({ alg, typ: 'JWT' });
    expect(payload.aud).toBe(server?.url);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(60);
    expect(payload.jti).toMatch(/^[0-9a-f-]{36}$/);
    expect(requests[0]?.form.get('client_assertion_type')).toBe(
      'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    );
    expect(requests[0]?.form.get('client_id')).toBe('checkout');
  });

  test('a JWK key gives its kid and alg, and each attempt a new jti', async () => {
    const jwk = { ...keys.RS256.privateKey.export({ format: 'jwk' }), kid: 'key-1', alg: 'PS256' };
    const file = join(folder, 'key.json');
    writeFileSync(file, JSON.stringify(jwk));
    const busy = refusal('temporarily_unavailable', 503);
    const { requests } = await exchange([busy, granted], ['--client-id', 'checkout', '--client-key', file]);
    const spki = keys.RS256.publicKey.export({ format: 'pem', type: 'spki' }).toString();
    const key = await importSPKI(spki, 'PS256');
    const ids = requests.map(async ({ form }) => {
      const assertion = form.get('client_assertion') ?? '';
      expect(decodeProtectedHeader(assertion)).toEqual({ alg: 'PS256', typ: 'JWT', kid: 'key-1' });
      return (await jwtVerify(assertion, key)).payload.jti;
    });
    expect(new Set(await Promise.all(ids)).size).toBe(2);
  });

  test('a workload’s own token is an assertion, with or without a client id', async () => {
    const file = join(folder, 'pod-token');
    writeFileSync(file, `${token}\n`);
    const { requests } = await exchange([granted], ['--client-assertion-file', file]);
    expect(requests[0]?.form.get('client_assertion')).toBe(token);
    expect(requests[0]?.form.has('client_id')).toBe(false);
    const named = await exchange([granted], ['--client-assertion-file', file, '--client-id', 'orders']);
    expect(named.requests[0]?.form.get('client_id')).toBe('orders');
  });

  test.each<[string, readonly string[]]>([
    ['--client-id needs', ['--client-id', 'x']],
    ['need --client-id', ['--client-secret-env', 'X']],
    ['give one of --client-secret-env', ['--client-id', 'x', '--client-secret-env', 'X', '--client-key', 'k']],
    ['the environment has no X', ['--client-id', 'x', '--client-secret-env', 'X']],
    ['cannot be read (ENOENT)', ['--client-id', 'x', '--client-key', join(folder, 'absent')]],
  ])('says %s', async (words, options) => {
    const { exit, stderr, requests } = await exchange([granted], options);
    expect([exit, stderr, requests.length]).toEqual([2, expect.stringContaining(words), 0]);
  });

  test.each([
    ['not a private key', 'secret-text-that-is-no-key'],
    ['not a private key', JSON.stringify({ kty: 'oct', k: 'secret-text-that-is-no-key' })],
    [
      'alg of the JWK does not fit',
      JSON.stringify({ ...keys.ES256.privateKey.export({ format: 'jwk' }), alg: 'RS256' }),
    ],
  ])('a key file that is %s is not quoted', async (words, text) => {
    const file = join(folder, 'bad-key');
    writeFileSync(file, text);
    const { exit, stderr } = await exchange([granted], ['--client-id', 'x', '--client-key', file]);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(words)]);
    expect(stderr).not.toContain(text.slice(-20));
  });
});

describe('a refusal', () => {
  test.each([
    ['invalid_request', 400, '--token-audience'],
    ['invalid_target', 400, 'policy explain'],
    ['invalid_scope', 400, '--scope'],
    ['invalid_client', 401, '--client-id'],
    ['unsupported_grant_type', 400, '--url'],
    ['invalid_dpop_proof', 400, 'proof of possession'],
  ])('%s is told once, with its decision and what to check, and never tried again', async (error, status, check) => {
    const { exit, stdout, stderr, requests } = await exchange([refusal(error, status)]);
    expect({ exit, stdout, asked: requests.length }).toEqual({ exit: 1, stdout: '', asked: 1 });
    expect(stderr).toContain(`cambio: refused: ${error} (${status}): words of the server\n`);
    expect(stderr).toContain(`cambio why ${decision}`);
    expect(stderr).toMatch(new RegExp(`check: .*${check}`));
    expect(stderr).toContain(
      'token:    from CAMBIO_ID_TOKEN: iss https://issuer.acme.example, aud https://sts.acme.example',
    );
  });

  test.each(['www-authenticate', 'x-amzn-remapped-www-authenticate'])('says what %s wants', async (header) => {
    const { stderr } = await exchange([refusal('invalid_client', 401, { [header]: 'Basic realm="token"' })]);
    expect(stderr).toContain('wanted:   Basic realm="token"');
  });

  test('never holds the token, not even when the server sends it back, and no control characters', async () => {
    const body = { error: 'invalid_request', error_description: `got ${token} \u001b[2J`, decision_id: 'x\u001b[2J' };
    const { exit, stdout, stderr } = await exchange([{ status: 400, body }]);
    expect(exit).toBe(1);
    expect(stdout + stderr).not.toContain(token.split('.')[1]);
    expect(stderr).not.toContain('\u001b');
    expect(stderr).toContain('got <token> ?[2J');
  });

  test('says how long the token has been expired', async () => {
    const expired = unsignedJwt({ exp: Math.floor(Date.now() / 1_000) - 600 });
    const { stderr } = await exchange([refusal('invalid_request')], [], { environment: { CAMBIO_ID_TOKEN: expired } });
    expect(stderr).toContain('expired 10 min ago');
  });

  test.each([
    ['HTML of another server', { status: 404, body: '<html>' }],
    ['an endpoint that is not there', { status: 404, body: { error: 'invalid_request' } }],
    ['a redirect', { status: 302, headers: { location: 'https://elsewhere.example/' }, body: '' }],
  ])('by %s is about the URL, and no redirect is followed', async (_what, reply) => {
    const { exit, stderr, received } = await exchange([reply]);
    expect([exit, received.length]).toEqual([1, 1]);
    expect(stderr).toContain('it must be the API base of Cambio');
  });
});

describe('what may be tried again', () => {
  const busy = (retryAfter?: string) =>
    refusal('temporarily_unavailable', 503, retryAfter === undefined ? {} : { 'retry-after': retryAfter });

  test('503 and 429 are, with pauses that are no shorter than Retry-After', async () => {
    const throttled = refusal('slow_down', 429, { 'retry-after': '2' });
    const { exit, stdout, stderr, requests, pauses } = await exchange([busy('1'), throttled, granted]);
    expect({ exit, stdout, stderr, asked: requests.length }).toEqual({
      exit: 0,
      stdout: 'issued\n',
      stderr: '',
      asked: 3,
    });
    expect(pauses[0]).toBeGreaterThanOrEqual(1_000);
    expect(pauses[1]).toBeGreaterThanOrEqual(2_000);
    expect(new Set(requests.map(({ form }) => form.get('subject_token'))).size).toBe(1);
  });

  test('they end with exit 3 after four attempts', async () => {
    const { exit, stdout, stderr, requests } = await exchange([busy('1')]);
    expect({ exit, stdout, asked: requests.length }).toEqual({ exit: 3, stdout: '', asked: 4 });
    expect(stderr).toContain('cambio: unavailable: temporarily_unavailable (503)');
    expect(stderr).toContain('again in 1 s');
  });

  test('pauses are random', async () => {
    const low = await exchange([busy()], [], { random: () => 0 });
    const high = await exchange([busy()], [], { random: () => 0.999 });
    expect(low.pauses).toEqual([100, 200, 400]);
    for (const [index, pause] of high.pauses.entries()) expect(pause).toBeGreaterThan((low.pauses[index] ?? 0) * 3);
  });

  test('not beyond the life of the token', async () => {
    const short = unsignedJwt({ exp: Math.floor(Date.now() / 1_000) + 2 });
    const { exit, requests } = await exchange([busy('5')], [], { environment: { CAMBIO_ID_TOKEN: short } });
    expect([exit, requests.length]).toEqual([3, 1]);
    const long = await exchange([busy('5'), granted]);
    expect([long.exit, long.requests.length]).toEqual([0, 2]);
  });

  test('not for as long as a server may ask for', async () => {
    const { exit, requests, stderr } = await exchange([busy('3600')]);
    expect([exit, requests.length]).toEqual([3, 1]);
    expect(stderr).toContain('again in 3600 s');
  });

  test('500 is not, and is exit 3', async () => {
    const { exit, requests, stderr } = await exchange([refusal('server_error', 500)]);
    expect([exit, requests.length]).toEqual([3, 1]);
    expect(stderr).toContain('cambio: failed: server_error (500)');
  });

  test('nobody listening is tried again, then exit 3 with what to check', async () => {
    const gone = await fakeServer({});
    await gone.close();
    const pauses: number[] = [];
    const world = inTheWorld({ CAMBIO_URL: gone.url, CAMBIO_ID_TOKEN: token });
    const machine = { ...world, sleep: async (milliseconds: number) => void pauses.push(milliseconds) };
    const { exit, stderr } = await cambioIn(machine, 'exchange', '--audience', 'orders-api');
    expect([exit, pauses.length]).toEqual([3, 3]);
    expect(stderr).toContain(`no answer from 127.0.0.1:${gone.port}: ECONNREFUSED`);
    expect(stderr).toContain('HTTPS_PROXY');
  });
});

test.each([
  ['must be https', 'http://sts.acme.example'],
  ['must not hold a user', 'https://user:password@sts.acme.example'],
  ['is no URL', 'nonsense'],
])('a server URL %s', async (words, url) => {
  const { exit, stderr, requests } = await exchange([granted], ['--url', url]);
  expect([exit, stderr, requests.length]).toEqual([2, expect.stringContaining(words), 0]);
});

describe('proof of possession', () => {
  const bound: Reply = { body: { access_token: 'bound', token_type: 'DPoP', expires_in: 300, scope: 'orders:read' } };
  const wanted = (nonce: string): Reply => refusal('use_dpop_nonce', 400, { 'dpop-nonce': nonce });
  const proofsOf = (requests: readonly { readonly headers: Record<string, unknown> }[]) =>
    requests.map(({ headers }) => decodeJwt(String(headers['dpop'])));

  test('is sent with --dpop alone, and the nonce that is wanted is answered once', async () => {
    const none = await exchange([granted]);
    expect(none.requests[0]?.headers['dpop']).toBeUndefined();
    const { exit, stdout, stderr, requests } = await exchange([wanted('n1'), bound], ['--dpop']);
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'bound\n' });
    expect(stderr).toBe(
      'cambio: the key that the token is bound to ended with this command; --dpop-key FILE binds it to one of yours\n',
    );
    const proofs = proofsOf(requests);
    expect(proofs.map(({ nonce }) => nonce)).toEqual([undefined, 'n1']);
    expect(proofs[1]).toMatchObject({ htm: 'POST', htu: `${server?.url}/token` });
    expect(proofs[1]?.['ath']).toBe(hash('sha256', token, 'base64url'));
    expect((await exchange([wanted('n1'), wanted('n2'), bound], ['--dpop'])).requests.length).toBe(2);
  });

  test('is of the key that --dpop-key names, each attempt’s own, with an assertion of its own', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const [pem, jwk] = ['dpop.pem', 'dpop.jwk'].map((name) => join(folder, name)) as [string, string];
    writeFileSync(pem, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    writeFileSync(jwk, JSON.stringify(privateKey.export({ format: 'jwk' })), { mode: 0o644 });
    const jkt = await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }) as JWK);
    const busy = refusal('temporarily_unavailable', 503);
    const client = ['--client-id', 'checkout', '--client-key', pem];
    const { exit, stderr, requests } = await exchange([wanted('n1'), busy, bound], ['--dpop-key', pem, ...client]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    for (const values of [
      proofsOf(requests).map(({ jti }) => jti),
      requests.map(({ form }) => decodeJwt(form.get('client_assertion') ?? '').jti),
    ])
      expect(new Set(values).size).toBe(3);
    for (const { headers } of requests) {
      expect(await calculateJwkThumbprint(decodeProtectedHeader(String(headers['dpop'])).jwk as JWK)).toBe(jkt);
    }
    expect((await exchange([bound], ['--dpop-key', jwk])).stderr).toBe(
      `cambio: ${jwk} can be read by others than its owner\n`,
    );
  });

  test('is for the actor’s token where that alone is bound', async () => {
    const [plain, tied] = [unsignedJwt({ sub: 'a' }), unsignedJwt({ sub: 'b', cnf: { jkt: 'x' } })];
    const athOf = async (subject: string, form: Record<string, string>) => {
      let sent: HttpRequest | undefined;
      const send = async (request: HttpRequest) => {
        sent = request;
        return { status: 200, headers: {}, body: JSON.stringify(bound.body) };
      };
      const machine = { ...inTheWorld({}), send };
      const prover = createProver(newKey(), machine);
      const found = { token: subject, from: 'here' };
      const asked = { subject: found, client: undefined, prover, form };
      await exchangeToken(asked, serverOf('https://cambio.acme.example', machine), machine);
      return decodeJwt(sent?.headers?.['dpop'] ?? '')['ath'];
    };
    const hashOf = (text: string) => hash('sha256', text, 'base64url');
    expect(await athOf(plain, { actor_token: tied })).toBe(hashOf(tied));
    expect(await athOf(tied, { actor_token: tied })).toBe(hashOf(tied));
    expect(await athOf(plain, { actor_token: plain })).toBe(hashOf(plain));
    expect(await athOf('opaque', {})).toBe(hashOf('opaque'));
  });

  test('that the server does not heed is an error: what anybody may use is not printed', async () => {
    const { exit, stdout, stderr } = await exchange([granted], ['--dpop']);
    expect([exit, stdout, stderr]).toEqual([2, '', expect.stringContaining('bound the token to no key')]);
    expect((await exchange([granted])).exit).toBe(0);
  });

  test.each([
    ['no file', 'missing.pem', undefined],
    ['no key', 'text.pem', 'top secret'],
    ['a public key', 'public.pem', generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })],
  ])('with %s behind --dpop-key asks nobody, and quotes nothing', async (_what, name, content) => {
    const file = join(folder, name);
    if (content !== undefined) writeFileSync(file, content, { mode: 0o600 });
    const { exit, stderr, received } = await exchange([bound], ['--dpop-key', file]);
    expect([exit, received.length]).toEqual([2, 0]);
    expect(stderr).toContain(file);
    expect(stderr).not.toContain('top secret');
  });

  test('of a bound token for an API is what cambio proof prints, for one request', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = join(folder, 'api.pem');
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const jkt = await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }) as JWK);
    const mine = unsignedJwt({ cnf: { jkt } });
    const proof = (environment: Record<string, string>, ...words: string[]) =>
      cambioIn(inTheWorld(environment), 'proof', ...words, '--token-env', 'T');
    const url = 'https://orders.acme.example/orders/7';
    const words = [`${url}?x=1`, '--dpop-key', key];
    const { exit, stdout, stderr } = await proof({ T: mine }, ...words, '--method', 'PUT', '--nonce', 'theirs');
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    const [, token, dpop = ''] = /^Authorization: DPoP (.*)\nDPoP: (.*)\n$/.exec(stdout) ?? [];
    expect(token).toBe(mine);
    const { payload, protectedHeader } = await jwtVerify(dpop, publicKey, { typ: 'dpop+jwt' });
    expect(await calculateJwkThumbprint(protectedHeader.jwk as JWK)).toBe(jkt);
    expect(payload).toMatchObject({ htm: 'PUT', htu: url, nonce: 'theirs', ath: hash('sha256', mine, 'base64url') });
    for (const [told, ...line] of [
      ['not bound to this key', { T: unsignedJwt({ cnf: { jkt: 'x' } }) }, ...words],
      ['not bound to this key', { T: unsignedJwt() }, ...words],
      ['needs --dpop-key', { T: mine }, url],
      ['the URL is none', { T: mine }, '/orders', '--dpop-key', key],
      ['the method is none', { T: mine }, ...words, '--method', 'get it'],
    ] as const) {
      const [environment, ...rest] = line;
      const ran = await proof(environment, ...rest);
      expect([ran.exit, ran.stdout, ran.stderr]).toEqual([2, '', expect.stringContaining(told)]);
    }
  });

  test('goes with a request for credentials, of the key that the subject token is bound to', async () => {
    const key = join(folder, 'role.pem');
    writeFileSync(
      key,
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
      { mode: 0o600 },
    );
    const roles = await fakeRoles();
    server = roles.server;
    const machine = inTheWorld({ CAMBIO_URL: roles.server.url, T: token });
    const words = ['aws', '--role', 'deploy-prod', '--token-env', 'T', '--dpop-key', key];
    expect(await cambioIn(machine, ...words)).toMatchObject({ exit: 0, stderr: '' });
    expect(await cambioIn(machine, ...words, '--format', 'container')).toMatchObject({ exit: 0, stderr: '' });
    const ath = hash('sha256', token, 'base64url');
    expect(proofsOf(roles.server.received)).toMatchObject([
      { htm: 'POST', htu: `${roles.server.url}/token`, ath },
      { htm: 'GET', htu: `${roles.server.url}/credentials`, ath },
    ]);
  });
});
