// `cambio doctor`: each thing that can be wrong, and the same machine when all is well.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { cambioIn, inTheWorld } from './cambio.ts';
import { type FakeServer, fakeServer, type Reply, unsignedJwt } from './fake-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));
let server: FakeServer | undefined;
afterEach(() => server?.close());
const seconds = () => Math.floor(Date.now() / 1_000);

/** A well server and a fresh token, with changes. */
async function doctor(changes: {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly discovery?: Reply;
  readonly keys?: Reply;
  readonly ahead?: number;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly words?: readonly string[];
}) {
  const here: FakeServer = await fakeServer({
    '/.well-known/oauth-authorization-server': () => ({
      headers: { date: new Date(Date.now() + (changes.ahead ?? 0) * 1_000).toUTCString() },
      body: {
        issuer: 'https://issuer.cambio.example',
        token_endpoint: `${here.url}/token`,
        jwks_uri: `${here.url}/.well-known/jwks.json`,
        ...changes.metadata,
      },
      ...changes.discovery,
    }),
    '/.well-known/jwks.json': { body: { keys: [{ kid: 'k1' }] }, ...changes.keys },
  });
  server = here;
  const environment = { CAMBIO_URL: here.url, CAMBIO_ID_TOKEN: unsignedJwt(), ...changes.environment };
  return { url: here.url, ...(await cambioIn(inTheWorld(environment), 'doctor', ...(changes.words ?? []))) };
}

test('all well is exit 0, a line for each thing, and no token among them', async () => {
  const token = unsignedJwt();
  const { exit, stdout, stderr, url } = await doctor({ environment: { CAMBIO_ID_TOKEN: token } });
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  expect(stdout.split('\n')).toEqual([
    `✓ url: ${url}/ (CAMBIO_URL)`,
    '✓ server: issuer https://issuer.cambio.example',
    expect.stringMatching(/^✓ clock: /),
    `✓ keys: 1 at ${url}/.well-known/jwks.json`,
    expect.stringMatching(
      /^✓ token: from CAMBIO_ID_TOKEN: iss https:\/\/issuer\.acme\.example, aud https:\/\/sts\.acme\.example, expires in 5 min$/,
    ),
    '',
  ]);
  expect(stdout).not.toContain(token.split('.')[1]);
});

test('--policy says which secrets and keys of its clients have ended or end within 30 days', async () => {
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const sha256 = 'a'.repeat(64);
  const policyOf = (...ends: readonly number[]): string => {
    const file = join(folder, `policy-${ends.join('_')}.yaml`);
    const secrets = ends.map((days) => `{ sha256: ${sha256}, notAfter: ${day(days)} }`);
    const auth = `{ client_secret_basic: [${secrets.join(', ')}] }`;
    writeFileSync(file, `version: 1\nclients:\n  legacy:\n    auth: ${auth}\n`);
    return file;
  };
  const told = async (file: string, ...words: string[]) => {
    const { exit, stdout } = await doctor({ words: ['--policy', file, ...words] });
    return { exit, lines: stdout.split('\n').slice(5) };
  };
  const [later, soon] = [policyOf(90), policyOf(-3, 20, 90)];
  expect(await told(later)).toEqual({
    exit: 0,
    lines: ['✓ policy: no secret or key of a client ends within 30 days', ''],
  });
  expect(await told(soon)).toEqual({
    exit: 1,
    lines: [
      `✗ policy: ${soon}:4: of client "legacy" this has ended`,
      '    remove it: it is not accepted any more',
      `✗ policy: ${soon}:4: of client "legacy" this ends in 21 days`,
      '    put its successor beside it, as a list of both',
      '',
    ],
  });
  const broken = join(folder, 'broken.yaml');
  writeFileSync(broken, 'version: 1\nclients: 7\n');
  expect(await told(broken)).toEqual({
    exit: 1,
    lines: expect.arrayContaining([expect.stringMatching(/broken\.yaml:2: /)]),
  });
  const { findings } = JSON.parse((await doctor({ words: ['--policy', soon, '--json'] })).stdout);
  expect(findings.filter(({ what }: { what: string }) => what === 'policy').length).toBe(2);
});

test('--json is the same in one object', async () => {
  const { exit, stdout } = await doctor({ words: ['--json'], keys: { body: { keys: [] } } });
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly { readonly what: string; state: string }[] };
  expect(exit).toBe(1);
  expect(findings.map(({ what, state }) => `${what} ${state}`)).toEqual([
    ...['url well', 'server well', 'clock well', 'keys wrong', 'token well'],
  ]);
});

