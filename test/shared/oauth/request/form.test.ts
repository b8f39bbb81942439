import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Refused } from '../../../../shared/oauth/denial.ts';
import {
  decodeFormText,
  isFormContentType,
  parseForm,
  refuseRepeats,
  required,
  single,
} from '../../../../shared/oauth/request/form.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((value) => value.isWellFormed());
const name = text.filter((value) => !value.includes('['));

describe('a form parser', () => {
  test('reads what URLSearchParams writes, as URLSearchParams reads it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, text), { maxLength: 20 }), (pairs) => {
        const body = new URLSearchParams(pairs).toString();
        const expected = new URLSearchParams(body);
        const form = parseForm(body);
        expect([...form.keys()]).toEqual([...new Set(expected.keys())]);
        for (const name of form.keys()) expect(form.get(name)).toEqual(expected.getAll(name));
      }),
    );
  });

  test('takes or refuses any text, and never throws anything but Refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (body) => {
        try {
          for (const [name, values] of parseForm(body)) {
            expect([name, ...values].every((value) => value.isWellFormed())).toBe(true);
            expect(values).not.toContain('');
          }
        } catch (error) {
          expect(error).toBeInstanceOf(Refused);
        }
      }),
    );
  });

  test.each([
    ['a bad escape', 'scope=%', 'scope=%25'],
    ['a half escape', 'scope=%2', 'scope=%20a'],
    ['overlong UTF-8', 'scope=%c0%af', 'scope=%2f'],
    ['an escaped lone surrogate', 'scope=%ed%a0%80', 'scope=%ed%9f%bf'],
    ['raw bytes that are not ASCII', 'scope=\u00e9', 'scope=%c3%a9'],
    ['a raw tab', 'scope=a\tb', 'scope=a b'],
    ['a raw no-break space', 'scope=a\u00a0b', 'scope=a b'],
    ['a raw line feed', 'scope=a\n', 'scope=a'],
    ['a separator of other parsers', 'a=b;scope=c', 'a=b%3bscope=c'],
    ['bracket syntax', 'scope[]=a', 'scope=[]a'],
    ['escaped bracket syntax', 'scope%5b%5d=a', 'scope=%5b%5da'],
    ['more than 200 parameters', 'a=1&'.repeat(200), 'a=1&'.repeat(199)],
  ])('refuses %s', (_what, refused, taken) => {
    expect(() => parseForm(refused)).toThrow(Refused);
    expect(() => parseForm(taken)).not.toThrow();
  });

  test('takes a raw space for a space, as `curl -d` sends it', () => {
    expect([...parseForm('scope=orders:read orders:write&a b= c')]).toEqual([
      ['scope', ['orders:read orders:write']],
      ['a b', [' c']],
    ]);
    expect([...parseForm('scope=a b')]).toEqual([...parseForm('scope=a+b')]);
    expect([decodeFormText('a b'), decodeFormText('a+b')]).toEqual([undefined, 'a b']);
  });

  test('leaves out what has no value, and keeps `=` in values', () => {
    expect([...parseForm('scope=&actor_token&e=f=g')]).toEqual([['e', ['f=g']]]);
  });

  test('gives a parameter once, or says that it is missing or repeated', () => {
    const denialOf = (read: () => unknown): unknown => {
      try {
        return read();
      } catch (error) {
        return error instanceof Refused ? error.denial : error;
      }
    };
    const form = parseForm('a=1&b=1&b=2&=x');
    expect([single(form, 'a'), single(form, 'c'), required(form, 'a'), single(form, '')]).toEqual([
      '1',
      undefined,
      '1',
      'x',
    ]);
    const repeated = { kind: 'parameter', parameter: 'b', problem: 'repeated' };
    expect(denialOf(() => single(form, 'b'))).toEqual(repeated);
    expect(denialOf(() => required(form, 'b'))).toEqual(repeated);
    expect(denialOf(() => required(form, 'c'))).toEqual({ kind: 'parameter', parameter: 'c', problem: 'missing' });
    expect(denialOf(() => parseForm('a=%'))).toEqual({
      kind: 'parameter',
      parameter: 'the form',
      problem: 'malformed',
    });
    expect([...parseForm('')]).toEqual([]);
  });

  test('finds a repeat whatever its spelling, and does not reflect a name it does not know', () => {
    const refuse = (body: string): unknown => {
      try {
        return refuseRepeats(parseForm(body), ['audience'], ['scope']);
      } catch (error) {
        return error instanceof Refused && error.denial;
      }
    };
    expect(refuse('scope=a&%73cope=b')).toEqual({ kind: 'parameter', parameter: 'scope', problem: 'repeated' });
    expect(refuse('evil=a&evil=b')).toEqual({ kind: 'parameter', parameter: 'a parameter', problem: 'repeated' });
    expect(refuse('audience=a&audience=b&scope=a')).toBeUndefined();
  });

  test.each([
    ['application/x-www-form-urlencoded', true],
    ['Application/X-WWW-Form-Urlencoded; charset=UTF-8', true],
    ['application/x-www-form-urlencoded;charset="utf-8"', true],
    [' application/x-www-form-urlencoded ', true],
    ['application/x-www-form-urlencoded; charset=utf-7', false],
    ['application/x-www-form-urlencoded, application/json', false],
    ['application/json', false],
    ['multipart/form-data; boundary=x', false],
    ['', false],
    [undefined, false],
  ])('content type %s: %s', (contentType, expected) => {
    expect(isFormContentType(contentType)).toBe(expected);
  });
});
