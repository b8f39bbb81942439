// Whether one rule fits a question, and the trace of its conditions. Pure and total.

import type { ActorMatch, PolicyRule } from './compiled-policy.ts';
import type { Condition } from './condition.ts';
import { evaluateMatch } from './match.ts';
import type { PolicyQuestion, Presented } from './question.ts';
import { mayUse } from './tenant.ts';
import { type ConditionResult, conditionVariables, type EvaluateCondition, evaluateWhen, unevaluated } from './when.ts';

/** One rule as evaluated, for the decision's trace. */
export interface EvaluatedRule {
  readonly id: string;
  readonly matched: boolean;
  readonly conditions: readonly Condition[];
}

/** Evaluates a rule. Its expressions run only when all its other conditions match. */
export function evaluateRule(
  rule: PolicyRule,
  question: PolicyQuestion,
  evaluateCondition: EvaluateCondition,
): EvaluatedRule {
  const onDoubt = 'deny' in rule;
  const cheap = [
    ...clientCondition(rule, question.client),
    ...actorConditions(rule, question.actor),
    ...rule.match.map((match) => evaluateMatch(match, question.claims, { onDoubt })),
  ];
  const matched = allMatch(cheap);
  if (!rule.when) return { id: rule.id, matched, conditions: cheap };
  const evaluate = (expression: string): ConditionResult => evaluateCondition(expression, conditionVariables(question));
  const whens = rule.when.map((when) =>
    matched ? evaluateWhen(when, () => evaluate(when.expression), onDoubt) : unevaluated(when),
  );
  return { id: rule.id, matched: matched && allMatch(whens), conditions: [...cheap, ...whens] };
}

function clientCondition(rule: PolicyRule, got: string): readonly Condition[] {
  const { client } = rule;
  // A denial that does not say whom it is about is about everybody.
  const isStranger = 'grant' in rule && !mayUse(got, rule);
  const hint = isStranger ? { hint: 'a client of another tenant, which the rule does not name' } : {};
  if (client === undefined) return isStranger ? [{ name: 'client', wanted: [], got, matched: false, ...hint }] : [];
  if (client === 'any') return [{ name: 'client', wanted: [client], got, matched: got !== '' && !isStranger, ...hint }];
  return [{ name: 'client', wanted: client, got, matched: client.includes(got) }];
}

// Delegation is never a side effect: an allow rule that does not speak of an actor grants no request that has one.
function actorConditions(rule: PolicyRule, actor: Presented | undefined): readonly Condition[] {
  if (rule.actor) return wantedActor(rule.actor, actor, 'deny' in rule);
  if ('deny' in rule || actor === undefined) return [];
  const hint = 'the request has an actor token, and this rule has no `actor`';
  return [{ name: 'actor', wanted: [], got: actor.issuer, matched: false, hint }];
}

function wantedActor(
  { from, match }: ActorMatch,
  actor: Presented | undefined,
  onDoubt: boolean,
): readonly Condition[] {
  const issuer: Condition = { name: 'actor', wanted: [from], got: actor?.issuer, matched: actor?.issuer === from };
  if (!actor) return [{ ...issuer, hint: 'the request has no actor token' }];
  if (!issuer.matched) return [issuer];
  return [issuer, ...match.map((each) => evaluateMatch(each, actor.claims, { prefix: 'actor.', onDoubt }))];
}

function allMatch(conditions: readonly Condition[]): boolean {
  return conditions.every(({ matched }) => matched);
}