describe('what is wrong is exit 1, and says what to do', () => {
  test.each<[string, Parameters<typeof doctor>[0], RegExp]>([
    [
      'no Cambio at the URL',
      { discovery: { status: 404 } },
      /✗ server: no discovery document there\n {4}CAMBIO_URL or --url/,
    ],
    [
      'the issuer instead of the API base',
      { metadata: { token_endpoint: 'https://api.example/token' } },
      /✗ server: .*\n {4}its token endpoint is https:\/\/api\.example\/token/,
    ],
    ['a clock that is ahead', { ahead: -90 }, /✗ clock: (89|90|91) s ahead of the server’s\n {4}set the clock/],
    ['a clock that is behind', { ahead: 90 }, /✗ clock: (89|90|91) s behind the server’s/],
    ['no keys', { keys: { body: { keys: [] } } }, /✗ keys: 0 at/],
    ['keys that are not served', { keys: { status: 404 } }, /✗ keys: /],
    [
      'no token',
      { environment: { CAMBIO_ID_TOKEN: undefined, GITHUB_ACTIONS: 'true' } },
      /✗ token: there is no token.*id-token: write/,
    ],
    [
      'an expired token',
      { environment: { CAMBIO_ID_TOKEN: unsignedJwt({ exp: seconds() - 600 }) } },
      /✗ token: .*expired 10 min ago/,
    ],
    [
      'a client without its key',
      { words: ['--client-id', 'x', '--client-key', '/absent'] },
      /✗ client: \/absent: cannot be read/,
    ],
  ])('%s', async (_what, changes, line) => {
    const { exit, stdout } = await doctor(changes);
    expect([exit, stdout]).toEqual([1, expect.stringMatching(line)]);
  });

  test('a clock within what tokens tolerate is well, and a cache’s age is not the clock’s', async () => {
    expect((await doctor({ ahead: 20 })).stdout).toContain('✓ clock: ');
    await server?.close();
    const cached = { date: new Date(Date.now() - 200_000).toUTCString(), age: '200' };
    const { stdout } = await doctor({ discovery: { headers: cached } });
    expect(stdout).toContain('✓ clock: ');
  });
});

describe('with an operator’s AWS credentials', () => {
  const limits = async (reserved: number, all: number, reply: Reply = {}, keys = 'AKIAOPERATOR') => {
    const asked: string[] = [];
    const lambda = await fakeServer({
      '/2016-08-19/account-settings': ({ headers }) => {
        asked.push(String(headers['authorization']));
        const AccountLimit = { ConcurrentExecutions: all, UnreservedConcurrentExecutions: all - reserved };
        return { body: { AccountLimit }, ...reply };
      },
    });
    const environment = {
      ...{ AWS_ACCESS_KEY_ID: keys, AWS_SECRET_ACCESS_KEY: 'not-a-secret', AWS_REGION: 'eu-west-1' },
      AWS_ENDPOINT_URL_LAMBDA: lambda.url,
    };
    const { exit, stdout } = await doctor({ environment });
    await Promise.all([lambda.close(), server?.close()]);
    return { exit, asked, said: stdout.slice(stdout.indexOf('✓ token')).split('\n').slice(1, -1) };
  };

  test('it recommends reservedConcurrency where none can be set, and not where some may be', async () => {
    const { exit, said, asked } = await limits(1, 1_000);
    expect({ exit, said }).toEqual({
      exit: 0,
      said: [
        '✓ administrators: 1 of 1000 concurrent executions of the account are reserved',
        expect.stringMatching(/^ {4}a flood .* set reservedConcurrency of the construct/),
      ],
    });
    expect(asked).toEqual([
      expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=AKIAOPERATOR\/\d{8}\/eu-west-1\/lambda\//),
    ]);
    expect((await limits(3, 1_000)).said).toEqual([
      '✓ administrators: 3 of 1000 concurrent executions of the account are reserved',
    ]);
  });

  test('a new account has to ask for more first', async () => {
    expect((await limits(0, 10)).said[1]).toMatch(/ask for more executions .* then set reservedConcurrency/);
    expect((await limits(0, 103)).said[1]).not.toMatch(/ask for more/);
  });

  test('it says nothing where it may not look, or has nobody to look as', async () => {
    expect(await limits(0, 1_000, { status: 403, body: {} })).toMatchObject({ exit: 0, said: [] });
    expect(await limits(0, 1_000, { body: {} })).toMatchObject({ exit: 0, said: [] });
    expect(await limits(0, 1_000, {}, '')).toMatchObject({ exit: 0, said: [], asked: [] });
  });
});

test('a server that cannot be reached is exit 3', async () => {
  const gone = await fakeServer({});
  await gone.close();
  const { exit, stdout } = await doctor({ environment: { CAMBIO_URL: gone.url } });
  expect(exit).toBe(3);
  expect(stdout).toMatch(/✗ server: no answer from .* ECONNREFUSED\n {4}nobody answers/);
});

