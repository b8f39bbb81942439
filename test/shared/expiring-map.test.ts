import { expect, test } from 'vitest';
import { createExpiringMap } from '../../shared/expiring-map.ts';

/** A memory of two entries and a clock. */
function memory() {
  const clock = { now: 100 };
  return { map: createExpiringMap<string>({ maxEntries: 2, now: () => clock.now }), clock };
}

test('an entry is there until its time, and not at it', () => {
  const { map, clock } = memory();
  map.set('a', 'one', 110);
  clock.now = 109;
  expect(map.get('a')).toBe('one');
  clock.now = 110;
  expect(map.get('a')).toBeUndefined();
  clock.now = 109;
  expect(map.get('a')).toBeUndefined();
});

test('the entry made first makes room, and one made again was made last', () => {
  const { map } = memory();
  map.set('a', 'one', 110);
  map.set('b', 'two', 110);
  map.set('a', 'three', 110);
  map.set('c', 'four', 110);
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual(['three', undefined, 'four']);
});

test('an entry whose time is over takes nobody’s place', () => {
  const { map } = memory();
  map.set('a', 'one', 110);
  map.set('b', 'two', 110);
  map.set('c', 'three', 100);
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual(['one', 'two', undefined]);
});
