// The agent's memory, with a clock of its own: when it asks, when it waits, and what it forgets.
import { beforeEach, describe, expect, test } from 'vitest';
import { type AnswerCache, createAnswerCache, type Loaded } from '../../../cli/agent/answer-cache.ts';
import { CallFailed } from '../../../cli/call-failed.ts';
import { UsageError } from '../../../cli/usage.ts';

let clock: number;
let random: number;
let seen: string[];
let cache: AnswerCache<string>;
beforeEach(() => {
  [clock, random, seen] = [1_000_000, 0, []];
  const events = { onUse: (use: string) => void seen.push(use), onLoad: (outcome: string) => void seen.push(outcome) };
  cache = createAnswerCache<string>({ maxEntries: 3, ...events }, { clock: () => clock, random: () => random });
});

/** Answers that are numbered, and live for so many seconds. */
function source(life = 300) {
  const state = { asked: 0, failure: undefined as Error | undefined };
  const load = async (): Promise<Loaded<string>> => {
    state.asked += 1;
    await Promise.resolve();
    if (state.failure) throw state.failure;
    return { value: String(state.asked), expiresAt: clock + life * 1_000 };
  };
  return { state, get: async (key = 'k') => (await cache.get(key, load)).value };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));
const busy = (retryAfter?: number) => new CallFailed({ status: 503, description: 'busy', retryAfter });
const refused = new CallFailed({ status: 400, error: 'invalid_target', description: 'no' });

describe('an answer', () => {
  test('is asked for once for all who want it at once, and kept', async () => {
    const { state, get } = source();
    expect(new Set(await Promise.all(Array.from({ length: 1_000 }, () => get())))).toEqual(new Set(['1']));
    expect([await get(), state.asked]).toEqual(['1', 1]);
    expect([seen.filter((each) => each === 'miss').length, seen.filter((each) => each === 'joined').length]).toEqual([
      1, 999,
    ]);
  });

  test('is another’s for another key', async () => {
    const { state, get } = source();
    expect([await get('a'), await get('b'), state.asked]).toEqual(['1', '2', 2]);
  });

  test('is renewed before it ends, while the old one serves', async () => {
    const { state, get } = source(300);
    await get();
    clock += 199_000;
    expect([await get(), state.asked]).toEqual(['1', 1]);
    clock += 2_000;
    expect([await get(), state.asked]).toEqual(['1', 2]);
    await settle();
    expect([await get(), state.asked]).toEqual(['2', 2]);
  });

  test('is renewed at a random time, five minutes before the end at the latest', async () => {
    random = 0.999;
    const { state, get } = source(3_600);
    await get();
    clock += (3_600 - 300 - 350) * 1_000;
    expect([await get(), state.asked]).toEqual(['1', 2]);
  });

  test('that is about to end is not handed out', async () => {
    const { get } = source(300);
    await get();
    clock += 296_000;
    expect(await get()).toBe('2');
  });
});

describe('a refusal', () => {
  test('is told at once, not tried again and not kept', async () => {
    const { state, get } = source();
    state.failure = refused;
    await expect(get()).rejects.toBe(refused);
    expect(state.asked).toBe(1);
    state.failure = undefined;
    expect([await get(), state.asked]).toEqual(['2', 2]);
  });

  test('at renewal ends what was granted before', async () => {
    const { state, get } = source(300);
    await get();
    clock += 250_000;
    state.failure = refused;
    expect(await get()).toBe('1');
    await settle();
    await expect(get()).rejects.toBe(refused);
  });
});

