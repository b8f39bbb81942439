// GET /credentials of the running stack, used by the SDKs it is for, each with its own time-outs and retries.
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Fault, RecordedCall } from '../../infra/local/protocol/calls.ts';
import { installed, sayNotInstalled } from '../installed.ts';
import { type LocalStack, startLocalStack } from '../local-stack.ts';

const hasCli = installed('aws', 'tests of /credentials with the AWS CLI');
const hasBoto3 = installed('python3', 'tests of /credentials with boto3') && canImport('boto3');
const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const arn = 'arn:aws:iam::111122223333:role/deploy-prod';
const session = /arn:aws:sts::111122223333:assumed-role\/deploy-prod\/github-repo-acme/;

function canImport(module: string): boolean {
  const isThere = spawnSync('python3', ['-c', `import ${module}`]).status === 0;
  if (!isThere) sayNotInstalled(module, 'tests of /credentials with boto3');
  return isThere;
}

let stack: LocalStack;
let fault: (call: RecordedCall) => Fault | undefined = () => undefined;
beforeAll(async () => {
  stack = await startLocalStack({ coldStartMs: 300, fault: (call) => fault(call) });
  // A machine that is too slow for the first one answers 503, which says to ask again.
  while ((await get('deploy-prod', await bearer())).status === 503) await new Promise((again) => setTimeout(again, 50));
});
afterEach(() => {
  fault = () => undefined;
});
afterAll(() => stack.close());

async function get(role: string | undefined, headers: Record<string, string>, method = 'GET') {
  const query = role === undefined ? '' : `?role=${encodeURIComponent(role)}`;
  const response = await fetch(`${stack.url}/credentials${query}`, { method, headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

const bearer = async (claims: Record<string, unknown> = {}) => ({
  authorization: await stack.tokenFor('github', claims),
});

describe('GET /credentials', () => {
  test('answers credentials for a role by its name and by its ARN', async () => {
    for (const role of ['deploy-prod', arn]) {
      const { status, headers, body } = await get(role, await bearer());
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toContain('no-store');
      expect(body).toEqual({
        AccessKeyId: expect.stringMatching(/^ASIA/),
        SecretAccessKey: expect.any(String),
        Token: expect.any(String),
        Expiration: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        AccountId: '111122223333',
        RoleArn: arn,
      });
    }
  });

  test('answers errors as its clients read them', async () => {
    const statusOf = async (...request: Parameters<typeof get>) => {
      const { status, body } = await get(...request);
      expect(body).toMatchObject({
        code: expect.any(String),
        message: expect.any(String),
        decision_id: expect.any(String),
      });
      return status;
    };
    const good = await bearer();
    expect(await statusOf(undefined, good)).toBe(400);
    expect(await statusOf('deploy-prod', {})).toBe(401);
    expect(await statusOf('deploy-prod', { authorization: 'Bearer garbage' })).toBe(401);
    expect(await statusOf('deploy-prod', await bearer({ aud: 'https://other.example' }))).toBe(401);
    expect(await statusOf('unknown', good)).toBe(403);
    expect(await statusOf('deploy-prod', await bearer({ environment: 'dev' }))).toBe(403);
    expect((await get('deploy-prod', good)).status).toBe(200);
  });

  test.each(['POST', 'PUT', 'DELETE', 'HEAD'])('is 405 for %s', async (method) => {
    const { status, headers } = await get('deploy-prod', await bearer(), method);
    expect([status, headers.get('allow')]).toEqual([405, 'GET']);
  });

  test('is 503 while STS hangs, and answers again afterwards', async () => {
    fault = ({ service }) => (service === 'sts' ? { delayMs: 5_000 } : undefined);
    const { status, headers, body } = await get('deploy-prod', await bearer());
    expect([status, headers.get('retry-after'), body.code]).toEqual([503, '1', 'temporarily_unavailable']);
    fault = () => undefined;
    expect((await get('deploy-prod', await bearer())).status).toBe(200);
  });
});

const script = `
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
const { Arn } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
console.log(Arn);
`;
const python = `
import boto3
print(boto3.client('sts').get_caller_identity()['Arn'])
`;

import { documentedFetch as fetch } from '../documented.ts';

const clients: readonly (readonly [string, boolean, string, readonly string[]])[] = [
  ['the JavaScript SDK’s default chain', true, process.execPath, ['--input-type=module', '-e', script]],
  ['boto3', hasBoto3, 'python3', ['-c', python]],
  ['the AWS CLI', hasCli, 'aws', ['sts', 'get-caller-identity', '--query', 'Arn', '--output', 'text']],
];

/** What a program prints: who STS says it is, or why not. */
async function identity(program: string, words: readonly string[], claims: Record<string, unknown> = {}) {
  const sts = (await stack.functions())[0]?.environment['AWS_ENDPOINT_URL_STS'] ?? '';
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL_STS: sts,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${stack.url}/credentials?role=deploy-prod`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: await stack.tokenFor('github', claims),
  };
  return run(program, [...words], { env, cwd: root }).then(
    ({ stdout }) => stdout.trim(),
    ({ stderr }: { readonly stderr: string }) => stderr,
  );
}

describe.each(clients)('%s', (_name, isThere, program, words) => {
  test.skipIf(!isThere)('gets credentials unchanged, from a function that starts cold', async () => {
    await stopTokenFunction();
    expect(await identity(program, words)).toMatch(session);
  });
});

// Side by side: each repeats a refusal for some seconds.
test('none of them gets any where policy refuses, and STS is never asked', async () => {
  const before = stack.calls.length;
  const there = clients.filter(([, isThere]) => isThere);
  const said = await Promise.all(there.map(([, , program, words]) => identity(program, words, { environment: 'dev' })));
  for (const each of said) expect(each).not.toMatch(session);
  expect(stack.calls.slice(before).filter(({ service }) => service === 'sts')).toEqual([]);
});

/** Ends the processes of the token function: the next request starts one. */
async function stopTokenFunction(): Promise<void> {
  const running = async () =>
    (await stack.functions()).find(({ logicalId }) => logicalId.includes('TokenFunction'))?.pids ?? [];
  for (const pid of await running()) process.kill(pid, 'SIGKILL');
  while ((await running()).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
}
