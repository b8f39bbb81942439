// Revoking AWS sessions through the whole stack: an administrator's call, the policies that come of it in two accounts, and
// what they deny.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecordedCall } from '../../infra/local/protocol/calls.ts';
import type { CompiledPolicy } from '../../shared/policy/compiled-policy.ts';
import { revocationSetups } from '../../shared/policy/session-revocation.ts';
import { documentedFetch as fetch } from '../documented.ts';
import { type LocalStack, startLocalStack } from '../local-stack.ts';
import { type Answer, answerOf, types } from '../rfc/served.ts';
import { allows, type PolicyDocument, type Statement, statementsIn, statementsOf } from './iam-statements.ts';
import { type Fields, signed } from './lifecycle.ts';

const own = 'arn:aws:iam::111122223333:role/ci/deploy';
const partner = 'arn:aws:iam::999999999999:role/partner';
const main = 'match: { repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }';
const policy = `version: 1
issuers:
  github: { url: https://token.actions.githubusercontent.com, audience: https://sts.acme.example, claims: github-actions }
roles:
  deploy: { arn: "${own}", revocable: true }
  partner: { arn: "${partner}", revocable: true }
  plain: { arn: "arn:aws:iam::111122223333:role/plain" }
rules:
  - { id: deploy, from: github, ${main}, grant: { role: deploy, ttl: 15m } }
  - { id: partner, from: github, ${main}, grant: { role: partner, ttl: 15m } }
  - { id: plain, from: github, ${main}, grant: { role: plain, ttl: 15m } }
`;

const folder = mkdtempSync(join(tmpdir(), 'cambio-sessions-'));
let stack: LocalStack;
let writer: string;
const down = new Set<string>();

beforeAll(async () => {
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, policy);
  const fault = ({ action }: RecordedCall) => (down.has(action) ? { code: 'AccessDenied', status: 403 } : undefined);
  stack = await startLocalStack({ policy: file, fault });
  writer = String(stack.resolve(stack.template.Outputs?.['RevocationsRole']?.Value));
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

/** A session as IAM sees it when it calls: its tags, and when STS issued it. */
type Session = Readonly<Record<string, string>>;

async function session(run: string, role = 'deploy', claims: Fields = {}): Promise<Session & { readonly id: string }> {
  const asked = stack.calls.length;
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await stack.tokenFor('github', { run_id: run, ...claims }),
    subject_token_type: types.jwt,
    audience: role,
  });
  const { status } = await answerOf(await fetch(`${stack.url}/token`, { method: 'POST', body }));
  expect(status).toBe(200);
  const assumed =
    stack.calls.slice(asked).find(({ action }) => action === 'sts:AssumeRole') ?? expect.fail('no session');
  const tags = Object.entries(assumed.context).flatMap(([key, value]) =>
    key.startsWith('aws:RequestTag/') ? [[key.replace('Request', 'Principal'), value]] : [],
  );
  const written = stack.calls.slice(asked).find(({ action }) => action === 'dynamodb:PutItem');
  const id = written?.context['dynamodb:LeadingKeys']?.split('#').at(-1) ?? expect.fail('no decision');
  return { ...Object.fromEntries(tags), 'aws:TokenIssueTime': new Date(assumed.at).toISOString(), id };
}

/** Whether the role's policies let a session do what the role may. */
function mayAct({ id: _, ...context }: Session, role = own): boolean {
  const texts = [...stack.policiesOf(role).values()];
  const allow: PolicyDocument = { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
  const statements = [allow, ...texts.map((text) => JSON.parse(text) as PolicyDocument)].flatMap((document) =>
    statementsIn(document, role),
  );
  const call = {
    at: 0,
    service: 'sts',
    principal: role,
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::a/b',
  } as const;
  return allows(statements, { ...call, context });
}

const later = (seconds: number): Session => ({
  'aws:TokenIssueTime': new Date(Date.now() + seconds * 1_000).toISOString(),
});

const revoke = async (by: string, value: string, more: Fields = {}): Promise<Answer> => {
  const body = JSON.stringify({ by, value, reason: 'test', ...more });
  return answerOf(await fetch(`${stack.url}/admin/revocations`, { method: 'POST', body, headers: signed }));
};

/** The writer runs by itself, soon. */
async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !holds(); tries += 1) await delay(50);
  expect(holds()).toBe(true);
}

async function runSchedule() {
  const [run] = await stack.fire('SessionRevocations');
  return run ?? expect.fail('it did not run');
}

describe('before anything is revoked', () => {
  test('a policy that is left from earlier goes, and the role’s own stays', async () => {
    const policies = stack.policiesOf(own) as Map<string, string>;
    policies.set('own', '{}').set('cambio-revocations', '{}');
    expect((await runSchedule()).ok).toBe(true);
    expect([...policies.keys()]).toEqual(['own']);
    policies.clear();
  });
});

