// Rules that others take, found by index and by trying every rule against every other.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkReachable } from '../../../../infra/policy/check/reachable.ts';
import { shadowIndex } from '../../../../infra/policy/check/shadow-index.ts';
import type { RuleEntry } from '../../../../infra/policy/schema/schema.ts';
import type { PolicySource } from '../../../../infra/policy/source/place.ts';

const source = {
  file: 'policy.yaml',
  positionOf: (path) => ({ line: Number(path[1]), column: 1 }),
} as Partial<PolicySource> as PolicySource;

function entriesOf(values: readonly Omit<RuleEntry, 'id'>[]) {
  return values.map((value, index) => ({
    name: `rule-${index}`,
    value: { id: `rule-${index}`, ...value },
    place: { source, path: ['rules', index], on: 'value' } as const,
  }));
}

const value = fc.constantFrom<string | number | boolean>(
  ...['a', 'ab', 'abc', 'b', 'a*', 'ab*', '*', '**', '*b', 'a/b', 'a/*', 'a/**', '1', 'true'],
  ...[1, true],
);
const match = fc.dictionary(
  fc.constantFrom('sub', 'ref', 'env'),
  fc.oneof({ weight: 3, arbitrary: value }, fc.array(value, { minLength: 1, maxLength: 3 })),
  { maxKeys: 2 },
);
const target = fc.constantFrom({ audience: 'a' }, { audience: 'b' }, { role: 'a' });
const effect = fc.oneof(
  { weight: 4, arbitrary: fc.record({ grant: target }) },
  fc.record({ deny: fc.oneof(fc.constant(true as const), target) }),
);
const rule = fc
  .record(
    {
      effect,
      from: fc.constantFrom('github', 'self'),
      match,
      client: fc.constantFrom<string | string[]>('any', 'x', ['x', 'y']),
      when: fc.constantFrom({ one: 'true' }, { one: 'true', two: 'false' }),
      actor: fc.record({ from: fc.constantFrom('github', 'self'), match }),
    },
    { requiredKeys: ['effect', 'from'] },
  )
  .map(({ effect: one, ...rest }) => ({ ...rest, ...one }) as Omit<RuleEntry, 'id'>);

test('the index finds what trying every rule against every other finds', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(rule, { minLength: 2, maxLength: 14 }), (values) => {
      const rules = entriesOf(values);
      const tried = checkReachable({ rules }, () => [...rules.keys()]);
      expect(checkReachable({ rules })).toEqual(tried);
      found += tried.length;
    }),
    { numRuns: 600 },
  );
  expect(found).toBeGreaterThan(100);
});

test('of two thousand rules of one target, or of as many targets, each is tried against a few', () => {
  const tried = (entry: (n: number) => Partial<RuleEntry>): number => {
    const rules = entriesOf(Array.from({ length: 2_000 }, (_, n) => ({ from: 'github', ...entry(n) })));
    const candidates = shadowIndex(rules);
    return rules.reduce((sum, one) => sum + candidates(one).length, 0) / rules.length;
  };
  const grant = { audience: 'a' };
  expect(tried((n) => ({ match: { ref: 'refs/heads/main', repository_id: `${n}` }, grant }))).toBe(1);
  expect(tried((n) => ({ match: { sub: `repo:acme/app-${n + 10_000}:*` }, grant }))).toBe(1);
  expect(tried((n) => ({ match: { ref: 'refs/heads/main' }, grant: { audience: `a-${n}` } }))).toBe(1);
  expect(tried((n) => ({ from: `issuer-${n}`, deny: true }))).toBe(1);
});
