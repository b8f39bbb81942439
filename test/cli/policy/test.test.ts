import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PolicyError, resolvePolicy } from '../../../infra/resolve-policy.ts';
import { changed, validPolicy } from '../../infra/policy/policy-world.ts';
import { cambio } from '../cambio.ts';

let root = '';
let folder = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'cambio-tests-'));
});
beforeEach(({ task }) => {
  folder = join(root, task.id);
  mkdirSync(folder);
});
afterAll(() => rmSync(root, { recursive: true }));

const main = {
  name: 'main reads',
  issuer: 'github',
  claims: { sub: 's', repository_id: '456789', ref: 'refs/heads/main' },
  request: { audience: 'orders-api' },
  expect: { allow: true, rule: 'main' },
};

/** Writes the policy and tests beside it; JSON is YAML. */
function write(tests: readonly object[], policy = validPolicy): string {
  writeFileSync(join(folder, 'policy.yaml'), policy);
  writeFileSync(join(folder, 'policy.test.yaml'), JSON.stringify({ version: 1, tests }, null, 1));
  return folder;
}

const without = (claims: object) => ({ ...main, claims: { ...main.claims, ...claims } });

describe('cambio policy test', () => {
  test('knows roles, by their name and by their ARN, and tags they cannot have', async () => {
    const arn = 'arn:aws:iam::111122223333:role/deploy';
    const grant = 'grant: { role: deploy, tags: { repo: "${claims.repository}" } }';
    const rule = `  - { id: deploys, from: github, match: { repository_id: "456789", ref: refs/heads/main }, ${grant} }\n`;
    const policy = `${validPolicy}${rule}roles: { deploy: { arn: "${arn}" } }\n`;
    const named = { ...without({ repository: 'acme/api' }), expect: { allow: true, rule: 'deploys' } };
    const untagged = {
      ...main,
      request: { role: 'deploy' },
      expect: { allow: false, reason: 'tags', rule: 'deploys' },
    };
    const tests = [{ ...named, request: { role: 'deploy' } }, { ...named, request: { resource: arn } }, untagged];
    write(tests, policy);
    expect((await cambio('policy', 'test', folder)).stdout).toBe('ok: 3 tests passed\n');
  });

  test('passes what the policy does, from a folder, its policy file or its test file', async () => {
    write([main]);
    for (const path of [folder, join(folder, 'policy.yaml'), join(folder, 'policy.test.yaml')]) {
      expect(await cambio('policy', 'test', path)).toEqual({ exit: 0, stdout: 'ok: 1 test passed\n', stderr: '' });
    }
  });

  test('prints of a failure where it stands, what was expected and got, and the tree', async () => {
    write([main, without({ ref: 'refs/heads/other' })]);
    const { exit, stdout, stderr } = await cambio('policy', 'test', folder);
    expect([exit, stdout]).toEqual([1, '1 test failed, 1 test passed\n']);
    const [first, ...tree] = stderr.split('\n');
    expect(first).toMatch(
      /policy\.test\.yaml:\d+:\d+: test "main reads" failed: expected allow, rule main; got refuse, /,
    );
    expect(first).toContain('invalid_target, no_rule');
    expect(tree).toContain('  ✗ main');
    expect(tree).toContain('      ✗ ref: wanted "refs/heads/main", got "refs/heads/other"');
  });

  test.each<[string, object, object]>([
    ['a refusal', { ref: 'x' }, { allow: false, error: 'invalid_target', reason: 'no_rule' }],
    ['a denial', { event_name: 'pull_request' }, { allow: false, reason: 'denied', rule: 'no-pull-requests' }],
    ['an expired token', { iat: 1_000, exp: 900 }, { allow: false, error: 'invalid_request', reason: 'expired' }],
    ['a token too long-lived', { exp: 1_900_000_000 }, { allow: false, reason: 'too_old' }],
    ['another issuer’s iss', { iss: 'https://other.example' }, { allow: false, reason: 'issuer' }],
    ['another audience', { aud: 'https://other.example' }, { allow: false, reason: 'audience' }],
    ['two audiences', { aud: ['https://sts.acme.example', 'x'] }, { allow: false, reason: 'audience' }],
    ['a token without sub', { sub: null }, { allow: false, reason: 'malformed' }],
  ])('knows %s, and that its twin is granted', async (_what, claims, expected) => {
    write([{ ...without(claims), expect: expected }, main]);
    expect((await cambio('policy', 'test', folder)).stdout).toBe('ok: 2 tests passed\n');
    write([{ ...without(claims), expect: { allow: true } }, main]);
    expect((await cambio('policy', 'test', folder)).exit).toBe(1);
  });

  test('knows scopes and targets', async () => {
    const asking = (request: object, expected: object) => ({ ...main, request, expect: expected });
    write([
      asking({ resource: 'https://orders.acme.example', scope: 'orders:read x' }, { allow: true }),
      asking(
        { audience: 'orders-api', scope: 'orders:write' },
        { allow: false, error: 'invalid_scope', reason: 'scope' },
      ),
      asking({ audience: 'nope' }, { allow: false, error: 'invalid_target', reason: 'target' }),
    ]);
    expect((await cambio('policy', 'test', folder)).stdout).toBe('ok: 3 tests passed\n');
  });

  test('checks test files as strictly as policies', async () => {
    write([{ ...main, expext: main.expect }]);
    const misspelt = await cambio('policy', 'test', folder);
    expect(misspelt.exit).toBe(1);
    expect(misspelt.stderr).toMatch(
      /policy\.test\.yaml:\d+:\d+: unknown key "expext"\n {2}hint: did you mean expect\?/,
    );
    write([{ ...main, issuer: 'githib' }]);
    const dangling = await cambio('policy', 'test', folder);
    expect(dangling.stderr).toMatch(
      /policy\.test\.yaml:\d+:\d+: "githib" is no issuer\n {2}hint: did you mean github\?/,
    );
  });

  test('runs where TypeScript gives the issuer URLs', async () => {
    write([main], changed('    url: https://acme.okta.example\n', ''));
    expect((await cambio('policy', 'test', folder)).stdout).toBe('ok: 1 test passed\n');
  });

  test('says that there are none', async () => {
    writeFileSync(join(folder, 'policy.yaml'), validPolicy);
    const { exit, stderr } = await cambio('policy', 'test', folder);
    expect([exit, stderr]).toEqual([1, `${folder}: there are no tests (*.test.yaml)\n`]);
  });

  test('the demonstration policy passes its own', async () => {
    expect((await cambio('policy', 'test')).stdout).toMatch(/^ok: \d+ tests passed\n$/);
  });
});

test('a failing test stops synth; with its claims set right it does not', () => {
  const scope = new Stack(new App());
  expect(resolvePolicy(scope, { policy: write([main]) }).artifact.rules).toHaveLength(4);
  expect(() => resolvePolicy(scope, { policy: write([without({ ref: 'x' })]) })).toThrow(PolicyError);
  expect(() => resolvePolicy(scope, { policy: write([without({ ref: 'x' })]) })).toThrow(/test "main reads" failed/);
});
