import { expect, test } from 'vitest';
import { gaugesTask } from '../../../../shared/http/endpoints/gauges.ts';
import type { WriteLog } from '../../../../shared/http/log.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import type { SigningKey } from '../../../../shared/oauth/jose/keyring.ts';
import type { Suspension } from '../../../../shared/oauth/revocation/suspension.ts';

const now = 1_795_000_000;
const key = { kid: 'k', alg: 'ES256', keyId: 'arn', state: 'current', publicJwk: {} } as const;
const suspension = { kind: 'rule', name: 'r', reason: 'test', at: now - 100, principal: 'p' } as const;

async function measure(keys: readonly SigningKey[], suspensions: readonly Suspension[]) {
  const lines: Parameters<WriteLog>[] = [];
  const task = gaugesTask({
    readKeyring: async () => ({ keys }),
    listSuspensions: async () => suspensions,
    now: () => now,
    write: (...line) => void lines.push(line),
  });
  await task();
  return lines;
}

test('the oldest key that signs and the oldest suspension without an end are measured, in seconds', async () => {
  const old = { ...key, createdAt: now - 5_000 };
  const keys = [{ ...key, createdAt: now - 10 }, old, { ...old, state: 'previous', createdAt: 1 } as const];
  const ending = { ...suspension, at: now - 900, until: now + 900 };
  expect(await measure(keys, [suspension, { ...suspension, at: now - 300 }, ending])).toEqual([
    ['info', 'gauges', {}, { key_age: 5_000, suspension_age: 300 }],
  ]);
  // Of a key that an earlier version wrote the age is not known, and nothing is left on.
  expect(await measure([key], [ending])).toEqual([['info', 'gauges', {}, {}]]);
});

test('what cannot be read fails the run, and the log says why', async () => {
  const lines: Parameters<WriteLog>[] = [];
  const task = gaugesTask({
    readKeyring: () => Promise.reject(new Refused({ kind: 'unavailable', dependency: 'dynamodb' })),
    listSuspensions: async () => [],
    now: () => now,
    write: (...line) => void lines.push(line),
  });
  await expect(task()).rejects.toMatchObject({ denial: { dependency: 'dynamodb' } });
  expect(lines).toMatchObject([['error', 'gauges', { cause: [expect.stringContaining('refused: unavailable')] }]]);
});
