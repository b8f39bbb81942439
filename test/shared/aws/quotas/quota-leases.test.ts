// Leases that are taken beside requests: who waits for one, and that nothing is granted twice or lost, in whatever order answers come.
import { setImmediate as settle } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CallDynamoDb, DynamoDbInput } from '../../../../shared/aws/dynamodb.ts';
import { createLeases } from '../../../../shared/aws/quotas/quota-leases.ts';
import { createQuotas } from '../../../../shared/aws/quotas/quotas.ts';
import type { Counted } from '../../../../shared/oauth/quota.ts';
import type { Audience } from '../../../../shared/policy/compiled-policy.ts';
import { ordersRule, policy } from '../../../world.ts';
import { type Fault, interleaving } from '../interleaving.ts';

const of = (count: number, burst = count): Counted => ({
  ...{ by: 'client', name: 'shop', quota: { count, seconds: 1, burst } },
});
const hot = of(1_000);

/** A bucket that is always full, on a DynamoDB that is as `mood` says. */
function world() {
  const clock = { time: 1_795_000_000_000 };
  const taken = { micros: 0, calls: 0 };
  const mood: { held: boolean; error: string | undefined } = { held: false, error: undefined };
  const waiting: (() => void)[] = [];
  const call = (async (operation, input) => {
    taken.calls += 1;
    if (mood.held) await new Promise<void>((resolve) => waiting.push(resolve));
    if (mood.error !== undefined) throw Object.assign(new Error('refused'), { name: mood.error });
    if (operation === 'GetItem') return {};
    const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } = input as DynamoDbInput<'UpdateItem'>;
    taken.micros += Number(values?.[':taken']?.N);
    const fullAt = Number(values?.[':full']?.N) + Number(values?.[':taken']?.N);
    return { Attributes: { [names?.['#period'] ?? '']: { N: String(fullAt) } } };
  }) as CallDynamoDb;
  const release = async (): Promise<void> => {
    for (let calm = 0; calm < 3; calm += 1) {
      for (const answer of waiting.splice(0)) answer();
      await settle();
    }
  };
  const storeOf = (how: CallDynamoDb) => ({ call: how, table: 'records', clock: () => clock.time, random: () => 0.5 });
  return { clock, taken, mood, call, release, storeOf };
}

/** Asks until a lease is being taken beside a request. */
async function untilTaken({ taken }: ReturnType<typeof world>, ask: () => Promise<void>): Promise<void> {
  const { calls } = taken;
  for (let asked = 0; asked < 100 && taken.calls === calls; asked += 1) await ask();
  expect(taken.calls).toBe(calls + 1);
}

test('of a busy instance no request waits for a lease once it is known to be busy; of a quiet one they take their own', async () => {
  const waited = async (counted: Counted, perSecond: number): Promise<number> => {
    const { clock, mood, release, storeOf, call } = world();
    const { take, renewed } = createLeases(storeOf(call));
    mood.held = true;
    let waits = 0;
    for (let one = 0; one < perSecond * 3; one += 1) {
      clock.time = 1_795_000_000_000 + Math.floor((one * 1_000) / perSecond);
      let answered = false;
      const answer = take(counted).then((wait) => {
        answered = true;
        return wait;
      });
      await settle();
      if (!answered && one >= perSecond) waits += 1;
      await release();
      expect(await answer).toBe(0);
      await renewed();
    }
    return waits;
  };
  expect(await waited(hot, 65)).toBe(0);
  // Leases of its are too small to be taken ahead.
  expect(await waited(hot, 6)).toBeGreaterThan(2);
  expect(await waited(of(20), 10)).toBe(20);
});

test('what is counted is recorded when the lease taken beside it is there, whatever comes of the record', async () => {
  const here = world();
  const options = { policy, rates: { kms: 1_000, sts: 1 }, store: here.storeOf(here.call), mayPass: () => false };
  const { countCalls, withLeases } = await createQuotas(options);
  const granted = { audience: policy.audiences['orders-api'] as Audience, rule: ordersRule, scopes: [] };
  const failing = new Error('not recorded');
  const outcomes: unknown[] = [];
  for (const record of [async () => 'recorded', () => Promise.reject(failing)]) {
    here.mood.held = false;
    for (let one = 0; one < 100; one += 1) await countCalls(granted);
    await withLeases(async () => {})();
    here.mood.held = true;
    await untilTaken(here, () => countCalls(granted));
    const recording = withLeases(record)()
      .catch((error: unknown) => error)
      .then((outcome) => outcomes.push(outcome));
    await settle();
    const early = outcomes.length;
    await here.release();
    await recording;
    expect(outcomes.length).toBe(early + 1);
  }
  expect(outcomes).toEqual(['recorded', failing]);
});

