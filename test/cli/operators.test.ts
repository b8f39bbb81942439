// The operators' commands over real HTTP, as docs/commands.md describes them: what they send, what they print, how they end.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { cambioIn, inTheWorld } from './cambio.ts';
import { type FakeServer, fakeServer, granting, type Reply, unsignedJwt } from './fake-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-operators-'));
afterAll(() => rmSync(folder, { recursive: true }));
const issued = unsignedJwt({ jti: 'issued' }, { typ: 'at+jwt' });
const ciToken = unsignedJwt({ jti: 'ci' });
const issuedFile = join(folder, 'issued');
writeFileSync(issuedFile, `${issued}\n`);

let server: FakeServer | undefined;
afterEach(() => server?.close());

async function run(
  answers: Readonly<Record<string, Reply>>,
  words: readonly string[],
  variables: Record<string, string> = {},
) {
  const here = await fakeServer({ ...granting, ...answers });
  server = here;
  const environment = { CAMBIO_URL: here.url, CAMBIO_ID_TOKEN: ciToken, SECRET: 'hunter2', ...variables };
  const ran = await cambioIn(inTheWorld(environment), ...words);
  return { ...ran, received: here.received };
}

const client = ['--client-id', 'orders', '--client-secret-env', 'SECRET'];
const basic = `Basic ${Buffer.from('orders:hunter2').toString('base64')}`;
const refused: Reply = { status: 400, body: { error: 'invalid_request', error_description: 'token is not yours' } };
const signed = /^AWS4-HMAC-SHA256 Credential=LOCALSTACKONLY\/\d{8}\/us-east-1\/execute-api\/aws4_request/;

describe('introspect', () => {
  test('asks as a client and prints the answer, also of an inactive token', async () => {
    for (const body of [{ active: true, sub: 'github|x' }, { active: false }]) {
      const words = ['introspect', '--token-file', issuedFile, ...client];
      const { exit, stdout, stderr, received } = await run({ '/introspect': { body } }, words);
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
      expect(JSON.parse(stdout)).toEqual(body);
      expect(Object.fromEntries(received[0]?.form ?? [])).toEqual({ token: issued });
      expect(received[0]?.headers.authorization).toBe(basic);
      await server?.close();
    }
  });

  test('needs a client and a token, and never takes the token of the CI job for it', async () => {
    const answers = { '/introspect': { body: { active: true } } };
    const nobody = await run(answers, ['introspect', '--token-file', issuedFile]);
    expect([nobody.exit, nobody.stderr]).toEqual([2, expect.stringContaining('needs a client')]);
    const nothing = await run(answers, ['introspect', ...client]);
    expect([nothing.exit, nothing.stderr]).toEqual([2, expect.stringContaining('give --token-file')]);
    expect(nothing.received).toEqual([]);
  });
});

describe('revoke of an own token', () => {
  test('as a client', async () => {
    const words = ['revoke', '--token-file', issuedFile, ...client];
    const { exit, stdout, stderr, received } = await run({ '/revoke': {} }, words);
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: '' });
    expect(stderr).toContain('revoked');
    expect(Object.fromEntries(received[0]?.form ?? [])).toEqual({ token: issued });
    expect(received[0]?.headers.authorization).toBe(basic);
  });

  test('as the CI job that got it, with its own token as assertion and no client id', async () => {
    const { exit, received } = await run({ '/revoke': {} }, ['revoke', '--token-file', issuedFile]);
    expect(exit).toBe(0);
    expect(Object.fromEntries(received[0]?.form ?? [])).toEqual({
      token: issued,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: ciToken,
    });
    expect(received[0]?.headers.authorization).toBeUndefined();
  });

  test('that the server refuses is exit 1, and no token is shown', async () => {
    const { exit, stderr } = await run({ '/revoke': refused }, ['revoke', '--token-file', issuedFile]);
    expect([exit, stderr]).toEqual([1, expect.stringContaining('refused: invalid_request (400): token is not yours')]);
    for (const token of [issued, ciToken]) expect(stderr).not.toContain(token.split('.')[1]);
  });
});

