// The GitHub action as a release has it, in a job: what it hands over, what the log shows, what its end revokes.
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type FakeRoles, fakeRoles } from '../fake-roles.ts';
import { type FakeServer, fakeServer, type Reply, unsignedJwt } from '../fake-server.ts';
import { readCommandFile, runAction } from '../github-runner.ts';
import { snippetOf } from '../snippets.ts';
import { action } from './action.ts';

const issued = unsignedJwt({ jti: 'issued' }, { typ: 'at+jwt' });
let roles: FakeRoles;
let cambio: FakeServer;
let github: FakeServer;
let [revocation, exchanged]: Reply[] = [];
beforeEach(async () => {
  revocation = {};
  exchanged = { body: { access_token: issued, token_type: 'Bearer', expires_in: 300, scope: 'a' } };
  roles = await fakeRoles();
  cambio = await fakeServer({ '/token': () => exchanged ?? {}, '/revoke': () => revocation ?? {} });
  github = await fakeServer({
    '/oidc': ({ query }) => ({ body: { value: unsignedJwt({ aud: query.get('audience') }) } }),
  });
});
afterEach(() => Promise.all([roles, { server: cambio }, { server: github }].map(({ server }) => server.close())));

const job = () => ({
  ACTIONS_ID_TOKEN_REQUEST_URL: `${github.url}/oidc?api-version=2.0`,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
});
const audienceOf = (jwt: string | null | undefined) =>
  JSON.parse(Buffer.from(jwt?.split('.')[1] ?? '', 'base64url').toString()).aud;

