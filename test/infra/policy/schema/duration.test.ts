import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  durationPattern,
  formatDuration,
  parseDuration,
  parseRate,
  ratePattern,
  skewPattern,
} from '../../../../infra/policy/schema/duration.ts';

const seconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

describe('durations', () => {
  test.each([
    ['30s', 30],
    ['5m', 300],
    ['12h', 43_200],
    ['90d', 7_776_000],
    ['0s', 0],
  ])('%s is %d seconds', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  test('are a number times a unit', () => {
    const units = fc.constantFrom('s', 'm', 'h', 'd');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), units, (count, unit) => {
        expect(parseDuration(`${count}${unit}`)).toBe(count * seconds[unit]);
        expect(durationPattern.test(`${count}${unit}`)).toBe(true);
      }),
    );
  });

  test('survive being written and read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999 }), (count) => {
        expect(parseDuration(formatDuration(count))).toBe(count);
      }),
    );
    expect([formatDuration(86_400), formatDuration(5400), formatDuration(61)]).toEqual(['1d', '90m', '61s']);
  });

  test('are nothing else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!skewPattern.test(text));
        expect(() => parseDuration(text)).toThrow(RangeError);
      }),
    );
    const wrong = ['', '5', 'm', '5 m', '05m', '-5m', '+5m', '1.5h', '5M', '5ms', '5m\n', '1h30m', '1000000s', '٥m'];
    expect(wrong.filter((text) => durationPattern.test(text) || skewPattern.test(text))).toEqual([]);
    expect(durationPattern.test('0s')).toBe(false);
  });

  test('have rates beside them', () => {
    expect(['50/s', '100/m', '1000/h'].every((text) => ratePattern.test(text))).toBe(true);
    expect(['50', '50/d', '0/s', '/s', '50/sec', '50 /s', '5/s\n'].filter((text) => ratePattern.test(text))).toEqual(
      [],
    );
    expect(['50/s', '100/m', '1000/h'].map(parseRate)).toEqual([
      { count: 50, seconds: 1 },
      { count: 100, seconds: 60 },
      { count: 1000, seconds: 3600 },
    ]);
    expect(() => parseRate('50/d')).toThrow(RangeError);
  });
});
