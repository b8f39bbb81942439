// What whoever is on call sees of the task: changes, failures, and silence while all is as it should be.
import { describe, expect, test } from 'vitest';
import { sessionRevocationsTask } from '../../../../shared/http/endpoints/session-revocations.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import type { RevokeSessionsCapabilities } from '../../../../shared/oauth/role-session/end-sessions.ts';
import type { Role } from '../../../../shared/policy/compiled-policy.ts';
import { now } from '../../../world.ts';

const role: Role = {
  name: 'deploy',
  arn: 'arn:aws:iam::111122223333:role/deploy',
  ...{ via: 'assume-role', ttl: 900, maxTtl: 900, revocable: true },
};
const named = { role: 'deploy', role_arn: role.arn };

async function run(changes: Partial<RevokeSessionsCapabilities> = {}) {
  const lines: unknown[] = [];
  let text: string | undefined;
  const cambio: RevokeSessionsCapabilities = {
    roles: [role],
    reaching: new Map(),
    listRevocations: async () => ({ at: now, revocations: [{ key: 'run#a', issuedBefore: now, expiresAt: now + 60 }] }),
    policyOf: async () => ({
      read: async () => text,
      write: async (written) => {
        text = written;
        return true;
      },
      remove: async () => {},
    }),
    ...changes,
  };
  const task = sessionRevocationsTask(cambio, (level, message, fields) => void lines.push([level, message, fields]));
  const ended = await task().then(
    () => 'done',
    (error: Error) => error.message,
  );
  return { ended, lines, task };
}

describe('the task that ends sessions', () => {
  test('tells what it changed, once', async () => {
    const { ended, lines, task } = await run();
    expect(ended).toBe('done');
    expect(lines).toEqual([['info', 'session_revocation', { ...named, change: 'written', denials: 1 }]]);
    await task();
    expect(lines).toHaveLength(1);
  });

  test('fails when a role could not be written, and tells which and why', async () => {
    const { ended, lines } = await run({ policyOf: () => Promise.reject(new Error('not let in')) });
    expect(ended).toBe('the policies of 1 of 1 roles are not written');
    expect(lines).toEqual([['error', 'session_revocation', { ...named, cause: ['Error: not let in'] }]]);
  });

  test('fails when the table cannot be read, and tells that', async () => {
    const cause = new Error('slow');
    const { ended, lines } = await run({
      listRevocations: () => Promise.reject(new Refused({ kind: 'unavailable', dependency: 'dynamodb' }, { cause })),
    });
    expect(ended).toBe('refused: unavailable');
    expect(lines).toEqual([
      ['error', 'session_revocation', { cause: ['Refused: refused: unavailable', 'Error: slow'] }],
    ]);
  });
});
