import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changed, validPolicy } from '../../infra/policy/policy-world.ts';
import { cambio } from '../cambio.ts';

const repository = join(import.meta.dirname, '../../..');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cambio-cli-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function policy(text: string): string {
  const path = join(folder, 'policy.yaml');
  writeFileSync(path, text);
  return path;
}

describe('cambio policy check', () => {
  test('says in one line that a policy is right', async () => {
    const { exit, stdout, stderr } = await cambio('policy', 'check', policy(validPolicy));
    expect(stdout).toMatch(/^ok: 3 issuers, 2 audiences, 4 rules, policy [0-9a-f]{12}\n$/);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  });

  test('prints findings to stderr and exits 1', async () => {
    const path = policy(changed('team: blue', 'teem: blue'));
    expect(await cambio('policy', 'check', path)).toEqual({
      exit: 1,
      stdout: '',
      stderr: `${path}:37:60: unknown claim "teem"\n  hint: did you mean team?\n`,
    });
  });

  test('exits 0 with warnings, and counts them', async () => {
    const { exit, stdout, stderr } = await cambio('policy', 'check', policy(changed('team: blue', 'team: no')));
    expect(stderr).toContain(':37:66: warning: plain no is a bool');
    expect(stdout).toContain('1 warning, policy ');
    expect(exit).toBe(0);
  });

  test('only warns of a url that TypeScript has to give', async () => {
    const path = policy(changed('    url: https://acme.okta.example\n', ''));
    const { exit, stdout, stderr } = await cambio('policy', 'check', path);
    expect(stderr).toContain('warning: issuer "okta" has no url: it must come from TypeScript');
    expect({ exit, stdout }).toEqual({
      exit: 0,
      stdout: 'ok: 3 issuers, 2 audiences, 4 rules, 1 warning, values still to come from TypeScript\n',
    });
  });

  test('names a path that is not there', async () => {
    const { exit, stderr } = await cambio('policy', 'check', join(folder, 'absent'));
    expect(stderr).toContain('there is no such file or folder');
    expect(exit).toBe(1);
  });

  test('advises on roles for jobs whose sessions would be too short for the SDKs', async () => {
    const role = 'roles: { deploy: { arn: "arn:aws:iam::111122223333:role/deploy" } }\n';
    const rule = (from: string, more: string) =>
      `${validPolicy}  - { id: r, from: ${from}, match: { sub: a }${more}, grant: { role: deploy, ttl: 1h } }\n${role}`;
    const finding = 'warning: rule "r": sessions of a job end with its token';
    const check = async (from: string, more: string) =>
      (await cambio('policy', 'check', policy(rule(from, more)))).stderr;
    expect(await check('github', '')).toContain(finding);
    expect(await check('github', ', outlive: true')).not.toContain(finding);
    expect(await check('eks', '')).not.toContain(finding);
  });

  test('checks the demonstration policy when run as a program without PATH', async () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['cli/cambio.ts', 'policy', 'check'], {
      cwd: repository,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^ok: /);
  });
});

describe('cambio', () => {
  test('explains itself', async () => {
    for (const [page, ...words] of [
      ['<command>', '--help'],
      ['<command>', '-h'],
      ['policy check [PATH]', 'policy', 'check', '--help'],
    ]) {
      const { exit, stdout, stderr } = await cambio(...words);
      expect(stdout).toContain(`usage: cambio ${page}`);
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    }
  });

  test.each([
    ['name a command'],
    ['unknown command: swap', 'swap'],
    ['unknown command: policy', 'policy'],
    ['unknown command: policy chek', 'policy', 'chek'],
    ['policy check takes one PATH', 'policy', 'check', 'a', 'b'],
    ['there is no option --frob', 'policy', 'check', '--frob'],
  ])('answers wrong usage with exit 2: %s', async (problem, ...words) => {
    const { exit, stdout, stderr } = await cambio(...words);
    expect(stderr).toContain(`cambio: ${problem}`);
    expect(stderr).toMatch(/\nsee cambio .*--help\n$/);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
  });
});
