// The trace of one rule, condition by condition, as `cambio policy explain` and a decision show it.
import { describe, expect, test } from 'vitest';
import { createConditionEvaluator } from '../../../shared/policy/cel.ts';
import type { ClaimMatch, PolicyRule } from '../../../shared/policy/compiled-policy.ts';
import { evaluatePolicy, indexRules } from '../../../shared/policy/evaluate.ts';
import { evaluateRule } from '../../../shared/policy/evaluate-rule.ts';
import type { PolicyQuestion } from '../../../shared/policy/question.ts';
import { closestRules } from '../../../shared/policy/trace.ts';
import { withoutConditions } from '../../../shared/policy/when.ts';

const evaluate = createConditionEvaluator();
const asked: PolicyQuestion = {
  issuer: 'github',
  audience: 'orders',
  claims: { x: '1' },
  client: '',
  request: { scopes: ['a'], audiences: ['orders'], resources: ['https://orders.example'] },
  now: 7,
};
const matchX = (equals: string): ClaimMatch => ({ path: 'x', type: 'string', anyOf: [{ equals }] });
const grant = { audience: 'orders', scopes: [], claims: {}, ttl: 1 };
const allow = (change: object): PolicyRule => ({ id: 'r', from: 'github', match: [], grant, ...change });
const deny = (change: object): PolicyRule => ({ id: 'r', from: 'github', match: [], deny: 'any', ...change });
const conditionsOf = (rule: PolicyRule, change: Partial<PolicyQuestion> = {}) =>
  evaluateRule(rule, { ...asked, ...change }, evaluate).conditions;

describe('the trace of a rule', () => {
  test('shows the client that was wanted, and who came', () => {
    expect(conditionsOf(allow({ client: 'any' }))).toEqual([
      { name: 'client', wanted: ['any'], got: '', matched: false },
    ]);
    expect(conditionsOf(allow({ client: ['a', 'b'] }), { client: 'b' })).toEqual([
      { name: 'client', wanted: ['a', 'b'], got: 'b', matched: true },
    ]);
    expect(conditionsOf(allow({}), { client: 'b' })).toEqual([]);
  });

  test('shows an actor that no rule asks for, and the absence of one that is wanted', () => {
    const actor = { issuer: 'eks', claims: { x: '1' } };
    expect(conditionsOf(allow({}), { actor })).toEqual([
      { name: 'actor', wanted: [], got: 'eks', matched: false, hint: expect.stringContaining('has an actor token') },
    ]);
    expect(conditionsOf(deny({}), { actor })).toEqual([]);
    const wanting = allow({ actor: { from: 'eks', match: [matchX('1')] } });
    expect(conditionsOf(wanting)).toEqual([
      { name: 'actor', wanted: ['eks'], got: undefined, matched: false, hint: 'the request has no actor token' },
    ]);
    expect(conditionsOf(wanting, { actor: { ...actor, issuer: 'gke' } })).toEqual([
      { name: 'actor', wanted: ['eks'], got: 'gke', matched: false },
    ]);
    expect(conditionsOf(wanting, { actor })).toEqual([
      { name: 'actor', wanted: ['eks'], got: 'eks', matched: true },
      { name: 'actor.x', wanted: ['1'], got: '1', matched: true },
    ]);
  });

  test('shows what a condition is, what came of it, and that nobody needed it', () => {
    const when = [{ name: 'late', expression: 'now > 7' }];
    expect(conditionsOf(allow({ when }))).toEqual([{ name: 'late', wanted: ['now > 7'], got: false, matched: false }]);
    expect(conditionsOf(allow({ when, match: [matchX('2')] }))).toEqual([
      expect.objectContaining({ name: 'x', matched: false }),
      {
        name: 'late',
        wanted: ['now > 7'],
        got: undefined,
        matched: false,
        hint: 'not evaluated, as another condition does not match',
      },
    ]);
    expect(evaluateRule(allow({ when }), asked, withoutConditions).conditions).toEqual([
      {
        name: 'late',
        wanted: ['now > 7'],
        got: undefined,
        matched: false,
        hint: 'expressions cannot be evaluated here',
      },
    ]);
  });

  test('lets conditions see claims, actor, client, request and time, and an empty actor where there is none', () => {
    const outcome = (expression: string, change: Partial<PolicyQuestion> = {}): boolean | undefined =>
      conditionsOf(deny({ when: [{ name: 'it', expression }] }), change)[0]?.got as boolean | undefined;
    const actor = { issuer: 'eks', claims: { y: '2' } };
    expect(outcome('claims.x == "1"')).toBe(true);
    expect(outcome('actor.y == "2"', { actor })).toBe(true);
    expect(outcome('has(actor.y)')).toBe(false);
    expect(outcome('client == "a"', { client: 'a' })).toBe(true);
    expect(outcome('now == 7')).toBe(true);
    expect(outcome('request.scopes == ["a"] && request.audiences == ["orders"]')).toBe(true);
    expect(outcome('request.resources[0] == "https://orders.example"')).toBe(true);
  });
});

describe('of many rules', () => {
  const near = (id: string) => allow({ id, match: [matchX('1'), matchX('1'), matchX('1'), matchX('9')] });
  const far = (id: string) => allow({ id, match: [matchX('8'), matchX('9')] });
  const many = (count: number) => Array.from({ length: count }, (_, index) => far(`far-${index}`));
  const traceIds = (rules: readonly PolicyRule[]) =>
    evaluatePolicy(indexRules(rules), asked, evaluate).trace.map(({ id }) => id);

  test('those with the fewest conditions that fail are kept, however many they have', () => {
    expect(traceIds([...many(60), near('near')]).at(-1)).toBe('near');
    expect(traceIds([...many(60), near('near')])).toHaveLength(49);
  });

  test('all are kept up to fifty, and no more', () => {
    expect(traceIds(many(50))).toHaveLength(50);
    expect(traceIds(many(51))).toHaveLength(49);
    const failures = Uint16Array.from(many(51), (rule) => evaluateRule(rule, asked, evaluate).conditions.length);
    expect(closestRules(failures, 50)).toHaveLength(50);
    expect(closestRules(failures, 50).at(-1)).toBe(50);
  });
});
