// The encoding against the specification's own lists, read back by a reader that shares nothing with the encoder.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeStatusList, type StatusBits } from '../../../../shared/oauth/status-list/status-list.ts';
import { statusAt, statusesOf } from '../../../status-list-reader.ts';

interface Vectors {
  readonly small: readonly { readonly bits: StatusBits; readonly bytes: string; readonly lst: string }[];
  readonly long: readonly {
    readonly bits: StatusBits;
    readonly size_entries: number;
    readonly nonzero: Readonly<Record<string, number>>;
    readonly lst: string;
  }[];
}

const file = join(import.meta.dirname, '../../../vectors/status-list/status_list_vectors.json');
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

describe('the specification’s lists', () => {
  test.each(vectors.small)('$bytes with $bits bits is encoded byte for byte', ({ bits, bytes, lst }) => {
    const set = new Map(Object.entries(statusesOf({ bits, lst })).map(([at, status]) => [Number(at), status]));
    expect(encodeStatusList({ bits, size: (bytes.length * 4) / bits, set })).toEqual({ bits, lst });
  });

  // Which of several right compressions a ZLIB makes is its own business, so long lists are compared once they are read.
  test.each(vectors.long)('of 2^20 entries with $bits bits says the same as ours', (vector) => {
    const { bits, lst, nonzero, size_entries: size } = vector;
    const wanted = Object.entries(nonzero).filter(([, status]) => status !== 0);
    const ours = encodeStatusList({ bits, size, set: new Map(wanted.map(([at, status]) => [Number(at), status])) });
    expect(Object.entries(statusesOf(ours))).toEqual(wanted);
    expect(statusesOf(ours)).toEqual(statusesOf({ bits, lst }));
    expect(() => statusAt(ours, size - 1)).not.toThrow();
    expect(() => statusAt(ours, size)).toThrow('no such position');
  });
});

test('whatever is set is read back, and nothing else', () => {
  const bits = fc.constantFrom<StatusBits>(1, 2, 4, 8);
  const statuses = bits.chain((width) =>
    fc.record({
      width: fc.constant(width),
      set: fc.uniqueArray(fc.tuple(fc.nat(1_023), fc.integer({ min: 1, max: 2 ** width - 1 })), {
        selector: ([at]) => at,
      }),
    }),
  );
  fc.assert(
    fc.property(statuses, ({ width, set }) => {
      const list = encodeStatusList({ bits: width, size: 1_024, set: new Map(set) });
      expect(statusesOf(list)).toEqual(Object.fromEntries(set));
    }),
  );
});

test.each([
  [
    { bits: 1, size: 8, set: new Map([[8, 1]]) },
    { bits: 1, size: 16, set: new Map([[8, 1]]) },
  ],
  [
    { bits: 1, size: 8, set: new Map([[-1, 1]]) },
    { bits: 1, size: 8, set: new Map([[0, 1]]) },
  ],
  [
    { bits: 1, size: 8, set: new Map([[0, 2]]) },
    { bits: 2, size: 8, set: new Map([[0, 2]]) },
  ],
] as const)('a status that the list has no room for is a mistake (%#)', (wrong, right) => {
  expect(() => encodeStatusList(wrong)).toThrow(RangeError);
  expect(() => encodeStatusList(right)).not.toThrow();
});
