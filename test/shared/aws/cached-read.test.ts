// What a read is kept for: what comes late, what hangs, and what fails. The keyring's and the tenants' tests say the rest.
import { expect, test } from 'vitest';
import { cachedRead } from '../../../shared/aws/cached-read.ts';

/** Reads that are answered from outside, by their number. */
function held(times: Partial<Parameters<typeof cachedRead<string>>[0]> = {}) {
  const state = { now: 1_000_000 };
  const reads: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
  const read = () => new Promise<string>((resolve, reject) => void reads.push({ resolve, reject }));
  const options = { read, clock: () => state.now, freshFor: 10_000, staleFor: 60_000, ...times };
  return { state, reads, ...cachedRead(options) };
}

test('an answer that comes after one that was asked for later is not kept, unless the clock was set back in between', async () => {
  const { state, reads, current } = held();
  const first = current();
  state.now += 1_000;
  const second = current();
  expect(reads).toHaveLength(2);
  reads[1]?.resolve('later');
  expect(await second).toBe('later');
  reads[0]?.resolve('earlier');
  expect(await first).toBe('earlier');
  expect(await current()).toBe('later');
  state.now -= 5_000;
  const third = current();
  reads[2]?.resolve('by the right clock');
  expect(await third).toBe('by the right clock');
  expect(await current()).toBe('by the right clock');
});

test('a read that failed is made again at once, or, where one is kept, after a while', async () => {
  for (const [triedAgainAfter, reread] of [
    [0, 1],
    [5_000, 0],
  ] as const) {
    const errors: unknown[] = [];
    const { state, reads, current } = held({ triedAgainAfter, onUnread: (error) => errors.push(error) });
    const down = new Error('down');
    const first = current();
    reads[0]?.reject(down);
    await expect(first).rejects.toBe(down);
    const second = current();
    reads[1]?.resolve('kept');
    expect(await second).toBe('kept');
    state.now += 10_000;
    const third = current();
    reads[2]?.reject(down);
    expect(await third).toBe('kept');
    expect(errors).toEqual([down, down]);
    state.now += 4_999;
    void current();
    expect(reads).toHaveLength(3 + reread);
    state.now += 1;
    void current();
    expect(reads).toHaveLength(4);
    // Nobody is served what is older than it may be.
    state.now += 60_000;
    const last = current();
    reads.at(-1)?.reject(down);
    await expect(last).rejects.toBe(down);
  }
});