describe('an audience', () => {
  const inputs = () => ({
    url: cambio.url,
    audience: 'orders-api',
    scope: 'a b',
    'token-audience': 'https://sts.acme.example',
  });

  test('gives a masked token as output, and it is revoked by the job’s own token at the end', async () => {
    const { main, post } = await runAction(action, inputs(), job());
    expect(main).toMatchObject({ exit: 0, outputs: { token: issued }, variables: {}, errors: [] });
    expect(main.log + main.stderr).not.toContain(issued);
    const [request] = cambio.at('/token');
    expect([request?.form.get('audience'), request?.form.get('scope')]).toEqual(['orders-api', 'a b']);
    expect(audienceOf(request?.form.get('subject_token'))).toBe('https://sts.acme.example');

    expect(await post()).toMatchObject({ exit: 0, warnings: [] });
    const [revoked] = cambio.at('/revoke');
    expect(revoked?.form.get('token')).toBe(issued);
    expect(audienceOf(revoked?.form.get('client_assertion'))).toBe('https://sts.acme.example');
  });

  test('is bound to a key of the job where it says so, which goes with the job', async () => {
    exchanged = { body: { access_token: issued, token_type: 'DPoP', expires_in: 300 } };
    const { main, post } = await runAction(action, { ...inputs(), dpop: 'true' }, job());
    const { token, 'dpop-key': key = '' } = main.outputs;
    expect([main.exit, token, statSync(key).mode & 0o777]).toEqual([0, issued, 0o600]);
    const [header] = String(cambio.at('/token')[0]?.headers['dpop']).split('.');
    const { jwk } = JSON.parse(Buffer.from(header ?? '', 'base64url').toString());
    const { x, y } = createPublicKey(readFileSync(key)).export({ format: 'jwk' });
    expect(jwk).toMatchObject({ x, y });
    expect((await post()).exit).toBe(0);
    expect([existsSync(key), cambio.at('/revoke').length]).toEqual([false, 1]);
    const unbound = await runAction(action, inputs(), job());
    expect(unbound.main.outputs).not.toHaveProperty('dpop-key');
    expect(cambio.at('/token')[1]?.headers).not.toHaveProperty('dpop');
  });

  test('is bound to a key that is given, which stays', async () => {
    exchanged = { body: { access_token: issued, token_type: 'DPoP', expires_in: 300 } };
    const folder = mkdtempSync(join(tmpdir(), 'cambio-own-key-'));
    const own = join(folder, 'key.pem');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(own, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
    const { main, post } = await runAction(action, { ...inputs(), 'dpop-key': own }, job());
    expect([main.exit, main.outputs]).toEqual([0, { token: issued, 'dpop-key': own }]);
    await post();
    expect(existsSync(own)).toBe(true);
    rmSync(folder, { recursive: true });
    const absent = await runAction(action, { ...inputs(), 'dpop-key': own }, job());
    expect([absent.main.exit, absent.main.outputs]).toEqual([1, {}]);
    expect(absent.main.stderr).toContain('cannot be read (ENOENT)');
  });

  test('that cannot be revoked is a warning, and not a failed job', async () => {
    const { post } = await runAction(action, inputs(), job());
    revocation = { status: 400, body: { error: 'invalid_request' } };
    const ended = await post();
    expect([ended.exit, ended.warnings]).toEqual([0, [expect.stringContaining('not revoked')]]);
    expect(ended.log + ended.stderr).not.toContain(issued);
  });

  test('that is refused fails the step, and leaves nothing to revoke', async () => {
    exchanged = { status: 400, body: { error: 'invalid_target', error_description: 'not available' } };
    const { main, post } = await runAction(action, inputs(), job());
    expect(main).toMatchObject({ exit: 1, outputs: {}, errors: ['no token for orders-api; the lines above say why'] });
    expect(main.stderr).toContain('refused: invalid_target (400): not available');
    expect((await post()).exit).toBe(0);
    expect(cambio.at('/revoke')).toEqual([]);
  });

  test('whose token has two lines cannot set other outputs', async () => {
    exchanged = { body: { access_token: 'x\nother=1', token_type: 'Bearer' } };
    const { main } = await runAction(action, inputs(), job());
    expect(main).toMatchObject({ exit: 1, outputs: {}, variables: {} });
  });
});

describe('a role', () => {
  test('gives AWS credentials to the steps that follow, masked in the log', async () => {
    const { main, post } = await runAction(action, { url: roles.server.url, role: 'deploy-prod' }, job());
    expect(main).toMatchObject({ exit: 0, outputs: {}, errors: [] });
    expect(main.variables).toMatchObject({
      AWS_ACCESS_KEY_ID: 'ASIA1',
      AWS_SECRET_ACCESS_KEY: 'secret/+1',
      AWS_SESSION_TOKEN: 'session/+=1',
    });
    expect(main.log + main.stderr).not.toMatch(/secret\/|session\//);
    expect((await post()).exit).toBe(0);
    expect(roles.server.at('/revoke')).toEqual([]);
  });

  test('is named, awaited and masked as aws-actions/configure-aws-credentials does it', async () => {
    const inputs = {
      ...{ url: roles.server.url, role: 'deploy-prod', 'aws-region': 'eu-west-1', 'role-duration-seconds': '3600' },
      ...{ 'mask-aws-account-id': 'true', 'output-credentials': 'true', 'output-env-credentials': 'false' },
    };
    const { main } = await runAction(action, inputs, job());
    expect(main).toMatchObject({ exit: 0, errors: [] });
    expect(main.variables).toEqual({});
    expect(main.outputs).toEqual({
      'aws-account-id': '111122223333',
      'aws-access-key-id': 'ASIA1',
      'aws-secret-access-key': 'secret/+1',
      'aws-session-token': 'session/+=1',
      'aws-expiration': expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(main.masked).toEqual(['ASIA1', 'secret/+1', 'session/+=1', '111122223333']);
    const inEnvironment = await runAction(
      action,
      { url: roles.server.url, role: 'x', 'aws-region': 'eu-west-1' },
      job(),
    );
    expect(Object.keys(inEnvironment.main.outputs)).toEqual(['aws-account-id', 'aws-expiration']);
    expect(inEnvironment.main.variables).toMatchObject({ AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-1' });
    expect(inEnvironment.main.masked).not.toContain('111122223333');
  });

  test('whose credentials end before the job may is refused with what the policy gives', async () => {
    roles.life = 900;
    const inputs = { url: roles.server.url, role: 'deploy-prod', 'role-duration-seconds': '3600' };
    const { main } = await runAction(action, inputs, job());
    expect([main.exit, main.outputs, main.variables]).toEqual([1, {}, {}]);
    expect(main.errors).toEqual([expect.stringMatching(/^the policy lets deploy-prod live (900|899) s, .* for 3600/)]);
    const enough = await runAction(action, { ...inputs, 'role-duration-seconds': '900' }, job());
    expect(enough.main.exit).toBe(0);
  });

  test('that is refused fails the step before anything is set', async () => {
    roles.failure = { status: 400, body: { error: 'invalid_target' } };
    const { main } = await runAction(action, { url: roles.server.url, role: 'admin', audience: 'x' }, job());
    expect(main).toMatchObject({
      exit: 1,
      outputs: {},
      variables: {},
      errors: ['no AWS credentials of admin; the lines above say why'],
    });
  });
});

test.each([
  ['the input url is missing', { audience: 'x' }, {}],
  ['give role, audience or both', { url: 'https://cambio.acme.example' }, {}],
  ['dpop is true or false', { url: 'https://c.example', audience: 'x', dpop: 'yes' }, {}],
  ['give one of dpop and dpop-key', { url: 'https://c.example', audience: 'x', dpop: 'true', 'dpop-key': 'k' }, {}],
  [
    'dpop is for the token of an audience; AWS credentials are keys themselves',
    { url: 'https://c.example', role: 'x', dpop: 'true' },
    {},
  ],
  ['aws-region is no region', { url: 'https://cambio.acme.example', role: 'x', 'aws-region': 'eu\nPATH=x' }, {}],
  ['mask-aws-account-id is true or false', { url: 'https://c.example', role: 'x', 'mask-aws-account-id': 'yes' }, {}],
  ...['899', '43201', '1h', '-3600'].map((seconds): [string, Record<string, string>, object] => [
    'role-duration-seconds is a number from 900 to 43200',
    { url: 'https://cambio.acme.example', role: 'x', 'role-duration-seconds': seconds },
    {},
  ]),
])('%s', async (problem, inputs, changes) => {
  const { main } = await runAction(action, inputs, { ...job(), ...changes });
  expect([main.exit, main.errors]).toEqual([1, [problem]]);
});

test('a job without permission to ask for a token is told which', async () => {
  const { main } = await runAction(action, { url: cambio.url, audience: 'x' }, { GITHUB_ACTIONS: 'true' });
  expect([main.exit, main.stderr]).toEqual([1, expect.stringContaining('permissions: { id-token: write }')]);
});

test('the example of the documentation uses inputs and outputs there are', () => {
  const example = parse(snippetOf('ci.md', 'GitHub action', 'yaml')) as {
    steps: { uses?: string; with?: object; env?: object }[];
  };
  const declared = parse(readFileSync(join(action, 'action.yml'), 'utf8')) as { inputs: object; outputs: object };
  const step = example.steps.find(({ uses }) => uses?.endsWith('/cambio'));
  expect(Object.keys(declared.inputs)).toEqual(expect.arrayContaining(Object.keys(step?.with ?? {})));
  expect(JSON.stringify(example.steps)).toContain('steps.cambio.outputs.token');
  expect(Object.keys(declared.outputs)).toEqual([
    ...['token', 'dpop-key', 'aws-account-id', 'aws-expiration'],
    ...['aws-access-key-id', 'aws-secret-access-key', 'aws-session-token'],
  ]);
});

test('the runner these tests play reads command files as the real one does', () => {
  expect(readCommandFile('a=1\nb<<x\n2\n3\nx\n')).toEqual({ a: '1', b: '2\n3' });
  expect(() => readCommandFile('b<<x\n2\n')).toThrow('does not end');
});
