// POST /admin/revocations where AWS sessions can end with it: the record first, then the word to the writer, then the answer.
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import {
  type AdminRevocationsEndpoint,
  adminRevocationsEndpoint,
} from '../../../../shared/http/endpoints/admin-revocations.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import type { CompiledPolicy, Role } from '../../../../shared/policy/compiled-policy.ts';
import { makeWorld, now, policy } from '../../../world.ts';

const roles: Readonly<Record<string, Role>> = {
  deploy: {
    name: 'deploy',
    arn: 'arn:aws:iam::111122223333:role/deploy',
    via: 'assume-role',
    ttl: 900,
    maxTtl: 900,
    revocable: true,
  },
};
const grant = { role: 'deploy', ttl: 900, tags: [], transitive: [], policyArns: [] };
const rules: CompiledPolicy['rules'] = [{ id: 'deploy', from: 'github', match: [], grant, client: ['ci'] }];

async function revoke(by: string, changes: Partial<AdminRevocationsEndpoint> = {}) {
  const done: string[] = [];
  const lines: unknown[] = [];
  const endpoint = adminRevocationsEndpoint({
    findDecision: async () => undefined,
    recordRevocation: async () => void done.push('recorded'),
    endSessions: async () => void done.push('told'),
    policy: { ...policy, roles, rules },
    readKeyring: makeWorld().cambio.readKeyring,
    keptFor: 86_400,
    now: () => now,
    write: (level, message, fields) => void lines.push([level, message, Object.keys(fields)]),
    ...changes,
  });
  const value = by === 'issuer' || by === 'client' ? 'github' : 'github|7';
  const body = JSON.stringify({ by, value, reason: 'test' });
  const identity = {
    userArn: 'arn:aws:iam::111122223333:user/test',
  } as APIGatewayProxyEvent['requestContext']['identity'];
  const requestContext = { identity } as APIGatewayProxyEvent['requestContext'];
  const { statusCode, body: text } = await endpoint({ body, isBase64Encoded: false, requestContext }, {} as Context);
  return { done, lines, status: statusCode, answer: JSON.parse(text) };
}

describe('a revocation that ends AWS sessions', () => {
  test.each([
    'run',
    'subject',
    'family',
    'jti',
    'issuer',
    'client',
  ])('by %s is recorded, then told, and answered as pending', async (by) => {
    const { done, status, answer } = await revoke(by);
    expect([status, answer.aws, done]).toEqual([200, 'pending', ['recorded', 'told']]);
  });

  test.each(['client', 'issuer', 'key'])('by %s is recorded alone where no role is reached', async (by) => {
    const { done, status, answer } = await revoke(by, { policy: { ...policy, roles, rules: [] } });
    expect([status, answer.aws, done]).toEqual([200, 'none', ['recorded']]);
  });

  test('promises nothing where no role is revocable', async () => {
    const { done, answer } = await revoke('run', { endSessions: undefined });
    expect([answer.aws, done]).toEqual(['none', ['recorded']]);
  });

  test('holds when the writer cannot be told, which is logged; the schedule will see it', async () => {
    const { status, answer, lines } = await revoke('run', { endSessions: () => Promise.reject(new Error('down')) });
    expect([status, answer.aws]).toEqual([200, 'pending']);
    expect(lines[0]).toEqual(['error', 'session_revocation', ['cause']]);
  });

  test('is not told when it could not be recorded', async () => {
    const failing = () => Promise.reject(new Refused({ kind: 'unavailable', dependency: 'dynamodb' }));
    const { done, status, answer } = await revoke('run', { recordRevocation: failing });
    expect([status, 'aws' in answer, done]).toEqual([503, false, []]);
  });
});
