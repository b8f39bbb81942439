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

/** Runs it from the valid policy to another; the words in between are options. */
function diff(from: string, to: string, ...options: readonly string[]) {
  const [old, current] = [join(folder, 'old.yaml'), join(folder, 'new.yaml')];
  writeFileSync(old, from);
  writeFileSync(current, to);
  return cambio('policy', 'diff', old, current, ...options);
}

const wider = changed('ref: refs/heads/main }', 'ref: "refs/heads/*" }');

describe('cambio policy diff', () => {
  test('says who gains, with a token, and exits 1', async () => {
    const { exit, stdout } = await diff(validPolicy, wider);
    expect(exit).toBe(1);
    expect(stdout).toMatch(/^1 gain\n {2}github: orders-api\n {4}from github\n {7}main: orders-api\n/);
    expect(stdout).toContain('\nno loss\n');
  });

  test('exits 0 where somebody only loses, or nothing changes', async () => {
    const less = await diff(wider, validPolicy);
    expect(less.exit).toBe(0);
    expect(less.stdout).toMatch(/^no gain\n1 loss\n {2}github: orders-api\n/);
    expect(await diff(validPolicy, validPolicy)).toMatchObject({ exit: 0, stdout: 'no gain\nno loss\n' });
  });

  test('prints both as JSON', async () => {
    const { exit, stdout } = await diff(validPolicy, wider, '--json');
    expect(exit).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      gains: [
        {
          who: 'github',
          what: 'orders-api',
          way: {
            issuer: 'github',
            hops: [
              expect.objectContaining({
                rule: 'main',
                target: 'orders-api',
                claims: expect.objectContaining({ repository_id: '456789' }),
              }),
            ],
          },
        },
      ],
      loses: [],
    });
  });

  test('exits 1 where it cannot tell, and 2 where a policy is wrong', async () => {
    const when = (pattern: string) =>
      changed(
        'ref: refs/heads/main }',
        `ref: refs/heads/main }\n    when: { it: 'claims.sha.matches("${pattern}") && size(claims.sha) == 40' }`,
      );
    const unsure = await diff(when('^[a-f]+$'), when('^[a-g]+$'));
    expect(unsure.exit).toBe(1);
    expect(unsure.stdout).toContain('not decided\n  rule "main": it\n');
    expect((await diff(when('^[a-f]+$'), when('^[a-f]+$'))).exit).toBe(0);
    expect(await diff(validPolicy, changed('team: blue', 'teem: blue'))).toMatchObject({ exit: 2, stdout: '' });
    expect((await cambio('policy', 'diff', 'infra/policy')).stderr).toContain('policy diff needs OLD NEW');
  });
});
