// `cambio aws --role R`: what it asks for, and how each format hands the credentials over.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AwsCredentials } from '../../../cli/aws/credentials.ts';
import { environmentFileLines, shellLines } from '../../../cli/aws/formats.ts';
import { cambioIn, inTheWorld } from '../cambio.ts';
import { arn, type FakeRoles, fakeRoles } from '../fake-roles.ts';
import { fakeServer, unsignedJwt } from '../fake-server.ts';
import { readCommandFile } from '../github-runner.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-aws-'));
const environmentFile = join(folder, 'github-env');
let roles: FakeRoles;
beforeAll(async () => {
  roles = await fakeRoles();
});
beforeEach(() => {
  roles.failure = undefined;
  roles.server.received.splice(0);
  writeFileSync(environmentFile, 'EARLIER=1\n');
});
afterAll(async () => {
  await roles.server.close();
  rmSync(folder, { recursive: true });
});

const aws = (...options: readonly string[]) => awsIn({ GITHUB_ENV: environmentFile }, ...options);
const awsIn = (environment: Record<string, string>, ...options: readonly string[]) => {
  const always = { CAMBIO_URL: roles.server.url, CAMBIO_ID_TOKEN: unsignedJwt() };
  return cambioIn(inTheWorld({ ...always, ...environment }), 'aws', ...options);
};

test.each([
  ['a name', 'deploy-prod', { audience: 'deploy-prod', resource: null }],
  ['an ARN', arn, { audience: null, resource: arn }],
])('a role is asked for by %s', async (_what, role, expected) => {
  const { exit } = await aws('--role', role);
  const { form } = roles.server.at('/token')[0] ?? {};
  expect(exit).toBe(0);
  expect({ audience: form?.get('audience'), resource: form?.get('resource') }).toEqual(expected);
  expect(form?.get('requested_token_type')).toBe('urn:cambio:token-type:aws-credentials');
});

describe('the format', () => {
  test('process is the document credential_process wants, and the default', async () => {
    for (const options of [[], ['--format', 'process']]) {
      const { exit, stdout, stderr } = await aws('--role', 'deploy-prod', ...options);
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
      expect(JSON.parse(stdout)).toEqual({
        Version: 1,
        AccessKeyId: expect.stringMatching(/^ASIA/),
        SecretAccessKey: expect.stringMatching(/^secret/),
        SessionToken: expect.stringMatching(/^session/),
        Expiration: expect.stringMatching(/^\d{4}-/),
      });
    }
  });

  test('env is for eval in a shell', async () => {
    const { stdout } = await aws('--role', 'deploy-prod', '--format', 'env');
    const script = `${stdout}\nprintf '%s ' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN"`;
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toMatch(
      /^ASIA\d+ secret\/\+\d+ session\/\+=\d+ $/,
    );
  });

  test('env quotes whatever may come', () => {
    const hostile = { ...plain, secretAccessKey: `a'; touch ${join(folder, 'pwned')} #$(id)\`id\`` };
    const script = `${shellLines(hostile)}printf %s "$AWS_SECRET_ACCESS_KEY"`;
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(hostile.secretAccessKey);
  });

  test('github masks first, then sets variables of the steps that follow, and prints no secret unmasked', async () => {
    const { exit, stdout } = await aws('--role', 'deploy-prod', '--format', 'github');
    expect(exit).toBe(0);
    const file = readFileSync(environmentFile, 'utf8');
    const variables = readCommandFile(file);
    expect(Object.keys(variables)).toEqual([
      'EARLIER',
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
      'AWS_CREDENTIAL_EXPIRATION',
    ]);
    const secrets = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'].map((name) => variables[name]);
    expect(stdout).toBe(secrets.map((value) => `::add-mask::${value}\n`).join(''));
  });

  test('github cannot be made to set other variables', () => {
    const injected = { ...plain, sessionToken: 'x\nPATH=/evil' };
    expect(() => environmentFileLines(injected, 'd')).toThrow('AWS_SESSION_TOKEN is no value of one line');
    expect(() => environmentFileLines({ ...plain, sessionToken: 'a-d-b' }, 'd')).toThrow('AWS_SESSION_TOKEN');
    expect(readCommandFile(environmentFileLines({ ...plain, sessionToken: 'PATH=/evil' }, 'd'))).toMatchObject({
      AWS_SESSION_TOKEN: 'PATH=/evil',
    });
  });

  test.each([
    ['--format takes one of process, env, github, container', ['--role', 'x', '--format', 'yaml'], {}],
    ['--format github needs GITHUB_ENV', ['--role', 'x', '--format', 'github'], {}],
    ['aws needs --role', [], {}],
  ])('%s, and nothing is asked for', async (words, options, environment) => {
    const { exit, stderr } = await awsIn(environment, ...options);
    expect([exit, stderr, roles.server.received.length]).toEqual([2, expect.stringContaining(words), 0]);
  });
});

test('a refused role is exit 1 with its decision, and nothing is printed or written', async () => {
  roles.failure = { status: 400, body: { error: 'invalid_target', error_description: 'not available' } };
  const { exit, stdout, stderr } = await aws('--role', 'admin', '--format', 'github');
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: '' });
  expect(stderr).toContain('refused: invalid_target (400): not available');
  expect(readFileSync(environmentFile, 'utf8')).toBe('EARLIER=1\n');
});

test.each([
  ['no document', 'not json'],
  [
    'a value of two lines',
    JSON.stringify({
      AccessKeyId: 'A',
      SecretAccessKey: 'B\nC',
      SessionToken: 'D',
      Expiration: '2026-01-01T00:00:00Z',
    }),
  ],
  ['no expiration', JSON.stringify({ AccessKeyId: 'A', SecretAccessKey: 'B', SessionToken: 'D' })],
])('an answer with %s is not handed over', async (_what, access_token) => {
  const server = await fakeServer({ '/token': { body: { access_token } } });
  const { exit, stdout, stderr } = await awsIn({ CAMBIO_URL: server.url }, '--role', 'deploy-prod');
  await server.close();
  expect([exit, stdout]).toEqual([2, '']);
  expect(stderr).toContain('holds no AWS credentials');
});

const plain: AwsCredentials = {
  accessKeyId: 'A',
  secretAccessKey: 'B',
  sessionToken: 'C',
  expiration: '2026-01-01T00:00:00Z',
  accountId: undefined,
  roleArn: undefined,
};