describe('--issuer', () => {
  const good = { kty: 'EC', crv: 'P-256', kid: 'a', x: 'x', y: 'y' };
  /** A partner's issuer with changes; `ahead` are seconds its clock is. */
  async function partner(
    changes: { readonly document?: object; readonly keys?: readonly object[]; readonly ahead?: number } = {},
    words: readonly string[] = [],
  ) {
    const here: FakeServer = await fakeServer({
      '/.well-known/openid-configuration': () => ({
        headers: { date: new Date(Date.now() + (changes.ahead ?? 0) * 1_000).toUTCString() },
        body: { issuer: here.url, jwks_uri: `${here.url}/keys`, ...changes.document },
      }),
      '/keys': { body: { keys: changes.keys ?? [good] } },
    });
    server = here;
    const { exit, stdout } = await cambioIn(inTheWorld({}), 'doctor', '--issuer', here.url, ...words);
    return { exit, stdout, url: here.url, received: here.received };
  }

  test('is well when name, clock, algorithms and keys are, and is sent nothing', async () => {
    const { exit, stdout, url, received } = await partner({
      document: { id_token_signing_alg_values_supported: ['RS256', 'HS256'] },
      keys: [good, { ...good, kid: 'b', use: 'enc' }],
    });
    expect(stdout.split('\n')).toEqual([
      `✓ discovery: issuer ${url}`,
      expect.stringMatching(/^✓ clock: /),
      '✓ algorithms: RS256',
      '✓ keys: 1: ES256; 1 more that are not used',
      '',
    ]);
    expect(exit).toBe(0);
    expect(received.map(({ method, path, body }) => `${method} ${path}${body}`)).toEqual([
      'GET /.well-known/openid-configuration',
      'GET /keys',
    ]);
  });

  test.each<[string, Parameters<typeof partner>[0], RegExp]>([
    [
      'another name',
      { document: { issuer: 'https://idp.example/' } },
      /✗ discovery: it calls itself https:\/\/idp\.example\//,
    ],
    ['no document', { document: { issuer: 7 } }, /✗ discovery: the document names no issuer/],
    [
      'a clock that is ahead',
      { ahead: 120 },
      /✗ clock: 1(?:19|20) s behind the server’s\n +its tokens are refused as not yet valid/,
    ],
    [
      'an algorithm that has to be named',
      { document: { id_token_signing_alg_values_supported: ['ES512'] } },
      /✗ algorithms: only ES512\n +name what it signs with: algorithms: \[ES512\]/,
    ],
    ['HMAC alone', { document: { id_token_signing_alg_values_supported: ['HS256'] } }, /✗ algorithms: only HS256/],
    [
      'keys elsewhere than on https',
      { document: { jwks_uri: 'http://idp.example/keys' } },
      /✗ keys: jwks_uri must be https/,
    ],
    ['no keys', { keys: [] }, /✗ keys: none of 0 keys can verify/],
    ['a private key', { keys: [{ ...good, d: 'secret-d' }] }, /✗ keys: it publishes a private key/],
    ['a short key', { keys: [{ kty: 'RSA', n: 'AQAB', kid: 'a' }] }, /RSA keys have at least 2048 bits/],
    ['a secret', { keys: [{ kty: 'oct', kid: 'a' }] }, /✗ keys: none of 1 keys can verify/],
    [
      'keys without names',
      { keys: [good, { ...good, kid: undefined }] },
      /✗ keys: several keys, and not all have a kid/,
    ],
    ['two keys of one name', { keys: [good, good] }, /✗ keys: two keys of one kid: a/],
  ])('says what is wrong with %s', async (_what, changes, said) => {
    const { exit, stdout } = await partner(changes);
    expect(stdout).toMatch(said);
    expect(stdout).not.toContain('secret-d');
    expect(exit).toBe(1);
    await server?.close();
    expect((await partner()).exit).toBe(0);
  });

  test('is exit 3 where nobody answers, and a usage error for what is no URL or beside a list', async () => {
    const gone = await partner();
    await server?.close();
    expect((await cambioIn(inTheWorld({}), 'doctor', '--issuer', gone.url)).exit).toBe(3);
    expect((await cambioIn(inTheWorld({}), 'doctor', '--issuer', 'idp')).exit).toBe(2);
    expect((await cambioIn(inTheWorld({}), 'doctor', '--issuer', 'http://idp.example')).exit).toBe(2);
    expect((await partner({}, ['--checklist', 'production'])).exit).toBe(2);
    server = undefined;
  });
});
