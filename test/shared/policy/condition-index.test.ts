// Many rules are decided by an index: whatever they are, it says what a walk over all of them says, to the last line of the trace.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createConditionEvaluator } from '../../../shared/policy/cel.ts';
import type { ClaimMatch, PolicyRule } from '../../../shared/policy/compiled-policy.ts';
import { evaluatePolicy, indexRules, type PolicyAnswer, type PolicyQuestion } from '../../../shared/policy/evaluate.ts';
import { evaluateRule } from '../../../shared/policy/evaluate-rule.ts';

const evaluateCondition = createConditionEvaluator();

/** Every rule evaluated, the closest found by sorting. */
function walk(rules: readonly PolicyRule[], question: PolicyQuestion): PolicyAnswer {
  const results = rules.map((rule) => ({ rule, result: evaluateRule(rule, question, evaluateCondition) }));
  const fitting = results.filter(({ result }) => result.matched);
  const deciding = fitting.find(({ rule }) => 'deny' in rule) ?? fitting[0];
  const failed = ({ result }: (typeof results)[number]) => result.conditions.filter(({ matched }) => !matched).length;
  const others = results.filter((each) => each !== deciding).toSorted((one, other) => failed(one) - failed(other));
  const kept = new Set([...others.slice(0, 49), deciding]);
  const trace = results.filter((each) => results.length <= 50 || kept.has(each)).map(({ result }) => result);
  if (!deciding) return { outcome: 'no_rule', trace };
  const { rule } = deciding;
  return 'deny' in rule
    ? { outcome: 'denied', rule: rule.id, trace }
    : { outcome: 'granted', rule: rule.id, allow: rule, trace };
}

const value = fc.constantFrom('a', 'b', 'a/b', 'ab', '', 1, true);
const wanted = fc.oneof(
  value.map((equals) => ({ equals })),
  fc.constantFrom('a*', 'a**', '**', '*b', 'a*b', 'b/*').map((glob) => ({ glob })),
);
const match: fc.Arbitrary<ClaimMatch> = fc
  .record(
    {
      path: fc.constantFrom('x', 'y', 'x.y'),
      type: fc.constantFrom('string', 'int', 'bool', 'list'),
      open: fc.constant(true),
      anyOf: fc.array(wanted, { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: ['path', 'type', 'anyOf'] },
  )
  .map((each) => each as ClaimMatch);
const matches = fc.array(match, { maxLength: 3 });
const client = fc.constantFrom('', 'portal', 'batch');
const issuer = fc.constantFrom('github', 'eks');
const rule: fc.Arbitrary<PolicyRule> = fc
  .record(
    {
      id: fc.string({ minLength: 1, maxLength: 3 }),
      denies: fc.boolean(),
      match: matches,
      client: fc.oneof(fc.constant('any' as const), fc.array(client, { maxLength: 2 })),
      actor: fc.record({ from: issuer, match: matches }),
      when: fc.array(
        fc.constantFrom('claims.x == "a"', 'client != ""', 'now > 0').map((text) => ({ name: text, expression: text })),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: ['id', 'denies', 'match'] },
  )
  .map(({ denies, ...core }) =>
    denies
      ? { ...core, from: 'github', deny: 'any' }
      : { ...core, from: 'github', grant: { audience: 'orders', scopes: [], claims: {}, ttl: 1 } },
  );
/** A claim of any type, so that some are in doubt. */
const claim = fc.oneof(
  value,
  fc.array(fc.oneof(value, fc.constantFrom(null, { y: 'a' })), { maxLength: 3 }),
  fc.record({ y: value }),
  fc.constant(null),
);
const claims = fc.dictionary(fc.constantFrom('x', 'y', 'x.y'), claim);
const question: fc.Arbitrary<PolicyQuestion> = fc.record(
  {
    issuer: fc.constant('github'),
    audience: fc.constant('orders'),
    claims,
    client,
    actor: fc.record({ issuer, claims }),
    request: fc.constant({ scopes: [], audiences: [], resources: [] }),
    now: fc.constant(1),
  },
  { requiredKeys: ['issuer', 'audience', 'claims', 'client', 'request', 'now'] },
);

describe('a decision among many rules', () => {
  test('is what a walk over all of them decides, and so is its trace, whatever was asked before', () => {
    const some = fc.array(rule, { minLength: 1, maxLength: 8 });
    const inTurn = fc.array(question, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(some, fc.integer({ min: 49, max: 70 }), inTurn, (few, count, questions) => {
        const many = Array.from({ length: count }, (_, index) => few[(index * index) % few.length] as PolicyRule);
        const findRules = indexRules(many);
        for (const asked of [...questions, ...questions]) {
          expect(evaluatePolicy(findRules, asked, evaluateCondition)).toEqual(walk(many, asked));
        }
      }),
      { numRuns: 150 },
    );
  });

  test('is the same where a grant is traced with four rules, those of a longer trace', () => {
    const some = fc.array(rule, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(some, fc.integer({ min: 5, max: 20 }), question, (few, count, asked) => {
        const many = Array.from({ length: count }, (_, index) => few[(index * index) % few.length] as PolicyRule);
        const { trace: whole, ...decided } = walk(many, asked);
        const { trace, ...answer } = evaluatePolicy(indexRules(many), asked, evaluateCondition, {
          ofGrant: 4,
          ofRefusal: 50,
        });
        expect(answer).toEqual(decided);
        if (answer.outcome !== 'granted') expect(trace).toEqual(whole);
        else expect([trace.length <= 4, trace.some(({ matched }) => matched)]).toEqual([true, true]);
        expect(whole).toEqual(expect.arrayContaining([...trace]));
      }),
      { numRuns: 150 },
    );
  });

  test('evaluates no expression of a rule another condition of which fails', () => {
    const asked: string[] = [];
    const spy = (expression: string) => {
      asked.push(expression);
      return { ok: true, value: false } as const;
    };
    const wants = (equals: string, expression: string): PolicyRule => ({
      id: expression,
      from: 'github',
      match: [{ path: 'x', type: 'string', anyOf: [{ equals }] }],
      when: [{ name: 'w', expression }],
      deny: 'any',
    });
    const rules = Array.from({ length: 1_000 }, (_, index) => wants(`value-${index}`, `expression-${index}`));
    const request = { scopes: [], audiences: [], resources: [] };
    const { outcome, trace } = evaluatePolicy(
      indexRules(rules),
      { issuer: 'github', audience: 'orders', claims: { x: 'value-777' }, client: '', request, now: 1 },
      spy,
    );
    expect(asked).toEqual(['expression-777']);
    expect([outcome, trace.length, trace.at(-1)?.id]).toEqual(['no_rule', 49, 'expression-777']);
  });
});
