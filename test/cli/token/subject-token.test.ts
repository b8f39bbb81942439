// Which token `cambio` exchanges: the order of docs/commands.md, held by what arrives at the server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Machine, RunProgram } from '../../../cli/machine.ts';
import { cambioIn, inTheWorld } from '../cambio.ts';
import { type FakeServer, fakeServer, granting, type Reply, unsignedJwt } from '../fake-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-token-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fileOf = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
/** Tokens that say where they came from. */
const tokens = Object.fromEntries(
  ['option', 'variable', 'stdin', 'gitlab', 'github', 'projected', 'buildkite', 'circle', 'aws'].map((sub) => [
    sub,
    unsignedJwt({ sub }),
  ]),
) as Record<string, string>;
const tokenFile = fileOf('option', `${tokens['option']}\n`);
const projectedFile = fileOf('projected', `${tokens['projected']}\n`);

let server: FakeServer;
let github: FakeServer;
let githubReply: Reply;
beforeAll(async () => {
  github = await fakeServer({ '/oidc': () => githubReply });
});
afterAll(() => github.close());
beforeEach(async () => {
  githubReply = { body: { value: tokens['github'] } };
  github.received.splice(0);
  server = await fakeServer(granting);
});
afterEach(() => server.close());

/** A machine that has every source there is; tests take sources away. */
const everySource = () => ({
  TOKEN: tokens['variable'],
  CAMBIO_ID_TOKEN: tokens['gitlab'],
  ACTIONS_ID_TOKEN_REQUEST_URL: `${github.url}/oidc?api-version=2.0`,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
  CAMBIO_TOKEN_FILE: projectedFile,
  BUILDKITE: 'true',
  CIRCLE_OIDC_TOKEN_V2: tokens['circle'],
});

const buildkite: RunProgram = async (program, args) =>
  program === 'buildkite-agent' && args[0] === 'oidc' ? { exit: 0, stdout: `${tokens['buildkite']}\n` } : undefined;

async function exchangeWith(
  environment: Readonly<Record<string, string | undefined>>,
  changes: Partial<Machine>,
  ...options: readonly string[]
) {
  const machine = { ...inTheWorld({ CAMBIO_URL: server.url, ...environment }), runProgram: buildkite, ...changes };
  const ran = await cambioIn(machine, 'exchange', '--audience', 'orders-api', ...options);
  const [request] = server.at('/token');
  return { ...ran, sent: request?.form.get('subject_token') ?? undefined };
}

describe('the order', () => {
  const piped = { readStdin: async () => `${tokens['stdin']}\n` };
  const without = (...names: readonly string[]) =>
    Object.fromEntries(Object.entries(everySource()).filter(([name]) => !names.includes(name)));

  test.each<[string, string, readonly string[], Partial<Machine>, readonly string[]]>([
    ['--token-file', 'option', [], piped, ['--token-file', tokenFile]],
    ['--token-env', 'variable', [], piped, ['--token-env', 'TOKEN']],
    ['stdin', 'stdin', [], piped, []],
    ['CAMBIO_ID_TOKEN', 'gitlab', [], {}, []],
    ['GitHub', 'github', ['CAMBIO_ID_TOKEN'], {}, []],
    ['CAMBIO_TOKEN_FILE', 'projected', ['CAMBIO_ID_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_URL'], {}, []],
    ['Buildkite', 'buildkite', ['CAMBIO_ID_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_URL', 'CAMBIO_TOKEN_FILE'], {}, []],
    [
      'CircleCI',
      'circle',
      ['CAMBIO_ID_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_URL', 'CAMBIO_TOKEN_FILE', 'BUILDKITE'],
      { runProgram: async () => undefined },
      [],
    ],
  ])('%s comes before everything behind it', async (_what, sub, missing, changes, options) => {
    const { exit, stdout, stderr, sent } = await exchangeWith(without(...missing), changes, ...options);
    expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: 'issued\n', stderr: '' });
    expect(sent).toBe(tokens[sub]);
  });

  test('nothing anywhere is exit 2, and says what the CI system at hand needs', async () => {
    const { exit, stderr } = await exchangeWith({}, { runProgram: async () => undefined });
    expect([exit, stderr]).toEqual([2, expect.stringContaining('there is no token to exchange')]);
    const job = await exchangeWith({ GITHUB_ACTIONS: 'true' }, { runProgram: async () => undefined });
    expect([job.exit, job.stderr]).toEqual([2, expect.stringContaining('id-token: write')]);
    const pod = await exchangeWith({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, { runProgram: async () => undefined });
    expect(pod.stderr).toContain('mount a projected token at /var/run/secrets/cambio/token');
    expect(server.at('/token')).toEqual([]);
  });
});