describe('a failure that may pass', () => {
  test('holds further requests back for as long as Retry-After says', async () => {
    const { state, get } = source();
    state.failure = busy(2_000);
    await expect(get()).rejects.toMatchObject({ facts: { status: 503 } });
    state.failure = undefined;
    clock += 1_900;
    await expect(get()).rejects.toMatchObject({ facts: { status: 503, retryAfter: expect.any(Number) } });
    expect(state.asked).toBe(1);
    clock += 200;
    expect([await get(), state.asked]).toEqual(['2', 2]);
    expect(seen).toEqual(['miss', 'unavailable', 'held', 'miss', 'granted']);
  });

  test('holds back for five minutes at most', async () => {
    const { state, get } = source();
    state.failure = busy(86_400_000);
    await expect(get()).rejects.toBeInstanceOf(CallFailed);
    state.failure = undefined;
    clock += 299_000;
    await expect(get()).rejects.toBeInstanceOf(CallFailed);
    clock += 1_000;
    expect([await get(), state.asked]).toEqual(['2', 2]);
  });

  test('that repeats holds back longer each time, at random', async () => {
    const { state, get } = source();
    state.failure = busy();
    const pauses: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      await expect(get()).rejects.toBeInstanceOf(CallFailed);
      const before = state.asked;
      for (let pause = 0; state.asked === before; pause += 50) {
        clock += 50;
        await get().catch(() => {});
        if (state.asked > before) pauses.push(pause);
      }
    }
    expect([...pauses].sort((a, b) => a - b)).toEqual(pauses);
    expect(new Set(pauses).size).toBeGreaterThan(2);
  });

  test('at renewal leaves the old answer in use, without asking each time', async () => {
    const { state, get } = source(300);
    await get();
    clock += 250_000;
    state.failure = busy(10_000);
    expect(await get()).toBe('1');
    await settle();
    expect([await get(), state.asked]).toEqual(['1', 2]);
    clock += 11_000;
    state.failure = undefined;
    await get();
    await settle();
    expect([await get(), state.asked]).toEqual(['3', 3]);
  });
});

describe('a failure of our own', () => {
  const noToken = new UsageError('/var/run/secrets/cambio/token: cannot be read (ENOENT)');
  const fault = new CallFailed({ status: 500, error: 'server_error', description: 'unexpected error' });

  test.each<[string, Error]>([
    ['a token that cannot be found', noToken],
    ['a fault of the server', fault],
  ])('at renewal, %s, takes nothing away that was granted', async (_what, failure) => {
    const { state, get } = source(300);
    await get();
    clock += 250_000;
    state.failure = failure;
    expect(await get()).toBe('1');
    await settle();
    expect([await get(), state.asked]).toEqual(['1', 2]);
    clock += 5_000;
    state.failure = undefined;
    await get();
    await settle();
    expect([await get(), state.asked]).toEqual(['3', 3]);
  });

  test('is looked at anew by each request when there is nothing to serve', async () => {
    const { state, get } = source();
    state.failure = noToken;
    await expect(get()).rejects.toBe(noToken);
    state.failure = undefined;
    expect([await get(), state.asked]).toEqual(['2', 2]);
  });
});

describe('a load that was frozen with its process', () => {
  test('is waited for by nobody, and takes nothing away when it ends after all', async () => {
    let thaw = (_error: Error): void => {};
    const load = new Promise<Loaded<string>>((_, reject) => {
      thaw = reject;
    });
    const frozen = cache.get('k', () => load);
    const { state, get } = source();
    clock += 59_000;
    const joined = get();
    clock += 1_000;
    expect([await get(), state.asked]).toEqual(['1', 1]);
    thaw(busy());
    await expect(frozen).rejects.toBeInstanceOf(CallFailed);
    await expect(joined).rejects.toBeInstanceOf(CallFailed);
    expect([await get(), state.asked]).toEqual(['1', 1]);
  });
});

test('an answer that is forgotten is asked for again, and others are kept', async () => {
  const { state, get } = source();
  expect([await get('a'), await get('b')]).toEqual(['1', '2']);
  cache.forget((value) => value === '1');
  expect([await get('a'), await get('b'), state.asked]).toEqual(['3', '2', 3]);
});

describe('a clock that is set back', () => {
  test('ends an answer, whose end is not known any more', async () => {
    const { state, get } = source(300);
    await get();
    clock -= 3_600_000;
    expect([await get(), state.asked]).toEqual(['2', 2]);
    clock += 1_000;
    expect([await get(), state.asked]).toEqual(['2', 2]);
  });

  test('ends a pause, and does not make an hour of it', async () => {
    const { state, get } = source();
    state.failure = busy(2_000);
    await expect(get()).rejects.toBeInstanceOf(CallFailed);
    state.failure = undefined;
    clock -= 3_600_000;
    expect([await get(), state.asked]).toEqual(['2', 2]);
  });
});

test('memory is bounded: what was used least recently goes first, failures too', async () => {
  const { state, get } = source();
  for (const key of ['a', 'b', 'c']) await get(key);
  await get('a');
  await get('d');
  expect(cache.size()).toBe(3);
  const asked = state.asked;
  await get('a');
  expect(state.asked).toBe(asked);
  await get('b');
  expect(state.asked).toBe(asked + 1);
  state.failure = busy(60_000);
  for (const key of ['e', 'f', 'g', 'h']) await get(key).catch(() => {});
  expect(cache.size()).toBe(3);
});
