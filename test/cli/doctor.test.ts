// `cambio doctor`: each thing that can be wrong, and the same machine when all is well.
import { afterEach, describe, expect, test } from 'vitest';
import { cambioIn, inTheWorld } from './cambio.ts';
import { type FakeServer, fakeServer, type Reply, unsignedJwt } from './fake-server.ts';

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
