// What a claim may satisfy, value by value: only values of the type its catalogue says, and no property of JavaScript's.
import { describe, expect, test } from 'vitest';
import { claimAt, readClaim } from '../../../shared/policy/claims.ts';
import type { ClaimType, WantedValue } from '../../../shared/policy/compiled-policy.ts';
import { evaluateMatch } from '../../../shared/policy/match.ts';

const values: readonly (readonly [string, unknown])[] = [
  ['text', 'a'],
  ['an integer', 7],
  ['a fraction', 7.5],
  ['an integer beyond 2^53', 2 ** 53],
  ['true', true],
  ['false', false],
  ['a list', ['a', 7, true, null, {}, ['a']]],
  ['an object', { a: 1 }],
  ['null', null],
  ['nothing', undefined],
];

/** What of these values counts, by type. */
const counted: Readonly<Record<ClaimType, Readonly<Record<string, readonly unknown[]>>>> = {
  string: { text: ['a'] },
  int: { 'an integer': [7] },
  bool: { true: [true], false: [false] },
  list: {
    text: ['a'],
    'an integer': [7],
    'a fraction': [7.5],
    'an integer beyond 2^53': [2 ** 53],
    true: [true],
    false: [false],
    'a list': ['a', 7, true],
  },
  object: {},
};

describe.each(Object.keys(counted) as ClaimType[])('a claim of type %s', (type) => {
  test.each(values)('that is %s', (name, value) => {
    const { scalars, doubt } = readClaim({ claim: value }, { path: 'claim', type });
    const whole = counted[type][name] !== undefined && name !== 'a list';
    expect(scalars).toEqual(counted[type][name] ?? []);
    expect(doubt === undefined).toBe(whole || value === undefined || value === null);
  });
});

test('below an object whose members are not declared a list counts by its elements, and a scalar by its type', () => {
  const read = (value: unknown) => readClaim({ map: { x: value } }, { path: 'map.x', type: 'string', open: true });
  expect(read(['a', 7])).toMatchObject({ scalars: ['a', 7], doubt: undefined });
  expect(read('a')).toMatchObject({ scalars: ['a'], doubt: undefined });
  expect(read(7)).toMatchObject({ scalars: [], doubt: 'the claim is of type int, not string' });
  expect(read(['a', ['b']]).doubt).toContain('an element of type list');
  expect(read({ a: 1 }).doubt).toBe('the claim is of type object, not string');
});

test('a path that goes on where the token has no object is in doubt, and one that leads nowhere is missing', () => {
  const read = (claims: Readonly<Record<string, unknown>>) => readClaim(claims, { path: 'a.b', type: 'string' });
  expect(read({ a: 'text' })).toEqual({
    value: undefined,
    scalars: [],
    doubt: 'the path goes through a claim of type string, which has no members',
  });
  expect(read({ a: [{ b: 'x' }] }).doubt).toContain('a claim of type list');
  for (const claims of [{}, { a: {} }, { a: null }, { a: { b: null } }]) {
    expect(read(claims)).toEqual({ value: undefined, scalars: [], doubt: undefined });
  }
  expect(read({ 'a.b': null, a: { b: 'x' } })).toMatchObject({ value: 'x', scalars: ['x'] });
});

describe('a path', () => {
  const claims = { text: 'abc', list: ['a'], nothing: null, number: 7, map: { a: { b: 'c' } }, 'x.y': { z: 1 } };

  test.each([
    ['text.length', undefined],
    ['text.0', undefined],
    ['list.0', undefined],
    ['list.length', undefined],
    ['nothing.a', undefined],
    ['number.toFixed', undefined],
    ['map.a.b', 'c'],
    ['map.a', { b: 'c' }],
    ['map.a.b.length', undefined],
    ['x.y.z', 1],
    ['x.y', { z: 1 }],
    ['x', undefined],
    ['map.', undefined],
    ['.map', undefined],
  ])('%s ends at a member or nowhere', (path, expected) => {
    expect(claimAt(claims, path)).toEqual(expected);
  });
});

describe('a wanted value', () => {
  const match = (type: ClaimType, ...anyOf: readonly WantedValue[]) => ({ path: 'claim', type, anyOf });

  test('is shown as it was written, in the order it was written', () => {
    const entry = match('string', { equals: 'a' }, { glob: 'b*' });
    expect(evaluateMatch(entry, { claim: 'x' })).toMatchObject({ name: 'claim', wanted: ['a', 'b*'], got: 'x' });
    expect(evaluateMatch(entry, { claim: 'x' }, { prefix: 'actor.' })).toMatchObject({
      name: 'actor.claim',
      matched: false,
    });
  });

  test('that is a glob fits text alone, and steps over what is none', () => {
    expect(evaluateMatch(match('list', { glob: 'b**' }), { claim: [5, true, 'bc'] }).matched).toBe(true);
    expect(evaluateMatch(match('list', { glob: '5**' }), { claim: [5] }).matched).toBe(false);
    expect(evaluateMatch(match('int', { glob: '**' }), { claim: 5 }).matched).toBe(false);
  });

  test('is compared as it is: no other spelling, case or type will do', () => {
    const fits = (wanted: string | number | boolean, type: ClaimType, claim: unknown): boolean =>
      evaluateMatch(match(type, { equals: wanted }), { claim }).matched;
    expect([fits('\u00e9', 'string', '\u00e9'), fits('\u00e9', 'string', 'e\u0301')]).toEqual([true, false]);
    expect([fits('a', 'string', 'a'), fits('a', 'string', 'A')]).toEqual([true, false]);
    expect([fits(1, 'list', [1]), fits(1, 'list', ['1']), fits(1, 'list', [true])]).toEqual([true, false, false]);
  });
});
