import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { validPolicy } from '../../infra/policy/policy-world.ts';
import { cambio, cambioIn } from '../cambio.ts';

let folder = '';
const now = 1_795_000_000;
const claims = {
  iss: 'https://token.actions.githubusercontent.com',
  aud: 'https://sts.acme.example',
  sub: 'repo:acme/api',
  repository_id: '456789',
  ref: 'refs/heads/main',
  iat: now - 10,
  exp: now + 300,
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cambio-explain-'));
  writeFileSync(join(folder, 'policy.yaml'), validPolicy);
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const explain = (changes: object = {}, ...words: string[]) =>
  cambio(
    ...['policy', 'explain', '--policy', join(folder, 'policy.yaml')],
    ...['--claims', file('claims.json', JSON.stringify({ ...claims, ...changes }))],
    ...['--audience', 'orders-api', ...words],
  );

describe('cambio policy explain', () => {
  test('exits 0 for what is granted, with the tree of why', async () => {
    const { exit, stdout } = await explain();
    expect(exit).toBe(0);
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        'granted by main, scope: orders:read',
        '  ✓ subject.iss: "https://token.actions.githubusercontent.com"',
        '  ✓ main',
        '      ✓ ref: "refs/heads/main"',
        '  ✗ no-pull-requests',
      ]),
    );
  });

  test('has every rule, of a grant and of a refusal, however many there are', async () => {
    const others = Array.from(
      { length: 70 },
      (_, n) => `  - id: other-${n}
    from: github
    match: { ref: "refs/tags/v${n}", repository_id: "456789" }
    grant: { audience: orders-api, scopes: [orders:read] }`,
    );
    const many = file('many.yaml', `${validPolicy.trimEnd()}\n${others.join('\n')}\n`);
    const rulesOf = async (ref: string) => {
      const { exit, stdout } = await explain({ ref }, '--policy', many, '--json');
      const { rules } = JSON.parse(stdout) as { rules: readonly { id: string }[] };
      return [exit, rules.filter(({ id }) => id.startsWith('other-')).length];
    };
    expect(await rulesOf('refs/heads/main')).toEqual([0, 70]);
    expect(await rulesOf('refs/heads/next')).toEqual([1, 70]);
  });

  test('completes claims from a file as tests are, and a token not', async () => {
    const few = { iss: undefined, aud: undefined, iat: undefined, exp: undefined };
    expect(await explain(few)).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('name the issuer with --issuer'),
    });
    expect((await explain(few, '--issuer', 'github')).exit).toBe(0);
    const without = await explain({ ...few, aud: null }, '--issuer', 'github');
    expect(without.stdout).toContain('refused: invalid_request, reason malformed\n');
    const token = `e30.${Buffer.from(JSON.stringify({ ...claims, exp: undefined })).toString('base64url')}.c2ln`;
    const presented = await cambio(
      ...['policy', 'explain', '--policy', join(folder, 'policy.yaml'), '--audience', 'orders-api'],
      ...['--token-file', file('token', token)],
    );
    expect(presented.stdout).toContain('refused: invalid_request, reason malformed\n');
  });

  test.each<[string, object, readonly string[]]>([
    ['order-api is no audience and no role: did you mean orders-api?', {}, ['--audience', 'order-api']],
    [
      'https://order.acme.example is no resource: did you mean https://orders.acme.example?',
      {},
      ['--resource', 'https://order.acme.example'],
    ],
    [
      'orders-api has no scope order:read: did you mean orders:read?',
      {},
      ['--audience', 'orders-api', '--scope', 'order:read'],
    ],
    [
      'claim repositry_id: did you mean repository_id?',
      { repository_id: undefined, repositry_id: '456789' },
      ['--audience', 'orders-api'],
    ],
  ])('says of a slip: %s', async (hint, changes, words) => {
    const given = file('claims.json', JSON.stringify({ ...claims, ...changes }));
    const asked = (...more: readonly string[]) =>
      cambio('policy', 'explain', '--policy', join(folder, 'policy.yaml'), '--claims', given, ...more);
    const { exit, stderr } = await asked(...words);
    expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringContaining(`hint: ${hint}\n`) });
    expect(JSON.parse((await asked(...words, '--json')).stdout).hints).toEqual([hint]);
    expect((await explain()).stderr).not.toContain('hint:');
  });

  test('exits 1 for what is refused, with wanted and got', async () => {
    const { exit, stdout } = await explain({ ref: 'refs/heads/x' });
    expect(exit).toBe(1);
    expect(stdout).toContain('refused: invalid_target, reason no_rule\n');
    expect(stdout).toContain('✗ ref: wanted "refs/heads/main", got "refs/heads/x"');
  });

  test.each<[string, object, string, string]>([
    ['a slash too many', { aud: 'https://sts.acme.example/' }, 'audience', 'a trailing slash only'],
    ['another case', { aud: 'https://STS.acme.example' }, 'audience', 'in case only'],
    ['a clock ahead', { iat: now + 90 }, 'not_yet_valid', 'is a clock wrong?'],
    ['an old token', { exp: now - 600 }, 'expired', 'expired 10 min ago'],
    ['a token just expired', { exp: now - 5 }, 'expired', 'outlive: true'],
  ])('hints at %s, and at nothing without it', async (_what, changes, reason, hint) => {
    const refused = await explain(changes);
    expect([refused.exit, refused.stdout]).toEqual([1, expect.stringContaining(hint)]);
    expect(refused.stdout).toContain(`invalid_request, reason ${reason}`);
    expect((await explain()).stdout).not.toContain(hint);
  });

  test('a wrong iss is looked at when the issuer is named', async () => {
    const slash = { iss: `${claims.iss}/` };
    const named = await explain(slash, '--issuer', 'github');
    expect([named.exit, named.stdout]).toEqual([1, expect.stringContaining('a trailing slash only')]);
    const found = await explain(slash);
    expect([found.exit, found.stderr]).toEqual([2, expect.stringContaining('did you mean https://token.actions')]);
  });

  test('--json is the decision', async () => {
    const { stdout } = await explain({}, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'granted',
      rule: 'main',
      scopes: ['orders:read'],
      rules: [
        { id: 'main', matched: true },
        { id: 'no-pull-requests', matched: false },
      ],
    });
  });

  test('--now moves the clock', async () => {
    expect((await explain({}, '--now', String(now + 299))).exit).toBe(0);
    expect((await explain({}, '--now', String(now + 300))).exit).toBe(1);
  });

  test('reads a token from a file or a variable, and never prints it', async () => {
    const token = `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2lnbmF0dXJl`;
    const words = ['policy', 'explain', '--policy', join(folder, 'policy.yaml'), '--audience', 'orders-api'];
    const fromFile = await cambio(...words, '--token-file', file('token', `${token}\n`));
    const fromVariable = await cambioIn({ environment: { TOKEN: token } }, ...words, '--token-env', 'TOKEN');
    for (const { exit, stdout, stderr } of [fromFile, fromVariable]) {
      expect(exit).toBe(0);
      expect(stdout + stderr).not.toContain(token.split('.')[1]);
    }
    const spelledOut = await cambioIn(
      { environment: { GITHUB_ACTIONS: 'true', TOKEN: token } },
      ...words,
      '--token-env',
      'TOKEN',
    );
    expect(spelledOut.exit).toBe(0);
    const broken = await cambioIn({ environment: { TOKEN: 'CANARY' } }, ...words, '--token-env', 'TOKEN');
    expect([broken.exit, broken.stderr.includes('CANARY')]).toEqual([2, false]);
  });

  const permission = '"permissions: id-token: write"';
  const request = 'ask for one: curl -H';
  const job = { GITHUB_ACTIONS: 'true' };
  const allowed = {
    ...job,
    ACTIONS_ID_TOKEN_REQUEST_URL: 'https://pipelines.example',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'e',
  };

  test.each<[string, Record<string, string>, string, string[]]>([
    ['a job without the permission', job, 'ID_TOKEN', ['no token in ID_TOKEN', permission]],
    ['a job whose step left it empty', { ...job, ID_TOKEN: '' }, 'ID_TOKEN', ['no token in ID_TOKEN', permission]],
    ['the variable that the permission brings', {}, 'ACTIONS_ID_TOKEN_REQUEST_TOKEN', [permission]],
    ['a job that has the permission and did not ask', allowed, 'ID_TOKEN', [request]],
    ['the token of the job’s API', { ...job, T: 'ghs_CANARY' }, 'T', ['a key to GitHub’s API', permission]],
    ['a personal token', { T: 'github_pat_CANARY' }, 'T', ['a key to GitHub’s API', permission]],
    [
      'what asks for the token',
      allowed,
      'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
      ['asks for an ID token, and is none', request],
    ],
  ])('hints at a missing permissions: id-token: %s', async (_what, environment, name, told) => {
    const words = ['policy', 'explain', '--policy', join(folder, 'policy.yaml'), '--audience', 'orders-api'];
    const { exit, stderr, stdout } = await cambioIn({ environment }, ...words, '--token-env', name);
    expect([exit, stdout]).toEqual([2, '']);
    for (const text of told) expect(stderr).toContain(text);
    expect(stderr).not.toContain('CANARY');
  });

  test('hints at nothing of GitHub where there is none', async () => {
    const words = ['policy', 'explain', '--policy', join(folder, 'policy.yaml'), '--audience', 'orders-api'];
    const { exit, stderr } = await cambioIn({ environment: {} }, ...words, '--token-env', 'ID_TOKEN');
    expect([exit, stderr.includes('hint')]).toEqual([2, false]);
    const fromFile = await cambio(...words, '--token-file', file('token', 'ghs_CANARY\n'));
    expect([fromFile.exit, fromFile.stderr]).toEqual([2, expect.stringContaining(permission)]);
  });

  test.each<[string, string[]]>([
    ['needs --policy', ['--claims', 'x', '--audience', 'a']],
    ['give one of --claims', ['--policy', 'infra/policy', '--audience', 'a']],
    ['give one of --audience', ['--policy', 'infra/policy', '--claims', 'CLAIMS']],
    ['cannot be read', ['--policy', 'infra/policy', '--claims', '/nowhere', '--audience', 'a']],
    ['no further words', ['more']],
    ['there is no option --polcy; did you mean --policy?', ['--polcy', 'x']],
  ])('answers wrong usage with exit 2: %s', async (problem, words) => {
    const path = file('claims.json', JSON.stringify({ iss: claims.iss }));
    const { exit, stderr } = await cambio(
      'policy',
      'explain',
      ...words.map((word) => (word === 'CLAIMS' ? path : word)),
    );
    expect([exit, stderr]).toEqual([2, expect.stringContaining(problem)]);
  });
});

