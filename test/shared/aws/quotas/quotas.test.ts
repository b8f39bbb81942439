// Quotas over many instances, on every DynamoDB there is: as many as the rate and the burst allow, with few writes.
import { describe, expect, test } from 'vitest';
import type { CallDynamoDb } from '../../../../shared/aws/dynamodb.ts';
import { createLeases } from '../../../../shared/aws/quotas/quota-leases.ts';
import { createQuotas } from '../../../../shared/aws/quotas/quotas.ts';
import { uncountedGrants } from '../../../../shared/http/budget.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import type { Counted } from '../../../../shared/oauth/quota.ts';
import type { VerifiedToken } from '../../../../shared/oauth/verify/verify-token.ts';
import type { Audience } from '../../../../shared/policy/compiled-policy.ts';
import { stores } from '../../../dynamodb-engines.ts';
import { github, ordersRule, policy } from '../../../world.ts';
import { onEveryEngine, table } from '../on-every-engine.ts';

let names = 0;
const counted = (count: number, seconds: number, burst = count): Counted => {
  names += 1;
  return { by: 'client', name: `client-${names}`, quota: { count, seconds, burst } };
};

const failing =
  (name: string): CallDynamoDb =>
  async () => {
    throw Object.assign(new Error('refused'), { name });
  };

const denialOf = (error: unknown): unknown => (error instanceof Refused ? error.denial : error);
const granted = { audience: policy.audiences['orders-api'] as Audience, rule: ordersRule, scopes: [] };

/** Instances of the function with one clock, in milliseconds; what they ask of DynamoDB is counted. */
function instances(call: CallDynamoDb, many: number) {
  const clock = { time: 1_795_000_000_000 };
  const calls = { UpdateItem: 0, GetItem: 0 };
  const counting = ((operation: 'UpdateItem' | 'GetItem', input: never) => {
    calls[operation] += 1;
    return call(operation, input);
  }) as CallDynamoDb;
  const store = { call: counting, table, clock: () => clock.time, random: () => 0.5 };
  const takers = Array.from({ length: many }, () => {
    const { take, renewed } = createLeases(store);
    // As the function does it: nothing is under way when it answers.
    return async (quota: Counted): Promise<number> => {
      const wait = await take(quota);
      await renewed();
      return wait;
    };
  });
  return { clock, calls, store, takers };
}

