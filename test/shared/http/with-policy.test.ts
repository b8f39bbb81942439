// Functions whose policy may change at run time: while it cannot be read nothing is granted, and somebody hears of it.
import type { Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { createCurrentPolicy } from '../../../shared/aws/current-policy.ts';
import type { WriteLog } from '../../../shared/http/log.ts';
import { withPolicy } from '../../../shared/http/with-policy.ts';
import { Refused } from '../../../shared/oauth/denial.ts';
import { policy } from '../../world.ts';

test('a list of tenants that cannot be read is told each time, also while the last one serves, and then nothing is answered', async () => {
  const cause = new Error('the list of tenants has a MAC of somebody else');
  const state = { now: 0, fails: false };
  const unread: (readonly string[] | undefined)[] = [];
  const lines: Parameters<WriteLog>[] = [];
  const current = createCurrentPolicy({
    deployed: policy,
    readParts: async () => {
      if (state.fails) throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' }, { cause });
      return [];
    },
    clock: () => state.now,
    onUnread: (causes) => void unread.push(causes),
  });
  const handler = withPolicy(
    current,
    () => async () => ({ statusCode: 200, body: '' }),
    (...line) => void lines.push(line),
  );
  const asked = async (seconds: number) => {
    state.now += seconds * 1_000;
    return (await handler({}, {} as Context)).statusCode;
  };
  expect([await asked(0), await asked(60)]).toEqual([200, 200]);
  expect([unread, lines]).toEqual([[], []]);
  state.fails = true;
  expect([await asked(60), lines]).toEqual([200, []]);
  expect(unread).toEqual([[expect.any(String), `Error: ${cause.message}`]]);
  expect(await asked(600)).toBe(503);
  expect(unread).toHaveLength(2);
  expect(lines).toEqual([
    [
      'error',
      'policy_unavailable',
      expect.objectContaining({ error: 'temporarily_unavailable', cause: [`Error: ${cause.message}`] }),
      { success: 0, errors: 1, class: 'fault' },
    ],
  ]);
  state.fails = false;
  expect([await asked(1), unread.length, lines.length]).toEqual([200, 2, 1]);
});