describe('a revoked session', () => {
  test('of a run is denied in both accounts; another run is not, nor a later session of this one', async () => {
    const [revoked, abroad, other] = [await session('7'), await session('7', 'partner'), await session('8')];
    expect([mayAct(revoked), mayAct(abroad, partner), mayAct(other)]).toEqual([true, true, true]);
    const { status, body } = await revoke('run', 'github|7');
    expect([status, body['aws']]).toEqual([200, 'pending']);
    await until(() => !mayAct(revoked) && !mayAct(abroad, partner));
    expect(mayAct(other)).toBe(true);
    expect(mayAct({ ...revoked, ...later(30) })).toBe(true);
    expect(stack.policiesOf(own)).toEqual(stack.policiesOf(partner));
  });

  test('goes by its decision as a family, and by its subject', async () => {
    const sub = 'repo:acme@1/api@456789:environment:staging';
    const [one, other] = [await session('20'), await session('21', 'deploy', { sub })];
    await revoke('family', one.id);
    await until(() => !mayAct(one));
    expect(mayAct(other)).toBe(true);
    await revoke('subject', `github|${sub}`);
    await until(() => !mayAct(other));
  });

  test('that reaches no role is not promised, and no policy is written', async () => {
    const before = stack.policiesOf(own).get('cambio-revocations');
    const { status, body } = await revoke('client', 'nobody');
    expect([status, body['aws'], body['known']]).toEqual([200, 'none', false]);
    expect((await runSchedule()).ok).toBe(true);
    expect(stack.policiesOf(own).get('cambio-revocations')).toBe(before);
  });

  test('of a role that is not revocable carries no tag', async () => {
    expect(Object.keys(await session('9', 'plain'))).toEqual(['aws:TokenIssueTime', 'id']);
  });
});

describe('the schedule', () => {
  test('does what could not be told, and is done when a second run finds nothing to write', async () => {
    const revoked = await session('30');
    down.add('lambda:InvokeFunction');
    expect((await revoke('run', 'github|30')).body['aws']).toBe('pending');
    expect(stack.logs.some(({ line }) => line.includes('session_revocation'))).toBe(true);
    down.clear();
    expect(mayAct(revoked)).toBe(true);
    expect((await runSchedule()).ok).toBe(true);
    expect(mayAct(revoked)).toBe(false);
    const asked = stack.calls.length;
    expect((await runSchedule()).ok).toBe(true);
    const actions = stack.calls.slice(asked).map(({ action }) => action);
    expect(actions).toContain('iam:GetRolePolicy');
    expect(actions).not.toContain('iam:PutRolePolicy');
  });

  test('repairs what was lost in one account while the other does not let it in, and says that it failed', async () => {
    const wanted = stack.policiesOf(partner).get('cambio-revocations');
    await forget(own);
    down.add('sts:AssumeRole');
    const failed = await runSchedule();
    expect(failed).toMatchObject({ ok: false, failure: 'function-error' });
    expect(stack.policiesOf(own).get('cambio-revocations')).toBe(wanted);
    down.clear();
    expect((await runSchedule()).ok).toBe(true);
  });

  /** As if somebody had deleted the policy. */
  async function forget(role: string): Promise<void> {
    (stack.policiesOf(role) as Map<string, string>).delete('cambio-revocations');
    expect(stack.policiesOf(role).size).toBe(0);
  }
});

describe('the writer’s rights', () => {
  const statements = (): readonly Statement[] => [
    ...statementsOf(stack),
    ...revocationSetups(stack.policy as CompiledPolicy, writer).flatMap(({ role, accountId }) =>
      statementsIn(
        role.PolicyDocument as PolicyDocument,
        `arn:aws:sts::${accountId}:assumed-role/${role.RoleName}/cambio-revocations`,
      ),
    ),
  ];
  const callsOf = (action: string) => stack.calls.filter((call) => call.action === action);

  test('cover what it did in both accounts, and let nobody else near a role', () => {
    const writes = ['iam:PutRolePolicy', 'iam:DeleteRolePolicy', 'iam:GetRolePolicy'];
    const calls = [...writes, 'lambda:InvokeFunction'].flatMap(callsOf);
    expect(new Set(calls.map(({ resource }) => resource))).toEqual(
      new Set([own, partner, expect.stringContaining('SessionRevocations')]),
    );
    expect(calls.filter((call) => !allows(statements(), call))).toEqual([]);
    for (const action of writes) expect(callsOf(action), action).not.toEqual([]);
    const holders = statements().filter(({ actions }) => actions.includes('iam:PutRolePolicy'));
    expect(new Set(holders.map(({ role }) => role))).toEqual(
      new Set([writer, 'arn:aws:sts::999999999999:assumed-role/cambio-revocations/cambio-revocations']),
    );
  });

  test.each<[string, (call: RecordedCall) => RecordedCall]>([
    ['another role', (call) => ({ ...call, resource: `${call.resource}-other` })],
    ['a role without a boundary', (call) => ({ ...call, context: {} })],
    [
      'a role with another boundary',
      (call) => ({ ...call, context: { 'iam:PermissionsBoundary': 'arn:aws:iam::aws:policy/AdministratorAccess' } }),
    ],
    ['managed policies', (call) => ({ ...call, action: 'iam:AttachRolePolicy' })],
    ['the boundary itself', (call) => ({ ...call, action: 'iam:DeleteRolePermissionsBoundary' })],
  ])('do not reach %s', (_what, change) => {
    for (const resource of [own, partner]) {
      const call = callsOf('iam:PutRolePolicy').find((each) => each.resource === resource) ?? expect.fail('no call');
      expect(allows(statements(), call)).toBe(true);
      expect(allows(statements(), change(call))).toBe(false);
    }
  });
});
