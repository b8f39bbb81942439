// /admin/suspensions as Lambda calls it: what is taken, what is told, one audit line for every change.
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import {
  resumeEndpoint,
  type SuspensionsEndpoint,
  suspendEndpoint,
  suspensionsEndpoint,
} from '../../../../shared/http/endpoints/admin-suspensions.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import type { Suspension } from '../../../../shared/oauth/revocation/suspension.ts';
import { now, policy } from '../../../world.ts';

const principal = 'arn:aws:sts::111122223333:assumed-role/on-call/alice';
const rules = [...policy.rules, { id: 'no-forks', from: 'github', match: [], deny: 'any' as const }];

function world(changes: Partial<SuspensionsEndpoint> = {}) {
  const recorded: Suspension[] = [];
  const ended: unknown[] = [];
  const lines: unknown[] = [];
  const capabilities: SuspensionsEndpoint = {
    policy: { ...policy, rules },
    recordSuspension: async (suspension) => void recorded.push(suspension),
    endSuspension: async (one) => void ended.push(one),
    listSuspensions: async () => recorded,
    now: () => now,
    write: (level, message, fields) => void lines.push([level, message, fields]),
    ...changes,
  };
  const eventOf = (kind: string, name: string, body: unknown) =>
    ({
      pathParameters: { kind, name },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      isBase64Encoded: false,
      requestContext: { identity: { userArn: principal } },
    }) as unknown as APIGatewayProxyEvent;
  const answerOf = ({ statusCode, body }: { statusCode: number; body: string }) =>
    [statusCode, body === '' ? undefined : JSON.parse(body)] as const;
  const context = {} as Context;
  return {
    recorded,
    ended,
    lines,
    put: async (kind: string, name: string, body: unknown) =>
      answerOf(await suspendEndpoint(capabilities)(eventOf(kind, name, body), context)),
    remove: async (kind: string, name: string) =>
      answerOf(await resumeEndpoint(capabilities)(eventOf(kind, name, ''), context)),
    list: async () => answerOf(await suspensionsEndpoint(capabilities)(eventOf('', '', ''), context)),
  };
}

describe('a suspension', () => {
  test('keeps the name of no session that Cambio made for a private subject, in record, answer and log', async () => {
    const github = policy.issuers['github'] ?? expect.fail('no such issuer');
    const grant = { role: 'on-call', ttl: 3_600, tags: [], transitive: [], policyArns: [] };
    const role = { name: 'on-call', arn: 'arn:aws:iam::111122223333:role/on-call', via: 'assume-role' } as const;
    for (const [secret, shown] of [
      [['sub'], 'assumed-role/on-call/sha256:'],
      [['email'], 'assumed-role/on-call/alice'],
    ] as const) {
      const { put, remove, recorded, ended, lines } = world({
        policy: {
          ...policy,
          issuers: { github: { ...github, private: secret } },
          roles: { 'on-call': { ...role, ttl: 3_600, maxTtl: 3_600 } },
          rules: [{ id: 'on-call', from: 'github', match: [], grant }],
        },
      });
      const [, answer] = await put('issuer', 'github', { reason: 'incident 7' });
      await remove('issuer', 'github');
      for (const kept of [recorded, ended, answer, lines]) expect(JSON.stringify(kept)).toContain(shown);
    }
  });

  test('is recorded with who made it and why, answered, and in the log', async () => {
    const { put, recorded, lines } = world();
    const made = { kind: 'issuer', name: 'github', reason: 'incident 7', until: now + 60, at: now, principal };
    expect(await put('issuer', 'github', { reason: 'incident 7', until: now + 60 })).toEqual([200, made]);
    expect(recorded).toEqual([made]);
    expect(lines).toEqual([['info', 'suspension', made]]);
    const [, open] = await put('issuer', 'github', { reason: 'longer' });
    expect(open).toEqual({ kind: 'issuer', name: 'github', reason: 'longer', at: now, principal });
  });

  test.each([
    ['issuer', 'github'],
    ['rule', 'main-branch'],
    ['audience', 'orders-api'],
  ])('of a %s that the policy has is known; of another it is made all the same, and said', async (kind, name) => {
    const { put, recorded } = world();
    expect((await put(kind, name, { reason: 'x' }))[1]).not.toHaveProperty('known');
    expect(await put(kind, 'other', { reason: 'x' })).toMatchObject([200, { known: false }]);
    expect(recorded).toHaveLength(2);
  });

  test('names a tenant’s by both, however the slash came', async () => {
    const { put, recorded } = world();
    for (const name of ['acme/orders-api', 'acme%2Forders-api', 'acme%2forders-api']) {
      expect((await put('audience', name, { reason: 'x' }))[0]).toBe(200);
    }
    expect(new Set(recorded.map(({ name }) => name))).toEqual(new Set(['acme/orders-api']));
  });

  test.each<[string, string, string, unknown]>([
    ['an unknown kind', 'key', 'github', { reason: 'x' }],
    ['a name no policy could have', 'issuer', 'Git Hub', { reason: 'x' }],
    ['two slashes', 'issuer', 'a/b/c', { reason: 'x' }],
    ['a deny rule', 'rule', 'no-forks', { reason: 'x' }],
    ['no reason', 'issuer', 'github', {}],
    ['an empty reason', 'issuer', 'github', { reason: '' }],
    ['a reason that is no text', 'issuer', 'github', { reason: 1 }],
    ['an until that is now', 'issuer', 'github', { reason: 'x', until: now }],
    ['an until that is no whole number', 'issuer', 'github', { reason: 'x', until: now + 0.5 }],
    ['another member', 'issuer', 'github', { reason: 'x', till: now + 1 }],
    ['a list', 'issuer', 'github', []],
    ['no JSON', 'issuer', 'github', '{'],
  ])('with %s is malformed, and not made', async (_what, kind, name, body) => {
    const { put, recorded } = world();
    expect(await put(kind, name, body)).toMatchObject([400, { error: 'invalid_request' }]);
    expect(recorded).toEqual([]);
    expect((await put('rule', 'main-branch', { reason: 'x', until: now + 1 }))[0]).toBe(200);
  });

  test('is ended by name, also where there is none, and listed while it holds', async () => {
    const { put, remove, list, ended, lines } = world();
    expect(await list()).toEqual([200, { suspensions: [] }]);
    await put('client', 'orders', { reason: 'x' });
    expect(await list()).toMatchObject([200, { suspensions: [{ kind: 'client', name: 'orders' }] }]);
    expect(await remove('client', 'orders')).toEqual([204, undefined]);
    expect(await remove('client', 'Git Hub')).toMatchObject([400, { error: 'invalid_request' }]);
    expect(ended).toEqual([{ kind: 'client', name: 'orders', at: now, principal }]);
    expect(lines).toContainEqual(['info', 'suspension_ended', ended[0]]);
  });

  test('that cannot be written is 503, never a 200', async () => {
    const down = async () => {
      throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' });
    };
    const { put, remove, list } = world({ recordSuspension: down, endSuspension: down, listSuspensions: down });
    const endings = [await put('issuer', 'github', { reason: 'x' }), await remove('issuer', 'github'), await list()];
    for (const ending of endings) expect(ending).toMatchObject([503, { error: 'temporarily_unavailable' }]);
  });
});
