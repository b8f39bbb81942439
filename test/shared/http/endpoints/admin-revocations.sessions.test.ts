// POST /admin/revocations where AWS sessions can end with it: the record first, then the word to the writer, then the answer.
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import {
  type AdminRevocationsEndpoint,
  adminRevocationsEndpoint,
} from '../../../../shared/http/endpoints/admin-revocations.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { github, makeWorld, now } from '../../../world.ts';

async function revoke(by: string, changes: Partial<AdminRevocationsEndpoint> = {}) {
  const done: string[] = [];
  const lines: unknown[] = [];
  const endpoint = adminRevocationsEndpoint({
    findDecision: async () => undefined,
    recordRevocation: async () => void done.push('recorded'),
    endSessions: async () => void done.push('told'),
    policy: { issuers: { github }, clients: {} },
    readKeyring: makeWorld().cambio.readKeyring,
    keptFor: 86_400,
    now: () => now,
    write: (level, message, fields) => void lines.push([level, message, Object.keys(fields)]),
    ...changes,
  });
  const body = JSON.stringify({ by, value: 'github|7', reason: 'test' });
  const identity = {
    userArn: 'arn:aws:iam::111122223333:user/test',
  } as APIGatewayProxyEvent['requestContext']['identity'];
  const requestContext = { identity } as APIGatewayProxyEvent['requestContext'];
  const { statusCode, body: text } = await endpoint({ body, isBase64Encoded: false, requestContext }, {} as Context);
  return { done, lines, status: statusCode, answer: JSON.parse(text) };
}

describe('a revocation that ends AWS sessions', () => {
  test.each(['run', 'subject', 'family'])('by %s is recorded, then told, and answered as pending', async (by) => {
    const { done, status, answer } = await revoke(by);
    expect([status, answer.aws, done]).toEqual([200, 'pending', ['recorded', 'told']]);
  });

  test.each(['jti', 'client', 'issuer', 'key'])('by %s is recorded alone', async (by) => {
    const { done, status, answer } = await revoke(by);
    expect([status, 'aws' in answer, done]).toEqual([200, false, ['recorded']]);
  });

  test('promises nothing where no role is revocable', async () => {
    const { done, answer } = await revoke('run', { endSessions: undefined });
    expect(['aws' in answer, done]).toEqual([false, ['recorded']]);
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
