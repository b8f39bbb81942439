import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ClaimMatch, ClaimType } from '../../../shared/policy/compiled-policy.ts';
import { hintFor } from '../../../shared/policy/hint.ts';
import { evaluateMatch } from '../../../shared/policy/match.ts';

const match = (path: string, type: ClaimType, ...wanted: readonly (string | number | boolean)[]): ClaimMatch => ({
  path,
  type,
  anyOf: wanted.map((each) => (typeof each === 'string' && each.includes('*') ? { glob: each } : { equals: each })),
});

describe('the hint of a match that failed', () => {
  test.each([
    ['repo:acme/api:ref:refs/heads/main', 'repo:acme@1/api@456:ref:refs/heads/main', 'immutable form'],
    ['repo:acme/*', 'repo:acme@1/api@456:ref:refs/heads/main', 'immutable form'],
    ['repo:acme@1/api@456:ref:refs/heads/main', 'repo:acme/api:ref:refs/heads/main', 'classic form'],
    ['repo:acme/api:ref:refs/heads/main', 'repo:acme/api:environment:prod', 'the job names an environment'],
    ['repo:acme/api:environment:prod', 'repo:acme/api:ref:refs/heads/main', 'wants a sub with environment'],
    ['repo:acme/api:environment:a:b', 'repo:acme/api:environment:a%3Ab', '%3A'],
    ['system:serviceaccount:Shop:orders', 'system:serviceaccount:shop:orders', 'upper and lower case'],
    ['https://a.example', 'https://a.example/', 'trailing slash'],
    ['https://a.example/', 'https://a.example', 'trailing slash'],
    ['refs/heads/*', 'refs/heads/release/1', '`*` stops at'],
    ['refs/heads/*', 'refs/heads/', '`*` stops at'],
  ])('wanted %s, got %s', (wanted, got, hint) => {
    expect(evaluateMatch(match('sub', 'string', wanted), { sub: got })).toMatchObject({
      matched: false,
      hint: expect.stringContaining(hint),
    });
  });

  test.each([
    [match('environment', 'string', 'prod'), undefined, 'the job names no environment'],
    [match('ref', 'string', 'main'), undefined, 'the claim is missing'],
    [match('ref', 'string', 'main'), null, 'the claim is missing'],
    [match('ok', 'bool', false), 'false', 'a string such as "false"'],
    [match('ok', 'string', 'false'), false, 'a bool, and not a string'],
    [match('groups', 'list', 'a'), { a: 1 }, 'of type object, not list'],
    [match('groups', 'list', 'a'), ['b', { a: 1 }], 'an element of type object'],
    [match('groups', 'string', 'a'), ['a'], 'of type list, not string'],
    [match('id', 'int', 1), '1', 'of type string, not int'],
    [match('id', 'string', '1'), 1, 'of type int, not string'],
  ])('%j, got %j', (each, got, hint) => {
    expect(evaluateMatch(each, { [each.path]: got })).toMatchObject({
      matched: false,
      hint: expect.stringContaining(hint),
    });
  });

  test('is absent where nothing comes close, and where the match holds', () => {
    expect(hintFor(match('ref', 'string', 'refs/heads/main'), 'refs/heads/dev')).toBeUndefined();
    expect(evaluateMatch(match('ref', 'string', 'main'), { ref: 'main' })).not.toHaveProperty('hint');
    expect(evaluateMatch(match('aud', 'list', 'a'), { aud: 'b' })).not.toHaveProperty('hint');
  });

  test('says which claim a job lacks only of the environment, and what stands in its sub instead', () => {
    expect(hintFor(match('ref', 'string', 'main'), undefined)).toBe('the claim is missing');
    const hint = hintFor(match('sub', 'string', 'repo:a/b:environment:p'), 'repo:a/b:ref:refs/heads/main');
    expect(hint).toContain('the sub of this job has its ref');
  });

  test('names the type a claim has and the one it should have', () => {
    const of = (type: ClaimType, wanted: string | number | boolean, got: unknown) =>
      evaluateMatch(match('claim', type, wanted), { claim: got }).hint;
    expect(of('list', 'a', { a: 7 })).toBe('the claim is of type object, not list');
    expect(of('bool', true, 7)).toBe('the claim is of type int, not bool');
    expect(of('int', 7, true)).toBe('the claim is of type bool, not int');
    expect(of('int', 7, 7.5)).toBe('the claim is of type number, not int');
  });

  test('costs no more than twenty short texts', () => {
    const others = Array.from({ length: 20 }, (_, index) => `x${index}`);
    expect(hintFor(match('groups', 'list', 'A'), [...others.slice(1), 'a'])).toContain('upper and lower case');
    expect(hintFor(match('groups', 'list', 'A'), [...others, 'a'])).toBeUndefined();
    expect(hintFor(match('groups', 'list', ...others, 'A'), ['a'])).toBeUndefined();
    expect(hintFor(match('sub', 'string', 'A'.repeat(512)), 'a'.repeat(512))).toContain('upper and lower case');
    expect(hintFor(match('sub', 'string', 'A'.repeat(513)), 'a'.repeat(513))).toBeUndefined();
  });

  test('is of `*` only where wider stars would match', () => {
    expect(hintFor(match('sub', 'string', 'refs/heads/*'), 'refs/tags/a/b')).toBeUndefined();
    expect(hintFor(match('sub', 'string', 'refs/heads'), 'refs/heads/a')).toBeUndefined();
  });

  test('looks at the elements of a list, and at every wanted value', () => {
    expect(hintFor(match('groups', 'list', 'x', 'Admins'), ['users', 'admins'])).toContain('upper and lower case');
  });

  test('is total, and quotes no value', () => {
    const types = fc.constantFrom<ClaimType>('string', 'int', 'bool', 'list', 'object');
    fc.assert(
      fc.property(types, fc.string(), fc.jsonValue(), (type, wanted, got) => {
        hintFor(match('c', type, wanted), got);
        evaluateMatch(match('c', type, wanted), { c: got });
      }),
    );
    expect(hintFor(match('sub', 'string', 'S3CRET/*'), 'S3CRET/a/b')).not.toContain('S3CRET');
  });
});
