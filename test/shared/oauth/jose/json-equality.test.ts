import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalJson } from '../../../../shared/oauth/jose/json-equality.ts';
import { parseStrictJson } from '../../../../shared/oauth/jose/strict-json.ts';
import type { JsonValue } from '../../../../shared/policy/json.ts';

test.each<[string, string, boolean]>([
  ['{"a":1,"b":[2,{"c":null}]}', '{"b":[2,{"c":null}],"a":1}', true],
  ['{"a":1}', '{"a":1,"b":1}', false],
  ['{"a":1,"b":1}', '{"a":1,"c":1}', false],
  ['{"__proto__":{}}', '{"toString":{}}', false],
  ['{}', '[]', false],
  ['[]', '{}', false],
  ['[1,2]', '[2,1]', false],
  ['[1]', '[1,2]', false],
  ['[1]', '{"0":1}', false],
  ['null', '{}', false],
  ['1', '"1"', false],
  ['"a"', '"a"', true],
])('%s and %s', (a, b, same) => {
  expect(equalJson(parseStrictJson(a), parseStrictJson(b))).toBe(same);
});

test('absent is not null', () => {
  expect([equalJson(undefined, undefined), equalJson(undefined, null)]).toEqual([true, false]);
});

test('agrees with the runtime’s own comparison', () => {
  const value = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
  const few = fc.oneof(value, fc.constantFrom<JsonValue>({}, [], { a: 1 }, { a: [1] }, [{}]));
  const plain = (json: JsonValue): unknown => JSON.parse(JSON.stringify(json));
  fc.assert(
    fc.property(few, few, (a, b) => {
      expect(equalJson(a, b)).toBe(isDeepStrictEqual(plain(a), plain(b)) || a === b);
      expect(equalJson(a, plain(a) as JsonValue)).toBe(true);
    }),
  );
});