describe('cambio policy explain --role', () => {
  const roles = `roles:
  deploy: { arn: "arn:aws:iam::111122223333:role/deploy" }
`;
  const rule = `  - id: deploy-main
    from: github
    match: { repository_id: "456789", ref: refs/heads/main }
    grant: { role: deploy, tags: { repo: "\${claims.repository}", env: { value: "\${claims.environment}", required: false } } }
`;
  const explainRole = (changes: object, target = '--role', name = 'deploy') => {
    const path = file('roles.yaml', `${validPolicy}${rule}${roles}`);
    const given = file('claims.json', JSON.stringify({ ...claims, ...changes }));
    return cambio('policy', 'explain', '--policy', path, '--claims', given, target, name);
  };

  test('shows the tags a session would carry, by its name and by its ARN', async () => {
    for (const [target, name] of [
      ['--role', 'deploy'],
      ['--resource', 'arn:aws:iam::111122223333:role/deploy'],
    ]) {
      const { exit, stdout } = await explainRole({ repository: 'acme/api', environment: 'a*' }, target, name);
      expect(exit).toBe(0);
      expect(stdout).toContain('granted by deploy-main, AWS credentials\n');
      expect(stdout).toContain('session\n  ✓ repo: "acme/api"\n  ✗ env: dropped, characters\n');
    }
  });

  test('says which required tag cannot be made, and which rule', async () => {
    const { exit, stdout } = await explainRole({});
    expect([exit, stdout]).toEqual([
      1,
      expect.stringContaining('refused by deploy-main: invalid_target, reason tags\n'),
    ]);
    expect(stdout).toContain('session\n  ✗ tag repo: missing\n');
  });

  test('refuses a role that is none, and a scope for one that is', async () => {
    expect((await explainRole({ repository: 'a' }, '--role', 'deplow')).stdout).toContain(
      'invalid_target, reason target',
    );
    const path = file('roles.yaml', `${validPolicy}${rule}${roles}`);
    const given = file('claims.json', JSON.stringify({ ...claims, repository: 'a' }));
    const words = ['policy', 'explain', '--policy', path, '--claims', given, '--role', 'deploy'];
    expect((await cambio(...words)).exit).toBe(0);
    expect((await cambio(...words, '--scope', 'a')).stdout).toContain('invalid_scope, reason scope');
  });
});