test('a request that comes while a lease is being taken takes no other', async () => {
  const here = world();
  const { take, renewed } = createLeases(here.storeOf(here.call));
  for (let one = 0; one < 100; one += 1) await take(hot);
  await renewed();
  here.mood.held = true;
  await untilTaken(here, async () => expect(await take(hot)).toBe(0));
  const { calls } = here.taken;
  const answers = Promise.all([take(hot), take(hot)]);
  await settle();
  expect(here.taken.calls).toBe(calls);
  await here.release();
  expect(await answers).toEqual([0, 0]);
  expect(here.taken.calls).toBe(calls);
});

test('what was taken ahead is there for a second, and is lost then, whatever is taken next', async () => {
  const here = world();
  const { take, renewed } = createLeases(here.storeOf(here.call));
  const ask = () => take(hot).catch(() => 1);
  for (let one = 0; one < 100; one += 1) await ask();
  await renewed();
  here.mood.error = 'InternalServerError';
  here.clock.time += 999;
  expect(await ask()).toBe(0);
  here.clock.time += 1;
  expect(await ask()).toBe(1);
  here.mood.error = undefined;
  const before = here.taken.micros;
  expect(await ask()).toBe(0);
  const drawn = (here.taken.micros - before) / 1_000;
  here.mood.error = 'InternalServerError';
  let granted = 1;
  while (granted <= drawn && (await ask()) === 0) granted += 1;
  expect(granted).toBe(drawn);
});

test('a lease that cannot be taken beside a request fails it not, and refuses the next while DynamoDB fails', async () => {
  const after = async (error: string): Promise<readonly unknown[]> => {
    const here = world();
    const { take, renewed } = createLeases(here.storeOf(here.call));
    const ask = () => take(hot);
    for (let one = 0; one < 100; one += 1) await ask();
    await renewed();
    here.mood.error = error;
    await untilTaken(here, async () => expect(await ask()).toBe(0));
    await renewed();
    const failed = await ask().catch(({ name }: Error) => name);
    here.mood.error = undefined;
    here.clock.time += 1_000;
    return [failed, await ask()];
  };
  expect(await after('InternalServerError')).toEqual(['InternalServerError', 0]);
  // It is asked too often: the bucket counts as empty for a moment.
  expect(await after('ThrottlingException')).toEqual([250, 0]);
});

test('whatever order answers come in, and whether they come, no more is granted than was taken, and without faults no less', async () => {
  const faults = fc.array(fc.constantFrom<Fault>('none', 'none', 'twice', 'lost', 'unsent'), { maxLength: 12 });
  const races = fc.record({
    faults: fc.oneof(fc.constant([]), faults),
    choices: fc.array(fc.nat(7), { maxLength: 80 }),
    counts: fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(races, async ({ faults, choices, counts }) => {
      const { taken, mood, call, storeOf } = world();
      const { store, gate, play } = interleaving();
      const { take, renewed } = createLeases(storeOf(store(call, faults)));
      let granted = 0;
      const ask = async (): Promise<void> => {
        if ((await take(hot).catch(() => 1)) === 0) granted += 1;
      };
      // An instance answers one request at a time; a server of many at once must not be wrong either.
      const requests = counts.map((count) => async () => {
        for (let one = 0; one < count; one += 1) {
          await gate();
          await ask();
        }
        await renewed();
      });
      await play(requests, choices);
      // What is left is there without another call.
      mood.error = 'InternalServerError';
      const rest = async (): Promise<void> => {
        for (let before = -1; before < granted; ) {
          before = granted;
          await ask();
        }
      };
      await play([rest], []);
      const drawn = taken.micros / 1_000;
      expect(granted).toBeLessThanOrEqual(drawn);
      if (faults.length === 0) expect(granted).toBe(drawn);
    }),
    { numRuns: 60 },
  );
});
