import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { claimAt, scalarsOf } from '../../../shared/policy/claims.ts';
import type { ClaimMatch, PolicyRule } from '../../../shared/policy/compiled-policy.ts';
import { evaluatePolicy, indexRules } from '../../../shared/policy/evaluate.ts';
import { evaluateMatch } from '../../../shared/policy/match.ts';
import { fillTemplate } from '../../../shared/policy/template.ts';

describe('a claim by path', () => {
  const claims = {
    'kubernetes.io': { namespace: 'shop', pod: { name: 'p' } },
    kubernetes: { io: { namespace: 'evil' } },
    'a.b': 1,
    a: { b: 2, 'b.c': 3 },
  };

  test.each([
    ['kubernetes.io.namespace', 'shop'],
    ['kubernetes.io.pod.name', 'p'],
    ['kubernetes.io.pod.uid', undefined],
    ['a.b', 1],
    ['a.b.c', undefined],
    ['a.x', undefined],
    ['__proto__', undefined],
    ['constructor', undefined],
    ['constructor.name', undefined],
    ['kubernetes.io.toString', undefined],
    ['', undefined],
    ['.', undefined],
  ])('%s: the longest existing name wins at each level', (path, expected) => {
    expect(claimAt(claims, path)).toEqual(expected);
  });

  test('is total', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (any, path) => void claimAt(any, path)),
    );
  });
});

describe('a match', () => {
  const match = (type: ClaimMatch['type'], wanted: ClaimMatch['anyOf'], path = 'c'): ClaimMatch => ({
    path,
    type,
    anyOf: wanted,
  });
  const fits = (entry: ClaimMatch, value: unknown): boolean => evaluateMatch(entry, { [entry.path]: value }).matched;

  test('needs the claim, in the type its catalogue says', () => {
    expect(fits(match('string', [{ equals: 'true' }]), 'true')).toBe(true);
    expect(fits(match('string', [{ equals: 'true' }]), true)).toBe(false);
    expect(fits(match('bool', [{ equals: false }]), false)).toBe(true);
    expect(fits(match('bool', [{ equals: false }]), 'false')).toBe(false);
    expect(fits(match('int', [{ equals: 7 }]), 7)).toBe(true);
    expect(fits(match('int', [{ equals: 7 }]), '7')).toBe(false);
    expect(fits(match('int', [{ equals: 7.5 }]), 7.5)).toBe(false);
    expect(fits(match('string', [{ glob: '**' }]), undefined)).toBe(false);
    expect(fits(match('string', [{ glob: '**' }]), null)).toBe(false);
    expect(fits(match('object', [{ equals: 'x' }]), { x: 1 })).toBe(false);
  });

  test('on a list is any element; a string is no list, but for aud', () => {
    expect(fits(match('list', [{ equals: 'admins' }]), ['users', 'admins'])).toBe(true);
    expect(fits(match('list', [{ equals: 'admins' }]), ['users', ['admins']])).toBe(false);
    expect(fits(match('list', [{ equals: 'admins' }]), 'admins')).toBe(false);
    expect(fits(match('list', [{ equals: 'us' }], 'aud'), 'us')).toBe(true);
    expect(scalarsOf([1, 'a', null, {}], 'list', 'c')).toEqual([1, 'a']);
  });

  test('of several values takes any', () => {
    const either = match('string', [{ equals: 'a' }, { glob: 'b*' }]);
    expect(['a', 'bc', 'c'].map((value) => fits(either, value))).toEqual([true, true, false]);
  });
});

describe('a template', () => {
  test('of one reference keeps the type, among text writes scalars, and is nothing when a part is missing', () => {
    const claims = { list: ['a'], text: 't', number: 1, yes: true };
    expect(fillTemplate([{ claim: 'list' }], claims)).toEqual(['a']);
    expect(fillTemplate(['x-', { claim: 'text' }, { claim: 'number' }, { claim: 'yes' }], claims)).toBe('x-t1true');
    expect(fillTemplate(['x-', { claim: 'list' }], claims)).toBeUndefined();
    expect(fillTemplate(['x-', { claim: 'missing' }], claims)).toBeUndefined();
    expect(fillTemplate(['plain'], claims)).toBe('plain');
  });
});

const claimName = fc.constantFrom('x', 'y', 'z');
const value = fc.constantFrom('1', '2', '3');
const conditions = fc.array(
  fc.record({
    path: claimName,
    type: fc.constant('string' as const),
    anyOf: fc.array(
      value.map((equals) => ({ equals })),
      { minLength: 1, maxLength: 2 },
    ),
  }),
  { maxLength: 2 },
);
const issuerName = fc.constantFrom('github', 'eks');
const target = fc.constantFrom('orders', 'payments');
const rule: fc.Arbitrary<PolicyRule> = fc.oneof(
  fc.record({
    id: fc.string(),
    from: issuerName,
    match: conditions,
    grant: target.map((audience) => ({ audience, scopes: [], claims: {}, ttl: 1 })),
  }),
  fc.record({
    id: fc.string(),
    from: issuerName,
    match: conditions,
    deny: fc.oneof(
      fc.constant('any' as const),
      target.map((audience) => ({ audience })),
    ),
  }),
);
const question = fc.record({
  issuer: issuerName,
  audience: target,
  client: fc.constant(''),
  request: fc.constant({ scopes: [], audiences: [], resources: [] }),
  now: fc.constant(0),
  claims: fc.dictionary(claimName, value),
});

describe('a decision', () => {
  const decide = (rules: readonly PolicyRule[], asked: Parameters<typeof evaluatePolicy>[1]) =>
    evaluatePolicy(indexRules(rules), asked);

  test('with the index is what a plain walk over all rules decides', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 8 }), question, (rules, asked) => {
        const relevant = rules.filter((each) => each.from === asked.issuer && speaksOf(each, asked.audience));
        const { trace: _, ...walked } = evaluatePolicy(() => relevant, asked);
        const { trace, ...indexed } = decide(rules, asked);
        expect(indexed).toEqual(walked);
        expect(trace.map(({ id }) => id)).toEqual(relevant.map(({ id }) => id));
      }),
    );
  });

  test('adding a deny rule never grants, and removing a claim that no deny names never grants', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 8 }), rule, question, claimName, (rules, extra, asked, removed) => {
        const before = decide(rules, asked).outcome;
        if ('deny' in extra && before !== 'granted')
          expect(decide([...rules, extra], asked).outcome).not.toBe('granted');
        if (rules.some((each) => 'deny' in each && each.match.some(({ path }) => path === removed))) return;
        const { [removed]: _, ...claims } = asked.claims;
        if (before !== 'granted') expect(decide(rules, { ...asked, claims }).outcome).not.toBe('granted');
      }),
    );
  });

  test('never grants a request with an actor token, and still denies it', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 8 }), question, (rules, asked) => {
        const without = decide(rules, asked).outcome;
        const actor = { issuer: 'eks', claims: {} };
        expect(decide(rules, { ...asked, actor }).outcome).toBe(without === 'granted' ? 'no_rule' : without);
      }),
    );
  });
});

function speaksOf(each: PolicyRule, audience: string): boolean {
  return 'grant' in each ? each.grant.audience === audience : each.deny === 'any' || each.deny.audience === audience;
}
