// `cambio aws`, `aws exec` and the agent's container provider against the running local stack: the programs that get
// credentials ask STS who they are.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalStack } from '../../../infra/local/stack.ts';
import { startAgentFor } from '../../cli/agent/agent-world.ts';
import { readCommandFile } from '../../cli/github-runner.ts';
import { compiledOnce } from '../../compiled-once.ts';
import { installed, sayNotInstalled } from '../../installed.ts';
import { demonstrationStack } from './stack.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-aws-commands-'));
const root = join(import.meta.dirname, '../../..');
const program = join(root, 'cli/cambio.mjs');
const session = /^arn:aws:sts::111122223333:assumed-role\/deploy-prod\/github-repo-acme/;
let stack: LocalStack;
let sts: string;
let job: string;
beforeAll(async () => {
  stack = await demonstrationStack();
  sts = (await stack.functions())[0]?.environment['AWS_ENDPOINT_URL_STS'] ?? '';
  job = await stack.tokenFor('github');
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
});

interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, args: readonly string[], changes: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const env = {
    ...compiledOnce,
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    CAMBIO_URL: stack.url,
    CAMBIO_ID_TOKEN: job,
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_ENDPOINT_URL_STS: sts,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_CONFIG_FILE: '/dev/null',
    ...changes,
  };
  return new Promise((resolve) => {
    const child = execFile(file, args, { cwd: root, env }, (error, stdout, stderr) =>
      resolve({ exit: error ? Number(error.code) : 0, stdout, stderr }),
    );
    child.stdin?.end();
  });
}
const cambio = (words: readonly string[], changes: Readonly<Record<string, string>> = {}) =>
  run(process.execPath, [program, ...words], changes);

const whoAmI = `import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
  console.log((await new STSClient({}).send(new GetCallerIdentityCommand({}))).Arn);`;
const python = `import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])`;
const hasBoto3 = installed('python3', 'boto3 with cambio aws') && canImport('boto3');
const hasCli = installed('aws', 'the AWS CLI with cambio aws');

function canImport(module: string): boolean {
  const isThere = spawnSync('python3', ['-c', `import ${module}`]).status === 0;
  if (!isThere) sayNotInstalled(module, 'boto3 with cambio aws');
  return isThere;
}

const clients: readonly (readonly [string, boolean, readonly string[]])[] = [
  ['the JavaScript SDK', true, [process.execPath, '--input-type=module', '-e', whoAmI]],
  ['boto3', hasBoto3, ['python3', '-c', python]],
  ['the AWS CLI', hasCli, ['aws', 'sts', 'get-caller-identity', '--query', 'Arn', '--output', 'text']],
];

describe.each(clients)('%s', (_name, isThere, words) => {
  test.skipIf(!isThere)('is the role’s session under cambio aws exec', async () => {
    const { exit, stdout, stderr } = await cambio(['aws', 'exec', '--role', 'deploy-prod', '--', ...words]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout.trim()).toMatch(session);
  });

  test.skipIf(!isThere)('is it with cambio aws as credential_process', async () => {
    const config = join(folder, 'config');
    const command = `"${process.execPath}" "${program}" aws --role deploy-prod`;
    writeFileSync(config, `[profile deploy]\ncredential_process = ${command}\nregion = eu-west-1\n`);
    const [file = '', ...args] = words;
    const { stdout, stderr } = await run(file, args, { AWS_CONFIG_FILE: config, AWS_PROFILE: 'deploy' });
    expect([stdout.trim(), stderr]).toEqual([expect.stringMatching(session), '']);
  });

  test.skipIf(!isThere)(
    'is it with the agent as container provider behind the secret it made, and nobody without that',
    async () => {
      const secret = join(mkdtempSync(join(folder, 'agent-')), 'secret');
      const agent = await startAgentFor(stack.url, { 'token-file': jobFile(), 'auth-token-file': secret });
      const url = `${agent.listener.url}/credentials?role=deploy-prod`;
      const provider = { AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: secret };
      const [file = '', ...args] = words;
      const { stdout } = await run(file, args, provider);
      const stranger = await agent.ask('/credentials?role=deploy-prod');
      await agent.close();
      expect([stdout.trim(), stranger.status]).toEqual([expect.stringMatching(session), 401]);
    },
  );
});

function jobFile(): string {
  writeFileSync(join(folder, 'job'), job);
  return join(folder, 'job');
}

test('cambio aws hands the session to a shell and to the later steps of a job', async () => {
  const env = await run(
    'sh',
    [
      '-c',
      `eval "$("$NODE" "$PROGRAM" aws --role deploy-prod --format env)" && "$NODE" --input-type=module -e "$SCRIPT"`,
    ],
    {
      NODE: process.execPath,
      PROGRAM: program,
      SCRIPT: whoAmI,
    },
  );
  expect([env.exit, env.stdout.trim()]).toEqual([0, expect.stringMatching(session)]);
  const file = join(folder, 'github-env');
  const github = await cambio(['aws', '--role', 'deploy-prod', '--format', 'github'], { GITHUB_ENV: file });
  expect(github.exit).toBe(0);
  const variables = readCommandFile(readFileSync(file, 'utf8'));
  const step = await run(process.execPath, ['--input-type=module', '-e', whoAmI], variables);
  expect(step.stdout.trim()).toMatch(session);
});

test('a refused role is exit 1 with a decision, under aws exec before the program starts, and at the agent 403', async () => {
  const dev = { CAMBIO_ID_TOKEN: await stack.tokenFor('github', { environment: 'dev' }) };
  for (const words of [
    ['aws', '--role', 'deploy-prod'],
    ['aws', 'exec', '--role', 'deploy-prod', '--', 'echo', 'started'],
  ]) {
    const { exit, stdout, stderr } = await cambio(words, dev);
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: '' });
    expect(stderr).toMatch(/refused: .*\n {2}decision: [0-9a-f-]{36} /);
  }
  const file = join(folder, 'dev');
  writeFileSync(file, dev.CAMBIO_ID_TOKEN);
  const agent = await startAgentFor(stack.url, { 'token-file': file });
  const { status, json } = await agent.ask('/credentials?role=deploy-prod');
  await agent.close();
  expect([status, json]).toEqual([
    403,
    { code: expect.any(String), message: expect.any(String), decision_id: expect.any(String) },
  ]);
});
