// The calls of examples/ and of docs/patterns.md as they stand, by sh, at one running stack that serves all their policies.
import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { announcement } from '../../infra/local/announcement.ts';
import { commandOnce } from '../cli/command-once.ts';
import { snippetOf } from '../cli/snippets.ts';
import { examples } from '../examples.ts';
import { type LocalStack, startLocalStack } from '../local-stack.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'cambio-examples-'));
const program = join(folder, 'cambio.mjs');
let stack: LocalStack;
beforeAll(async () => {
  const policy = join(folder, 'policy');
  mkdirSync(policy);
  for (const { name, folder: from } of examples) {
    copyFileSync(join(from, 'policy.yaml'), join(policy, `${name}.yaml`));
    if (existsSync(join(from, 'tenants'))) cpSync(join(from, 'tenants'), join(policy, 'tenants'), { recursive: true });
  }
  writeFileSync(join(policy, 'patterns.yaml'), snippetOf('patterns.md', 'Other clouds', 'yaml'));
  // As a deployment of all of it may be: nothing that is served says less for tenants that may come.
  writeFileSync(
    join(policy, 'tenants.yaml'),
    `${readFileSync(join(policy, 'tenants.yaml'), 'utf8')}tenants: { source: table }\n`,
  );
  const bundled = commandOnce();
  stack = await startLocalStack({ policy });
  writeFileSync(program, await bundled);
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

/** What a script prints, on stdout and stderr together. */
function outputOf(script: string): Promise<string> {
  const env = { PATH: process.env['PATH'], CAMBIO_URL: stack.url, CAMBIO: program, TMPDIR: folder };
  return new Promise((resolve) => {
    const child = execFile('sh', ['-c', `exec 2>&1\n${script}`], { cwd: root, env }, (_error, stdout) =>
      resolve(stdout),
    );
    child.stdin?.end();
  });
}

/** With this run's addresses, folders and ids as the pages have them. */
function asPrinted(output: string): string {
  return output
    .replaceAll(stack.url, 'http://127.0.0.1:8787')
    .replace(new RegExp(`${folder}/tmp\\.\\w+`, 'g'), 'WORK')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, '6f1c1d3e-8a4b-4c2d-9e0f-0123456789ab');
}

describe('the calls of an example print what its page says', () => {
  test.each(examples.map((example) => [example.name, example] as const))('%s', async (_name, { script, printed }) => {
    expect(asPrinted(await outputOf(script))).toBe(printed);
  });
});

test('sessions are of the roles of the accounts that the pages name', async () => {
  const { script = '' } = examples.find(({ name }) => name === 'cross-account') ?? {};
  const [sessions = ''] = script.split('$cambio aws trust-policy');
  const before = stack.calls.length;
  await outputOf(sessions);
  const assumed = stack.calls.slice(before).filter(({ action }) => action === 'sts:AssumeRole');
  expect(assumed.map(({ resource }) => resource)).toEqual([
    'arn:aws:iam::444455556666:role/backup',
    'arn:aws:iam::777788889999:role/audit-log',
  ]);
});

test('the commands that npm start prints of these policies work', async () => {
  const printed = await announcement(stack, Math.floor(Date.now() / 1_000));
  const commands = printed.filter((line) => /^ +(?:token=|curl|-d)/.test(line));
  const [token = '', credentials = ''] = (await outputOf(commands.join('\n'))).trimEnd().split('\n');
  expect(JSON.parse(token)).toMatchObject({ token_type: 'Bearer' });
  expect(JSON.parse(credentials)).toMatchObject({ RoleArn: expect.stringMatching(/^arn:aws:iam::/) });
});

test('Other clouds prints what Azure and Google want: RS256, their audience, a subject of 127 bytes at most', async () => {
  const tokens = (await outputOf(snippetOf('patterns.md', 'Other clouds', 'sh'))).trimEnd().split('\n');
  expect(tokens.map((token) => decodeProtectedHeader(token).alg)).toEqual(['RS256', 'RS256']);
  expect(tokens.map((token) => decodeJwt(token).aud)).toEqual(['api://AzureADTokenExchange', 'google']);
  for (const token of tokens) expect(Buffer.byteLength(decodeJwt(token).sub ?? '')).toBeLessThanOrEqual(127);
  const azure = JSON.parse(snippetOf('patterns.md', 'Other clouds', 'json')) as {
    readonly audiences: readonly string[];
    readonly subject: string;
  };
  expect(azure.audiences).toEqual([decodeJwt(tokens[0] ?? '').aud]);
  expect(azure.subject.startsWith('actions|')).toBe(true);
});

test('a partner without the contract, or without our workload as actor, gets nothing', async () => {
  const example = examples.find(({ name }) => name === 'b2b')?.script ?? '';
  const [beforeEnd = ''] = example.split('$cambio suspend');
  const claimsOf = async (script: string) => (await outputOf(script)).match(/"scope": "[^"]*"/g) ?? [];
  expect(await claimsOf(beforeEnd.replace('gold', 'ended'))).toEqual([]);
  expect(await claimsOf(beforeEnd.replace('depot:import', 'depot:other'))).toEqual(['"scope": "stock:read"']);
});