describe('the audience that is asked for', () => {
  const job = () => ({ ...everySource(), CAMBIO_ID_TOKEN: undefined });
  test.each<[string, string | undefined, Record<string, string>, readonly string[]]>([
    [
      '--token-audience',
      'https://a.example/x?y',
      { CAMBIO_TOKEN_AUDIENCE: 'b' },
      ['--token-audience', 'https://a.example/x?y'],
    ],
    ['CAMBIO_TOKEN_AUDIENCE', 'b', { CAMBIO_TOKEN_AUDIENCE: 'b' }, []],
    ['the issuer of the discovery document, here the server itself', undefined, {}, []],
  ])('is %s', async (_what, audience, environment, options) => {
    expect((await exchangeWith({ ...job(), ...environment }, {}, ...options)).exit).toBe(0);
    const [asked] = github.received;
    expect(asked?.query.get('audience')).toBe(audience ?? server.url);
    expect(asked?.query.get('api-version')).toBe('2.0');
    expect(asked?.headers.authorization).toBe('Bearer request-token');
  });

  test('is given to buildkite-agent too', async () => {
    const ran: (readonly string[])[] = [];
    const runProgram: RunProgram = async (program, args) => {
      ran.push([program, ...args]);
      return { exit: 0, stdout: tokens['buildkite'] ?? '' };
    };
    await exchangeWith({ BUILDKITE: 'true', CAMBIO_TOKEN_AUDIENCE: 'b' }, { runProgram });
    expect(ran).toEqual([['buildkite-agent', 'oidc', 'request-token', '--audience', 'b']]);
  });

  test('is not looked up for a token that is there already', async () => {
    await exchangeWith(everySource(), {});
    expect(server.received.map(({ path }) => path)).toEqual(['/token']);
  });
});

