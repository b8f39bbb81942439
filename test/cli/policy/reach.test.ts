import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changed, validPolicy } from '../../infra/policy/policy-world.ts';
import { cambio } from '../cambio.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cambio-cli-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

const demonstration = ['policy', 'reach', '--policy', 'infra/policy'];

describe('cambio policy reach', () => {
  test('prints every way with its conditions and a token', async () => {
    const { exit, stdout, stderr } = await cambio(...demonstration, '--role', 'deploy-prod');
    expect(exit).toBe(0);
    expect(stdout).toContain('1 way to deploy-prod\n\n1. from github\n   deploy-from-prod: deploy-prod\n');
    expect(stdout).toContain('     if ref: refs/heads/main\n');
    expect(stderr).toBe('a witness is a proof that somebody gets in; no witness is no proof that nobody does\n');
  });

  test('prints them as JSON, hop by hop', async () => {
    const { exit, stdout } = await cambio(...demonstration, '--audience', 'payments-api', '--json');
    expect(exit).toBe(0);
    const { target, ways } = JSON.parse(stdout);
    expect(target).toBe('payments-api');
    expect(
      ways.map(({ issuer, hops }: { issuer: string; hops: { rule: string }[] }) => [
        issuer,
        ...hops.map(({ rule }) => rule),
      ]),
    ).toEqual([
      ['eks', 'payments-from-checkout'],
      ['github', 'orders-from-main', 'payments-for-orders'],
      ['eks', 'orders-from-pods', 'payments-for-orders'],
    ]);
  });

  test('knows a target by its other form, and ends with 0 where nobody gets in', async () => {
    const arn = 'arn:aws:iam::111122223333:role/deploy-prod';
    expect((await cambio(...demonstration, '--role', arn)).stdout).toContain('1 way to deploy-prod');
    const path = join(folder, 'policy.yaml');
    writeFileSync(path, validPolicy);
    const { exit, stdout } = await cambio('policy', 'reach', '--policy', path, '--audience', 'payments-api');
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'no way to payments-api was found\n' });
    writeFileSync(path, changed('team: blue', 'teem: blue'));
    const wrong = await cambio('policy', 'reach', '--policy', path, '--audience', 'payments-api');
    expect(wrong).toMatchObject({ exit: 2, stdout: '', stderr: expect.stringContaining('unknown claim "teem"') });
  });

  test.each([
    [[], 'give one of --role NAME and --audience NAME'],
    [['--role', 'deploy-prd'], 'deploy-prd is no role: did you mean deploy-prod?'],
    [['--audience', 'deploy-prod'], 'deploy-prod is no audience: known: orders-api, payments-api'],
  ])('says what is wrong with %j', async (options, problem) => {
    const { exit, stdout, stderr } = await cambio(...demonstration, ...options);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
    expect(stderr).toContain(problem);
  });
});
