// `cambio suspend`, `suspend list` and `resume` against a server that keeps suspensions, and `why` of what they refuse.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cambioIn, inTheWorld } from './cambio.ts';
import { type FakeServer, fakeServer, type Received, type Reply } from './fake-server.ts';

const admin = '/admin/suspensions';
const signed = /^AWS4-HMAC-SHA256 Credential=LOCALSTACKONLY\/\d{8}\/us-east-1\/execute-api\/aws4_request/;
const decision = '6f1c1d3e-8a4b-4c2d-9e0f-0123456789ab';

let server: FakeServer;
let kept: Map<string, object>;
beforeEach(async () => {
  kept = new Map();
  const one = ({ method, path, body }: Received): Reply => {
    const [kind = '', ...name] = path.slice(admin.length + 1).split('/');
    if (method === 'DELETE') {
      kept.delete(path);
      return { status: 204, body: '' };
    }
    const suspension = { kind, name: name.join('/'), ...JSON.parse(body), at: 5, principal: 'arn:aws:iam::1:role/ops' };
    kept.set(path, suspension);
    return { body: path.endsWith('unknown') ? { ...suspension, known: false } : suspension };
  };
  server = await fakeServer({
    [admin]: () => ({ body: { suspensions: [...kept.values()] } }),
    [`${admin}/client/acme/checkout`]: one,
    [`${admin}/rule/gha-deploy-prod`]: one,
    [`${admin}/issuer/unknown`]: one,
    [`${admin}/role/busy`]: { status: 503, body: { error: 'temporarily_unavailable' } },
    [`${admin}/role/locked`]: { status: 403, body: { error: 'invalid_request' } },
    [`${admin}/rule/no-pull-requests`]: {
      status: 400,
      body: { error: 'invalid_request', error_description: 'a deny rule' },
    },
    [`/admin/decisions/${decision}`]: {
      body: {
        ...{
          decision_id: decision,
          at: 1_795_000_000,
          outcome: 'refused',
          error: 'invalid_client',
          reason: 'suspended',
        },
        ...{ detail: 'client acme/checkout is suspended', rules: [] },
      },
    },
  });
});
afterEach(() => server.close());

const run = (...words: readonly string[]) => cambioIn(inTheWorld({ CAMBIO_URL: server.url }), ...words);

test('what is suspended is listed until it is resumed, a tenant’s by its name with its slash', async () => {
  const suspended = await run('suspend', 'client', 'acme/checkout', '--reason', 'key leaked', '--until', '1800000000');
  expect([suspended.exit, suspended.stderr]).toEqual([0, '']);
  const entry = {
    ...{ kind: 'client', name: 'acme/checkout', reason: 'key leaked', until: 1_800_000_000 },
    ...{ at: 5, principal: 'arn:aws:iam::1:role/ops' },
  };
  expect(JSON.parse(suspended.stdout)).toEqual(entry);
  expect((await run('suspend', '--reason', 'wrong branch', 'rule', 'gha-deploy-prod')).exit).toBe(0);
  const listed = await run('suspend', 'list');
  expect(JSON.parse(listed.stdout).suspensions).toEqual([
    entry,
    expect.not.objectContaining({ until: expect.anything() }),
  ]);

  for (const _again of [1, 2]) {
    expect(await run('resume', 'client', 'acme/checkout')).toEqual({
      exit: 0,
      stdout: '',
      stderr: 'cambio: client acme/checkout is not suspended\n',
    });
  }
  expect(JSON.parse((await run('suspend', 'list')).stdout).suspensions.length).toBe(1);
  expect(server.received.map(({ method, path }) => `${method} ${path}`).slice(0, 4)).toEqual([
    `PUT ${admin}/client/acme/checkout`,
    `PUT ${admin}/rule/gha-deploy-prod`,
    `GET ${admin}`,
    `DELETE ${admin}/client/acme/checkout`,
  ]);
  for (const { headers } of server.received) expect(headers.authorization).toMatch(signed);
});

test('a name the policy does not know is suspended, and that is said', async () => {
  const { exit, stdout, stderr } = await run('suspend', 'issuer', 'unknown', '--reason', 'x');
  expect([exit, JSON.parse(stdout).known, stderr]).toEqual([0, false, 'cambio: the policy knows no issuer unknown\n']);
});

describe('how it ends', () => {
  test('a refusal is exit 1 with the words of the server or what IAM has to allow, and a busy server exit 3', async () => {
    const deny = await run('suspend', 'rule', 'no-pull-requests', '--reason', 'x');
    expect([deny.exit, deny.stderr]).toEqual([1, 'cambio: refused: invalid_request (400): a deny rule\n']);
    const locked = await run('resume', 'role', 'locked');
    expect([locked.exit, locked.stderr]).toEqual([
      1,
      expect.stringContaining('execute-api:Invoke on DELETE /admin/suspensions/*'),
    ]);
    const busy = await run('suspend', 'role', 'busy', '--reason', 'x');
    expect([busy.exit, server.at(`${admin}/role/busy`).length]).toEqual([3, 3]);
    expect((await run('suspend', 'rule', 'gha-deploy-prod', '--reason', 'x')).exit).toBe(0);
  });

  test.each<[string, readonly string[]]>([
    ['suspend needs KIND NAME', ['suspend']],
    ['suspend needs KIND NAME', ['suspend', 'client', '--reason', 'x']],
    ['suspend takes KIND NAME', ['suspend', 'client', 'a', 'b', '--reason', 'x']],
    ['suspend list takes no further words', ['suspend', 'list', 'client']],
    ['resume needs KIND NAME', ['resume', 'client']],
    ['suspend needs --reason TEXT', ['suspend', 'client', 'checkout']],
    ['suspend needs --reason TEXT', ['suspend', 'client', 'checkout', '--reason', '']],
    ['KIND is one of issuer, client, rule, audience, role', ['suspend', 'tenant', 'acme', '--reason', 'x']],
    ['NAME is as the policy has it', ['suspend', 'client', '../decisions', '--reason', 'x']],
    ['NAME is as the policy has it', ['resume', 'client', 'acme/a/b']],
    ['NAME is as the policy has it', ['resume', 'client', 'acme%2Fcheckout']],
    ['--until is seconds since the epoch', ['suspend', 'client', 'checkout', '--reason', 'x', '--until', 'tomorrow']],
  ])('%s', async (problem, words) => {
    const { exit, stdout, stderr } = await run(...words);
    expect([exit, stdout, stderr, server.received]).toEqual([2, '', expect.stringContaining(problem), []]);
  });
});

test('why names what is suspended, and where its reason is', async () => {
  const { exit, stdout } = await run('why', decision);
  expect(exit).toBe(0);
  expect(stdout.split('\n').slice(0, 4)).toEqual([
    `${decision} 2026-11-18T11:06:40.000Z refused: invalid_client, reason suspended`,
    'because',
    '  detail: "client acme/checkout is suspended"',
    '  by whom and why: cambio suspend list',
  ]);
});