onEveryEngine((store, on) => {
  on('the burst is there at once, and afterwards as many as the rate adds, whichever instance asks', async () => {
    const { clock, takers } = instances(store(), 3);
    const quota = counted(6, 60, 4);
    const ask = async (which: number) => (await takers[which % 3]?.(quota)) ?? Number.NaN;
    for (let one = 0; one < 4; one += 1) expect(await ask(one)).toBe(0);
    expect(await ask(4)).toBe(10_000);
    clock.time += 9_999;
    expect(await ask(4)).toBe(1);
    clock.time += 1;
    expect(await ask(4)).toBe(0);
    expect(await ask(5)).toBe(10_000);
    // Full again, and no fuller than full.
    clock.time += 3_600_000;
    const answers: number[] = [];
    for (let one = 0; one < 6; one += 1) answers.push(await ask(one));
    expect(answers.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(answers.slice(4).every((wait) => wait > 0)).toBe(true);
  });

  on('clients and subjects are counted apart', async () => {
    const { takers } = instances(store(), 1);
    const [take] = takers;
    const quota = { count: 1, seconds: 60, burst: 1 };
    const base = { by: 'subject', name: `issuer-${names}`, quota } as const;
    expect(await take?.({ ...base, subject: 'a' })).toBe(0);
    expect(await take?.({ ...base, subject: 'b' })).toBe(0);
    expect(await take?.({ ...base, by: 'issuer' })).toBe(0);
    expect(await take?.({ ...base, subject: 'a' })).toBe(60_000);
  });

  on('requests that come at once on many instances get the burst and no more', async () => {
    const { takers, calls } = instances(store(), 16);
    const quota = counted(8, 3_600);
    const waits = await Promise.all(takers.map((take) => take(quota)));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(8);
    expect(calls.UpdateItem).toBeLessThanOrEqual(16);
  });
});

/** Requests evenly in time, each on an instance that `which` picks. */
async function flood(
  { clock, takers }: ReturnType<typeof instances>,
  quota: Counted,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<{ readonly granted: number; readonly asked: number }> {
  const asked = perSecond * seconds;
  const start = clock.time;
  let granted = 0;
  for (let one = 0; one < asked; one += 1) {
    clock.time = Math.floor(start + (one * 1_000) / perSecond);
    // No instance comes regularly: a multiple of 7 by no period of 16.
    const wait = await takers[(one * one * 7 + one) % takers.length]?.(quota);
    if (wait === 0) granted += 1;
  }
  return { granted, asked };
}

onEveryEngine(
  (store, on) => {
    on('a caller three times over its rate gets its rate within a tenth, over 16 instances', async () => {
      const many = instances(store(), 16);
      const { granted, asked } = await flood(many, counted(300, 60, 30), { perSecond: 15, seconds: 30 });
      expect(granted).toBeGreaterThan(180 * 0.9);
      expect(granted).toBeLessThan(180 * 1.1);
      expect(many.calls.UpdateItem).toBeLessThan(asked);
    });

    on('a caller just under its rate is never refused, and takes one write a request at most', async () => {
      const many = instances(store(), 16);
      const { granted, asked } = await flood(many, counted(300, 60, 30), { perSecond: 4, seconds: 30 });
      expect(granted).toBe(asked);
      expect(many.calls.UpdateItem).toBeLessThanOrEqual(asked);
    });

    on(
      'the budget of a deployment is not asked for while an instance is quiet, and holds for all that are busy',
      async () => {
        const { clock } = instances(store(), 0);
        const budgetOf = async (call: CallDynamoDb) => {
          const mayPass = uncountedGrants(() => clock.time);
          const quotaStore = { call, table, clock: () => clock.time, random: () => 0.5 };
          const { countCalls } = await createQuotas({ policy, rates: { kms: 10, sts: 1 }, store: quotaStore, mayPass });
          return () => countCalls(granted).catch(denialOf);
        };
        const quiet = await budgetOf(failing('InternalServerError'));
        for (let one = 0; one < 30; one += 1) {
          expect(await quiet()).toBeUndefined();
          clock.time += 500;
        }
        const busy = [await budgetOf(store()), await budgetOf(store())];
        const answers: unknown[] = [];
        for (let one = 0; one < 120; one += 1) answers.push(await busy[one % 2]?.());
        // Fifty of each instance pass uncounted, and ten more are in the budget.
        expect(answers.slice(0, 110)).toEqual(Array.from({ length: 110 }, () => undefined));
        const over = { by: 'deployment', count: 10, seconds: 1, retryAfter: 1 };
        expect(answers.slice(110)).toEqual(Array.from({ length: 10 }, () => ({ kind: 'throttled', over })));
      },
    );

    on(
      'an instance that KMS throttles counts each grant for a minute, and another failure changes nothing',
      async () => {
        const { clock, calls } = instances(store(), 0);
        // After the test before this one.
        clock.time += 60_000;
        const call = ((operation: 'UpdateItem' | 'GetItem', input: never) => {
          calls[operation] += 1;
          return store()(operation, input);
        }) as CallDynamoDb;
        const quotaStore = { call, table, clock: () => clock.time, random: () => 0.5 };
        const options = { policy, rates: { kms: 1_000, sts: 1 }, store: quotaStore, mayPass: () => true };
        const { countCalls, heeding } = await createQuotas(options);
        const failingBy = (name: string) =>
          heeding(async () => {
            const cause = Object.assign(new Error(name), { name });
            throw new Refused({ kind: 'unavailable', dependency: 'kms' }, { cause });
          })().catch(denialOf);
        const writesOfAGrant = async (): Promise<number> => {
          const before = calls.UpdateItem;
          await countCalls(granted);
          return calls.UpdateItem - before;
        };
        expect(await failingBy('KMSInternalException')).toMatchObject({ kind: 'unavailable' });
        expect(await writesOfAGrant()).toBe(0);
        expect(await failingBy('ThrottlingException')).toMatchObject({ kind: 'unavailable' });
        expect(await writesOfAGrant()).toBe(1);
        clock.time += 60_001;
        expect(await writesOfAGrant()).toBe(0);
        expect(await heeding(async (one: number) => one + 1)(1)).toBe(2);
      },
    );

    on('a clock that is set back gives nobody more, and keeps nobody waiting once it is right', async () => {
      const { clock, takers } = instances(store(), 2);
      const quota = counted(6, 60, 2);
      const ask = async (which: number) => (await takers[which]?.(quota)) ?? Number.NaN;
      expect([await ask(0), await ask(1)]).toEqual([0, 0]);
      expect(await ask(0)).toBe(10_000);
      clock.time -= 3_600_000;
      expect([await ask(0), await ask(1)].every((wait) => wait > 3_600_000)).toBe(true);
      clock.time += 3_600_000 + 10_000;
      expect(await ask(1)).toBe(0);
      expect(await ask(0)).toBeGreaterThan(0);
    });

    on('a quota that is changed holds as it is now, whatever was taken before', async () => {
      const { takers } = instances(store(), 2);
      const before = counted(100, 1, 100);
      for (let one = 0; one < 5; one += 1) expect(await takers[0]?.(before)).toBe(0);
      const stricter = { ...before, quota: { count: 1, seconds: 60, burst: 3 } };
      const answers: number[] = [];
      for (let one = 0; one < 4; one += 1) answers.push((await takers[1]?.(stricter)) ?? Number.NaN);
      // What the five took fills in a twentieth of a second.
      expect(answers.map((wait) => wait === 0)).toEqual([true, true, false, false]);
      const wider = { ...before, quota: { count: 100, seconds: 1, burst: 20_000 } };
      expect(await takers[0]?.(wider)).toBe(0);
    });

    on('of a rate beyond a million in a second as many as its burst are there, and hardly more', async () => {
      const { takers } = instances(store(), 1);
      const quota = counted(2_000_000, 1, 50);
      const waits: number[] = [];
      for (let one = 0; one < 60; one += 1) waits.push((await takers[0]?.(quota)) ?? Number.NaN);
      const granted = waits.filter((wait) => wait === 0).length;
      expect(granted).toBeGreaterThanOrEqual(25);
      expect(granted).toBeLessThanOrEqual(51);
    });

    on('a hot caller is let in by what instances hold, and one who is refused hardly asks', async () => {
      const many = instances(store(), 16);
      const quota = counted(400, 1, 800);
      const under = await flood(many, quota, { perSecond: 320, seconds: 1 });
      expect(under.granted / under.asked).toBeGreaterThan(0.99);
      const writes = many.calls.UpdateItem;
      expect(writes / under.asked).toBeLessThan(0.5);
      many.clock.time += 10_000;
      const over = await flood(many, quota, { perSecond: 1_600, seconds: 2 });
      expect(over.granted).toBeGreaterThan((800 + 800) * 0.9);
      expect(over.granted).toBeLessThan((800 + 800) * 1.1);
      expect((many.calls.UpdateItem - writes) / 2).toBeLessThan(500);
    });
  },
  stores.filter(({ name }) => name === 'dynalite'),
);

describe('what counts', () => {
  const quota = { count: 1, seconds: 1, burst: 1 };
  const served = { ...policy, issuers: { github: { ...github, quota: { ...quota, per: 'issuer' as const } } } };
  const failing =
    (name: string): CallDynamoDb =>
    async () => {
      throw Object.assign(new Error('refused'), { name });
    };
  const count = async (call: CallDynamoDb, of: typeof policy = served) => {
    const quotaStore = { call, table, clock: () => 0, random: () => 0.5 };
    const options = { policy: of, rates: { kms: 1, sts: 1 }, store: quotaStore, mayPass: () => true };
    const { countRequest } = await createQuotas(options);
    const subject = { issuer: of.issuers['github'] ?? github, registered: {}, claims: {}, kid: undefined };
    return countRequest({ caller: undefined, parties: { subject: subject as VerifiedToken } }).catch(denialOf);
  };

  test('asks nothing of DynamoDB where the policy has no quota', async () => {
    expect(await count(failing('InternalServerError'), policy)).toBeUndefined();
  });

  test('refuses while DynamoDB fails, and asks for patience where it is asked too often', async () => {
    expect(await count(failing('InternalServerError'))).toEqual({ kind: 'unavailable', dependency: 'dynamodb' });
    const over = { by: 'issuer', count: 1, seconds: 1, retryAfter: 1 };
    for (const name of ['ProvisionedThroughputExceededException', 'ThrottlingException']) {
      expect(await count(failing(name))).toEqual({ kind: 'throttled', over });
    }
  });
});