describe('a source that is there and gives no token', () => {
  test('is an error, never a reason to take the next one', async () => {
    githubReply = { status: 403, body: { message: 'no id-token permission' } };
    const refused = await exchangeWith({ ...everySource(), CAMBIO_ID_TOKEN: undefined }, {});
    expect([refused.exit, refused.sent]).toEqual([1, undefined]);
    expect(refused.stderr).toContain('GitHub, asked for the token of this job');
    githubReply = { body: { value: tokens['github'] } };
    const granted = await exchangeWith({ ...everySource(), CAMBIO_ID_TOKEN: undefined }, {});
    expect([granted.exit, granted.sent]).toEqual([0, tokens['github']]);
  });

  test('because GitHub is overloaded is asked again', async () => {
    let asked = 0;
    const busy = await fakeServer({
      '/oidc': () => (++asked < 3 ? { status: 503 } : { body: { value: tokens['github'] } }),
    });
    const environment = { ACTIONS_ID_TOKEN_REQUEST_URL: `${busy.url}/oidc`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 't' };
    const { exit, sent } = await exchangeWith(environment, {});
    await busy.close();
    expect([exit, sent, asked]).toEqual([0, tokens['github'], 3]);
  });

  test.each<[string, Record<string, string>, Partial<Machine>]>([
    ['ACTIONS_ID_TOKEN_REQUEST_TOKEN is not', { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x.example' }, {}],
    ['must be https', { ACTIONS_ID_TOKEN_REQUEST_URL: 'http://x.example', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 't' }, {}],
    ['cannot be read (ENOENT)', { CAMBIO_TOKEN_FILE: join(folder, 'absent') }, {}],
    ['ended with 7', { BUILDKITE: 'true' }, { runProgram: async () => ({ exit: 7, stdout: '' }) }],
  ])('says %s', async (words, environment, changes) => {
    const { exit, stderr, sent } = await exchangeWith(
      { CIRCLE_OIDC_TOKEN_V2: tokens['circle'], ...environment },
      changes,
    );
    expect({ exit, sent }).toEqual({ exit: 2, sent: undefined });
    expect(stderr).toContain(words);
  });
});

describe('what is no token', () => {
  test.each([
    ['empty', ''],
    ['not a token', 'secret with spaces'],
    ['not a token', `${tokens['option']}\n${tokens['option']}`],
    ['over 16384 bytes', 'x'.repeat(16_385)],
  ])('is not sent and not quoted: %s', async (words, text) => {
    const { exit, stderr, sent } = await exchangeWith({}, {}, '--token-file', fileOf('bad', text));
    expect({ exit, sent }).toEqual({ exit: 2, sent: undefined });
    expect(stderr).toContain(words);
    if (text !== '') expect(stderr).not.toContain(text.slice(0, 20));
  });

  test('options that exclude each other are exit 2', async () => {
    const { exit, stderr } = await exchangeWith({}, {}, '--token-file', tokenFile, '--token-env', 'TOKEN');
    expect([exit, stderr]).toEqual([2, expect.stringContaining('give one of --token-file')]);
    expect((await exchangeWith({}, {}, '--token-file', tokenFile)).exit).toBe(0);
  });
});

describe('--from aws', () => {
  const credentials = {
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'session',
  };
  const answer = `<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetWebIdentityTokenResult>
    <WebIdentityToken>${tokens['aws']}</WebIdentityToken><Expiration>2026-01-01T00:05:00Z</Expiration>
  </GetWebIdentityTokenResult></GetWebIdentityTokenResponse>`;

  test('asks STS of the region, signed, and never looks at what lies around', async () => {
    const sts = await fakeServer({ '/': { headers: { 'content-type': 'text/xml' }, body: answer } });
    const environment = { ...everySource(), ...credentials, AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL_STS: sts.url };
    const { exit, sent } = await exchangeWith(environment, {}, '--from', 'aws');
    await sts.close();
    expect([exit, sent]).toEqual([0, tokens['aws']]);
    const [asked] = sts.received;
    expect(Object.fromEntries(asked?.form ?? [])).toEqual({
      Action: 'GetWebIdentityToken',
      Version: '2011-06-15',
      'Audience.member.1': server.url,
      SigningAlgorithm: 'ES384',
      DurationSeconds: '300',
    });
    expect(asked?.headers.authorization).toMatch(/Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/sts\/aws4_request/);
    expect(asked?.headers['x-amz-security-token']).toBe('session');
  });

  test('signs as the ECS task or EKS pod it is in, when there are no variables', async () => {
    const sts = await fakeServer({ '/': { headers: { 'content-type': 'text/xml' }, body: answer } });
    const pod = await fakeServer({
      '/v1/credentials': ({ headers }) =>
        headers.authorization === 'pod-identity'
          ? { body: { AccessKeyId: 'ASIAPOD', SecretAccessKey: 's', Token: 'pod-session' } }
          : { status: 401 },
    });
    const environment = {
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL_STS: sts.url,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${pod.url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: fileOf('pod-identity', 'pod-identity\n'),
    };
    const { exit, sent } = await exchangeWith(environment, {}, '--from', 'aws');
    await exchangeWith({ ...environment, ...credentials }, {}, '--from', 'aws');
    await Promise.all([sts.close(), pod.close()]);
    expect([exit, sent]).toEqual([0, tokens['aws']]);
    expect(sts.received[0]?.headers.authorization).toContain('Credential=ASIAPOD/');
    expect(sts.received[0]?.headers['x-amz-security-token']).toBe('pod-session');
    expect(sts.received[1]?.headers.authorization).toContain('Credential=AKIDEXAMPLE/');
  });

  test('that STS refuses is exit 1 with what to check', async () => {
    const sts = await fakeServer({ '/': { status: 403, body: '<ErrorResponse/>' } });
    const environment = { ...credentials, AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL_STS: sts.url };
    const { exit, stderr, sent } = await exchangeWith(environment, {}, '--from', 'aws');
    await sts.close();
    expect([exit, sent]).toEqual([1, undefined]);
    expect(stderr).toContain('outbound identity federation is on');
  });

  test.each([
    ['--from aws needs AWS_REGION', credentials],
    ['set AWS_ACCESS_KEY_ID', { AWS_REGION: 'eu-west-1' }],
    [
      'must be https, on loopback, or of AWS',
      { AWS_REGION: 'eu-west-1', AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.169.254/x' },
    ],
  ])('says %s', async (words, environment) => {
    const { exit, stderr } = await exchangeWith(environment, {}, '--from', 'aws');
    expect([exit, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});
