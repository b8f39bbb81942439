// Positions of Status Lists, on every DynamoDB there is.
import { expect, test } from 'vitest';
import { createCountPositions, createReserveStatus } from '../../../../shared/aws/records/status-positions.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { listSize, seriesOf } from '../../../../shared/oauth/status-list/status-list-id.ts';
import type { SigningAlgorithm } from '../../../../shared/policy/compiled-policy.ts';
import { now } from '../../../world.ts';
import { onEveryEngine, table } from '../on-every-engine.ts';

const refusal = (error: unknown): unknown => (error instanceof Refused ? error.denial : error);

onEveryEngine((store, on, { name }) => {
  /** One instance of the function, at a time of its own. */
  const instance = (clock: { time: number }, randomInt: (limit: number) => number = (limit) => limit - 1) =>
    createReserveStatus({ call: store(), table, now: () => clock.time, randomInt });
  const take = async (reserve: ReturnType<typeof instance>, alg: SigningAlgorithm, times: number) => {
    const taken = await Promise.all(Array.from({ length: times }, () => reserve({ alg })));
    return taken.map(({ list, index }) => `${list} ${index}`);
  };
  const count = (series: string, time: number) =>
    createCountPositions({ call: store(), table, now: () => time })(series);

  // Counters of moto lose updates that arrive together; DynamoDB's are atomic.
  (name === 'moto' ? test.skip : on)('instances side by side never hand out one twice', async () => {
    const instances = Array.from({ length: 20 }, () => instance({ time: now }));
    const first = (await Promise.all(instances.map((reserve) => take(reserve, 'ES256', 3)))).flat();
    const second = (await Promise.all(instances.map((reserve) => take(reserve, 'ES256', 70)))).flat();
    expect(new Set([...first, ...second]).size).toBe(20 * 73);
    expect((await count(seriesOf('ES256', now).id, now)) % 64).toBe(0);
  });

  on('one write serves 64 tokens, and a list is filled before the next begins', async () => {
    const reserve = instance({ time: now });
    const id = seriesOf('RS256', now).id;
    const one = async () => (await take(reserve, 'RS256', 1))[0];
    const taken: unknown[] = [];
    for (let times = 0; times < 65; times += 1) {
      taken.push(await one());
      expect(await count(id, now)).toBe(times < 64 ? 64 : 128);
    }
    expect(new Set(taken).size).toBe(65);
    expect(taken).toContain(`${id}-0 0`);
    for (let block = 2; block < listSize / 64; block += 1) await instance({ time: now })({ alg: 'RS256' });
    expect((await instance({ time: now })({ alg: 'RS256' })).list).toBe(`${id}-1`);
  });

  on('within a block the order is that of chance', async () => {
    const order = async (randomInt: (limit: number) => number) =>
      (await take(instance({ time: now }, randomInt), 'PS256', 3)).map((each) => Number(each.split(' ')[1]) % 64);
    const [straight, shuffled] = [await order((limit) => limit - 1), await order(() => 0)];
    expect(straight).not.toEqual(shuffled);
  });

  on('what is left of an hour is not used in the next', async () => {
    const clock = { time: now };
    const reserve = instance(clock);
    const before = await reserve({ alg: 'ES384' });
    clock.time = seriesOf('ES384', now).endsAt;
    const after = await reserve({ alg: 'ES384' });
    expect(before.list.startsWith(seriesOf('ES384', now).id)).toBe(true);
    expect(after.list.startsWith(seriesOf('ES384', clock.time).id)).toBe(true);
    expect(await count(seriesOf('ES384', clock.time).id, clock.time)).toBe(64);
  });

  on('a series is over when its tokens have expired, though it is still there', async () => {
    await instance({ time: now })({ alg: 'Ed25519' });
    const { id, expiresAt } = seriesOf('Ed25519', now);
    expect(await count(id, expiresAt - 1)).toBe(64);
    expect(await count(id, expiresAt)).toBe(0);
    expect(await count('es256-nothing', now)).toBe(0);
  });

  on('without the store there is no position', async () => {
    const broken = createReserveStatus({ call: store(), table: 'none', now: () => now, randomInt: () => 0 });
    expect(await broken({ alg: 'ES256' }).catch(refusal)).toEqual({ kind: 'unavailable', dependency: 'dynamodb' });
    expect(await instance({ time: now })({ alg: 'ES256' })).toMatchObject({ index: expect.any(Number) });
  });
});
