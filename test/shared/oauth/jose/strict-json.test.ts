import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseStrictJson } from '../../../../shared/oauth/jose/strict-json.ts';

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('a strict JSON parser', () => {
  test('reads what JSON.stringify writes as JSON.parse does', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' }),
        fc.constantFrom('', ' ', '\t\n'),
        (value, space) => {
          const text = JSON.stringify(value, null, space);
          fc.pre(!text.includes('\\u0000'));
          expect(plain(parseStrictJson(text))).toEqual(plain(value));
        },
      ),
    );
  });

  test('never takes a text that JSON.parse refuses', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u01e.-+ntf ') }), (text) => {
        const strict = attempt(() => parseStrictJson(text));
        if (strict.ok) expect(plain(strict.value)).toEqual(plain(JSON.parse(text)));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['a duplicate name', '{"sub":"a","sub":"b"}', '{"sub":"a","sup":"b"}'],
    ['a duplicate hidden by an escape', '{"sub":"a","\\u0073ub":"b"}', '{"sub":"a","\\u0074ub":"b"}'],
    ['a duplicate inside an object', '{"a":{"b":1,"b":1}}', '{"a":{"b":1,"c":1}}'],
    ['an infinite number', '{"exp":1e400}', '{"exp":1e40}'],
    ['a lone surrogate', '{"sub":"\\ud800"}', '{"sub":"\\ud83d\\ude00"}'],
    ['NUL in a string', '{"sub":"a\\u0000b"}', '{"sub":"a\\u0001b"}'],
    ['a byte order mark', '\ufeff{"a":1}', '{"a":1}'],
    ['text after the value', '{"a":1}{}', '{"a":1} '],
    ['a trailing comma', '{"a":1,}', '{"a":1}'],
    ['a leading zero', '{"a":01}', '{"a":10}'],
    ['single quotes', "{'a':1}", '{"a":1}'],
    ['a control character', '{"a":"\n"}', '{"a":"\\n"}'],
    ['a comment', '{"a":1/**/}', '{"a":1}'],
    ['nesting over the limit', `${'['.repeat(50)}${']'.repeat(50)}`, `${'['.repeat(30)}${']'.repeat(30)}`],
    ['more values than the limit', `[${'1,'.repeat(5_000)}1]`, `[${'1,'.repeat(500)}1]`],
    ['nothing', '', '0'],
  ])('refuses %s', (_what, refused, taken) => {
    expect(() => parseStrictJson(refused)).toThrow(SyntaxError);
    expect(() => parseStrictJson(taken)).not.toThrow();
  });

  test.each([
    '{ }',
    '[ ]',
    '{ "a" : 1 , "b" : [ 1 , 2 ] }',
    '\t{"a":\r\n1}\n',
    ' [ { } , [ ] ] ',
  ])('reads white space where RFC 8259 allows it: %j', (text) => {
    expect(JSON.stringify(parseStrictJson(text))).toBe(JSON.stringify(JSON.parse(text)));
    expect(() => parseStrictJson(text.replace(/[{[]/, '$&\u00a0'))).toThrow(SyntaxError);
  });

  test('counts values and levels to the limit, and no further', () => {
    const within = (text: string, limits: { depth: number; values: number }) => () => parseStrictJson(text, limits);
    expect(within('[1,{"a":2}]', { depth: 2, values: 4 })).not.toThrow();
    expect(within('[1,{"a":2}]', { depth: 2, values: 3 })).toThrow('too many values');
    expect(within('[1,{"a":2}]', { depth: 1, values: 4 })).toThrow('nested too deeply');
  });

  test('does not run out of stack on 100,000 levels', () => {
    expect(() => parseStrictJson('['.repeat(100_000))).toThrow('nested too deeply');
  });

  test('gives objects without a prototype, so that every name is only a name', () => {
    const object = parseStrictJson('{"__proto__":{"admin":true},"constructor":"x"}') as Record<string, unknown>;
    expect(Object.getPrototypeOf(object)).toBeNull();
    expect(object['admin']).toBeUndefined();
    expect(Object.keys(object)).toEqual(['__proto__', 'constructor']);
  });
});

function attempt(parse: () => unknown): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: parse() };
  } catch {
    return { ok: false };
  }
}
