// docs/patterns.md as it stands: its policy served by the local stack, its examples run by sh.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { announcement } from '../../infra/local/announcement.ts';
import { type LocalStack, startLocalStack } from '../../infra/local/stack.ts';
import { snippetOf, snippetsOf } from '../cli/snippets.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-patterns-'));
const program = join(import.meta.dirname, '../../cli/cambio.mjs');
// The sources instead of the bundle they make: its own test is another.
const preamble = snippetOf('patterns.md', 'Patterns', 'sh').replace(
  'node dist/cambio.mjs',
  `${process.execPath} ${program}`,
);
let stack: LocalStack;
beforeAll(async () => {
  writeFileSync(join(folder, 'patterns.yaml'), snippetOf('patterns.md', 'Patterns', 'yaml'));
  stack = await startLocalStack({ policy: join(folder, 'patterns.yaml') });
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

/** Runs an example; the tokens it printed. */
async function tokensOf(script: string): Promise<readonly string[]> {
  return (await linesOf(script)).filter((line) => line.startsWith('eyJ'));
}

async function linesOf(script: string): Promise<readonly string[]> {
  const env = { PATH: process.env['PATH'], CAMBIO_URL: stack.url, TMPDIR: folder };
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    const child = execFile('sh', ['-c', `${preamble}\n${script}`], { cwd: folder, env }, (_error, stdout, stderr) =>
      resolve({ stdout, stderr }),
    );
    child.stdin?.end();
  });
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n');
}

test('the commands that npm start prints of this policy work', async () => {
  const printed = await announcement(stack, Math.floor(Date.now() / 1_000));
  const commands = printed.filter((line) => /^ +(?:token=|curl|-d)/.test(line));
  const [token = '', credentials = ''] = await linesOf(commands.join('\n'));
  expect(JSON.parse(token)).toMatchObject({ token_type: 'Bearer', scope: 'orders:read payments:charge' });
  expect(JSON.parse(credentials)).toMatchObject({ RoleArn: 'arn:aws:iam::111122223333:role/deploy' });
});

describe('an example', () => {
  test.each<[string, number, Readonly<Record<string, unknown>>]>([
    [
      'Central broker',
      0,
      {
        sub: 'people|ada',
        aud: 'https://orders.acme.example',
        client_id: 'storefront',
        scope: 'orders:read',
        email: 'ada@acme.example',
      },
    ],
    [
      'Sidecar broker',
      0,
      { sub: 'eks|system:serviceaccount:shop:cart', aud: 'https://orders.acme.example', client_id: 'eks' },
    ],
    ['Mesh or gateway', 0, { sub: 'eks|system:serviceaccount:shop:cart', aud: 'https://orders.acme.example' }],
    [
      'Mesh or gateway',
      1,
      {
        sub: 'eks|system:serviceaccount:shop:cart',
        aud: 'payments-api',
        client_id: 'orders',
        scope: 'payments:charge',
      },
    ],
    ['CI/CD', 0, { aud: 'https://orders.acme.example', client_id: 'github', scope: 'orders:write' }],
    [
      'Partner delegation',
      0,
      { sub: 'partner|supplier-7', act: { sub: 'eks|system:serviceaccount:shop:import' }, scope: 'orders:write' },
    ],
  ])('%s (%d) prints the token it promises', async (heading, index, claims) => {
    const [token = '', ...more] = await tokensOf(snippetsOf('patterns.md', heading, 'sh')[index] ?? '');
    expect(more).toEqual([]);
    expect(decodeJwt(token)).toMatchObject({ iss: stack.url, ...claims });
  });

  test('Cloud IAM bridge gets a session that says which repository it is of', async () => {
    const [document = '', address] = await linesOf(snippetOf('patterns.md', 'Cloud IAM bridge', 'sh'));
    expect(JSON.parse(document)).toMatchObject({ Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) });
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/credentials$/);
    const assumed = stack.calls.find(({ action }) => action === 'sts:AssumeRole');
    expect(assumed?.resource).toBe('arn:aws:iam::111122223333:role/deploy');
  });

  test('Other clouds prints what Azure and Google want: RS256, their audience, a subject of 127 bytes at most', async () => {
    const tokens = await tokensOf(snippetOf('patterns.md', 'Other clouds', 'sh'));
    expect(tokens.map((token) => decodeProtectedHeader(token).alg)).toEqual(['RS256', 'RS256']);
    expect(tokens.map((token) => decodeJwt(token).aud)).toEqual(['api://AzureADTokenExchange', 'google']);
    for (const token of tokens) expect(Buffer.byteLength(decodeJwt(token).sub ?? '')).toBeLessThanOrEqual(127);
    const azure = JSON.parse(snippetOf('patterns.md', 'Other clouds', 'json')) as {
      readonly audiences: readonly string[];
      readonly subject: string;
    };
    expect(azure.audiences).toEqual([decodeJwt(tokens[0] ?? '').aud]);
    expect(azure.subject.startsWith('github|')).toBe(true);
  });
});

test('a partner without the contract, or without our workload as actor, gets nothing', async () => {
  const example = snippetOf('patterns.md', 'Partner delegation', 'sh');
  expect(await tokensOf(example)).toHaveLength(1);
  expect(await tokensOf(example.replace('gold', 'bronze'))).toEqual([]);
  expect(await tokensOf(example.replace('shop:import', 'shop:other'))).toEqual([]);
});
