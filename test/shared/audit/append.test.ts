// However a batch of the stream is delivered, each event is in its chain once.
import { describe, expect, test } from 'vitest';
import { createAppend } from '../../../shared/audit/append.ts';
import { readTrailObject, trailObject } from '../../../shared/audit/trail-object.ts';
import { memoryTrail } from './trail-world.ts';

const day = '2026-11-26';
const entries = (...numbers: number[]) =>
  numbers.map((n) => ({ sequence: String(n), event: { n, unmapped: { sequence: String(n) } } }));

function eventsIn(objects: ReadonlyMap<string, Uint8Array>): readonly unknown[] {
  const names = [...objects.keys()].sort();
  return names.map((name) => readTrailObject(objects.get(name) ?? expect.fail(name)).events.map(({ n }) => n));
}

describe('a batch', () => {
  test('that is delivered again changes nothing, at the same instance and at another', async () => {
    const { objects, store } = memoryTrail();
    const append = createAppend(store);
    await append(day, 's', entries(9, 10));
    const [name = ''] = objects.keys();
    const written = objects.get(name);
    await append(day, 's', entries(9, 10));
    await createAppend(store)(day, 's', entries(9, 10));
    expect([...objects]).toEqual([[name, written]]);
    await createAppend(store)(day, 's', entries(11));
    expect(eventsIn(objects)).toEqual([[9, 10], [11]]);
  });

  test('that comes in two halves after its function was killed is there once', async () => {
    const { objects, store } = memoryTrail();
    await createAppend(store)(day, 's', entries(1, 2, 3, 4));
    const append = createAppend(store);
    await append(day, 's', entries(1, 2));
    await append(day, 's', entries(3, 4, 5));
    expect(eventsIn(objects)).toEqual([[1, 2, 3, 4], [5]]);
  });

  test('whose last part was written alone is there once when all of it comes again', async () => {
    const { objects, store } = memoryTrail();
    await createAppend(store)(day, 's', entries(1, 2));
    await createAppend(store)(day, 's', entries(3, 4));
    await createAppend(store)(day, 's', entries(5));
    await createAppend(store)(day, 's', entries(3, 4, 5, 6));
    expect(eventsIn(objects)).toEqual([[1, 2], [3, 4], [5], [6]]);
  });

  test('is kept out by no object that somebody else put at the end of its chain, whatever that says of itself', async () => {
    const planted = (first: string, last: string, sequence: string) => [
      { sequence: first, event: { n: 'planted', unmapped: { sequence } } },
      { sequence: last, event: { n: 'planted', unmapped: { sequence } } },
    ];
    for (const [first, last, sequence] of [
      ['1', '9'.repeat(39), '2'],
      ['1', '9'.repeat(39), '9'.repeat(39)],
      ['1', 'none', 'none'],
    ] as const) {
      const { objects, store } = memoryTrail();
      await createAppend(store)(day, 's', entries(3, 4));
      const { name, bytes } = trailObject({ chain: `${day}/s`, index: 2 }, planted(first, last, sequence));
      await store.put(name, bytes);
      await createAppend(store)(day, 's', entries(4, 5));
      await createAppend(store)(day, 's', entries(5, 6));
      expect(
        eventsIn(objects)
          .flat()
          .filter((n) => n === 5 || n === 6),
        sequence,
      ).toEqual([5, 6]);
    }
  });

  test('goes behind what another instance wrote meanwhile', async () => {
    const { objects, store } = memoryTrail();
    const append = createAppend(store);
    await append(day, 's', entries(1));
    await createAppend(store)(day, 's', entries(2));
    await append(day, 's', entries(2, 3));
    expect(eventsIn(objects)).toEqual([[1], [2], [3]]);
  });

  test('whose answer was lost is written once', async () => {
    const { objects, store } = memoryTrail();
    // The write arrives, its answer does not, and it is sent again.
    const lossy = {
      ...store,
      put: async (name: string, bytes: Uint8Array) => (await store.put(name, bytes)) && store.put(name, bytes),
    };
    await createAppend(lossy)(day, 's', entries(1, 2));
    expect(eventsIn(objects)).toEqual([[1, 2]]);
  });

  test('of a shard is apart from those of others, and each day begins a chain', async () => {
    const { objects, store } = memoryTrail();
    const append = createAppend(store);
    await append(day, 'a', entries(1));
    await append(day, 'b', entries(1));
    await append('2026-11-27', 'a', entries(2));
    expect([...objects.keys()]).toEqual([
      'events/2026-11-26/a/0000000001.jsonl.gz',
      'events/2026-11-26/b/0000000001.jsonl.gz',
      'events/2026-11-27/a/0000000001.jsonl.gz',
    ]);
  });

  test('is not taken as written by a store that only says that the name is taken', async () => {
    const { objects, store } = memoryTrail();
    const full = { ...store, put: async () => false };
    await expect(createAppend(full)(day, 's', entries(1))).rejects.toThrow('grows faster than it can be written');
    await createAppend(store)(day, 's', entries(1));
    expect(eventsIn(objects)).toEqual([[1]]);
  });
});