describe('revoke by description', () => {
  const words = ['revoke', '--by', 'run', '--value', 'github|123', '--reason', 'leaked in a log'];

  test('is signed and sent whole', async () => {
    const body = { id: '1', by: 'run', value: 'github|123', issuedBefore: 5 };
    const { exit, stdout, received } = await run({ '/admin/revocations': { body } }, [
      ...words,
      '--issued-before',
      '5',
    ]);
    expect([exit, JSON.parse(stdout)]).toEqual([0, body]);
    const [request] = received;
    expect(request?.headers.authorization).toMatch(signed);
    expect(request?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(request?.body ?? '')).toEqual({
      by: 'run',
      value: 'github|123',
      reason: 'leaked in a log',
      issuedBefore: 5,
    });
    await server?.close();
    const now = await run({ '/admin/revocations': { body } }, words);
    expect(JSON.parse(now.received[0]?.body ?? '')).not.toHaveProperty('issuedBefore');
  });

  test('of what the policy does not know is done, and that is said', async () => {
    const line = ['revoke', '--by', 'issuer', '--value', 'githbu', '--reason', 'x'];
    const body = { id: '1', by: 'issuer', value: 'githbu', issuedBefore: 5, known: false };
    const unknown = await run({ '/admin/revocations': { body } }, line);
    expect([unknown.exit, unknown.stderr]).toEqual([0, 'cambio: there is no such issuer: githbu\n']);
    await server?.close();
    const known = await run({ '/admin/revocations': { body: { ...body, known: true } } }, line);
    expect([known.exit, known.stderr]).toEqual([0, '']);
  });

  test.each<[string, readonly string[]]>([
    [
      '--by takes one of jti, family, subject, client, issuer, key, run',
      ['revoke', '--by', 'all', '--value', 'x', '--reason', 'y'],
    ],
    ['needs --value and --reason', words.slice(0, 5)],
    ['--issued-before is seconds', [...words, '--issued-before', 'yesterday']],
  ])('%s', async (problem, line) => {
    const { exit, stderr, received } = await run({ '/admin/revocations': {} }, line);
    expect([exit, stderr, received.length]).toEqual([2, expect.stringContaining(problem), 0]);
  });
});

describe('keys', () => {
  const ring = { keys: [{ kid: 'k1', state: 'current' }] };

  test.each<[readonly string[], string, string]>([
    [['keys', 'list'], 'GET', '/admin/keys'],
    [['keys', 'rotate'], 'POST', '/admin/keys/rotate'],
    [['keys', 'revoke', 'k-1_x'], 'POST', '/admin/keys/k-1_x/revoke'],
  ])('%s', async (words, method, path) => {
    const { exit, stdout, received } = await run({ [path]: { body: ring } }, words);
    expect([exit, JSON.parse(stdout)]).toEqual([0, ring]);
    expect(received.map((each) => [each.method, each.path])).toEqual([[method, path]]);
    expect(received[0]?.headers.authorization).toMatch(signed);
  });

  test('rotate is asked for once, whatever happens; list again when that may help', async () => {
    const busy: Reply = { status: 503, body: { error: 'temporarily_unavailable' } };
    const rotated = await run({ '/admin/keys/rotate': busy }, ['keys', 'rotate']);
    expect([rotated.exit, rotated.received.length]).toEqual([3, 1]);
    await server?.close();
    const listed = await run({ '/admin/keys': busy }, ['keys', 'list']);
    expect([listed.exit, listed.received.length]).toEqual([3, 3]);
  });

  test('revoke takes no path for a key', async () => {
    const { exit, received } = await run({}, ['keys', 'revoke', '../decisions/x']);
    expect([exit, received.length]).toEqual([2, 0]);
    const { stderr } = await run({}, ['keys', 'revoke', 'unknown']);
    expect(stderr).toContain('there is no such key: unknown');
  });

  test('403 says what IAM has to allow', async () => {
    const forbidden: Reply = { status: 403, body: { error: 'invalid_request' } };
    const { exit, stderr } = await run({ '/admin/keys/rotate': forbidden }, ['keys', 'rotate']);
    expect([exit, stderr]).toEqual([1, expect.stringContaining('execute-api:Invoke on POST /admin/keys/rotate')]);
  });
});
