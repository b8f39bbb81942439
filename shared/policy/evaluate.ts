// The decision: which rule, if any, grants this target to this subject. A deny rule that matches wins over all others, else the
// first allow rule that fits; if none fits, the request is refused. Pure and total; looks only at rules of the subject's issuer.
import type { AllowRule, AudienceGrant, DenyRule, PolicyRule, RoleGrant } from './compiled-policy.ts';
import { countFailures } from './condition-index.ts';
import { type EvaluatedRule, evaluateRule } from './evaluate-rule.ts';
import type { PolicyQuestion } from './question.ts';
import { closestRules, mostTraced } from './trace.ts';
import { type EvaluateCondition, withoutConditions } from './when.ts';

export type { EvaluatedRule } from './evaluate-rule.ts';
export type { PolicyQuestion } from './question.ts';
export type { EvaluateCondition } from './when.ts';

type Trace = readonly EvaluatedRule[];

/** A rule that grants an audience or a role. */
export type GrantingRule = AllowRule<AudienceGrant | RoleGrant>;

export type PolicyAnswer =
  | { readonly outcome: 'granted'; readonly rule: string; readonly allow: GrantingRule; readonly trace: Trace }
  | { readonly outcome: 'denied'; readonly rule: string; readonly trace: Trace }
  | { readonly outcome: 'no_rule'; readonly trace: Trace };

/** Finds the rules that speak about an issuer and a target, in policy order. */
export type FindRules = (issuer: string, target: string) => readonly PolicyRule[];

export interface MostTraced {
  readonly ofGrant: number;
  readonly ofRefusal: number;
}

/**
 * Decides. Every rule for the issuer and target is tried, and what came closest traced.
 * @param evaluateCondition evaluates the expressions of `when`; without it each is an error
 * @param most most rules that the trace of a grant has, and that of a refusal
 */
export function evaluatePolicy(
  findRules: FindRules,
  question: PolicyQuestion,
  evaluateCondition: EvaluateCondition = withoutConditions,
  most: MostTraced = { ofGrant: mostTraced, ofRefusal: mostTraced },
): PolicyAnswer {
  const rules = findRules(question.issuer, question.audience);
  const ruleAt = (place: number): PolicyRule => rules[place] as PolicyRule;
  const evaluate = (place: number): EvaluatedRule => evaluateRule(ruleAt(place), question, evaluateCondition);
  // Of few rules each is evaluated, for all are kept; of many those of which the index knows no condition that fails.
  const failures =
    rules.length > Math.min(most.ofGrant, most.ofRefusal)
      ? countFailures(rules)(question)
      : new Uint16Array(rules.length);
  const results = new Map(placesOf(0, failures).map((place) => [place, evaluate(place)]));
  for (const [place, { conditions }] of results) failures[place] = conditions.filter(({ matched }) => !matched).length;
  const fitting = placesOf(0, failures);
  const deciding = fitting.find((place) => isDeny(ruleAt(place))) ?? fitting[0];
  const rule = deciding === undefined ? undefined : ruleAt(deciding);
  const limit = rule && !isDeny(rule) ? most.ofGrant : most.ofRefusal;
  const trace = closestRules(failures, deciding, limit).map((place) => results.get(place) ?? evaluate(place));
  if (rule === undefined) return { outcome: 'no_rule', trace };
  if (isDeny(rule)) return { outcome: 'denied', rule: rule.id, trace };
  return { outcome: 'granted', rule: rule.id, allow: rule, trace };
}

function placesOf(count: number, counts: Uint16Array): readonly number[] {
  const places: number[] = [];
  for (let place = counts.indexOf(count); place >= 0; place = counts.indexOf(count, place + 1)) places.push(place);
  return places;
}

/** Indexes rules by issuer and target once, so that a decision costs nothing for the rules of others. */
export function indexRules(rules: readonly PolicyRule[]): FindRules {
  const targets = new Set(rules.flatMap((rule) => targetOf(rule) ?? []));
  const index = new Map<string, Map<string | undefined, PolicyRule[]>>();
  for (const rule of rules) {
    const byTarget = index.get(rule.from) ?? new Map<string | undefined, PolicyRule[]>();
    index.set(rule.from, byTarget);
    const target = targetOf(rule);
    for (const key of target === undefined ? [undefined, ...targets] : [target]) {
      const sameTarget = byTarget.get(key);
      if (sameTarget) sameTarget.push(rule);
      else byTarget.set(key, [rule]);
    }
  }
  return (issuer, target) => index.get(issuer)?.get(target) ?? index.get(issuer)?.get(undefined) ?? [];
}

/** Audiences and roles share one namespace: a name is one of the two. */
function targetOf(rule: PolicyRule): string | undefined {
  const target = isDeny(rule) ? rule.deny : rule.grant;
  if (target === 'any') return undefined;
  return 'role' in target ? target.role : target.audience;
}

function isDeny(rule: PolicyRule): rule is DenyRule {
  return 'deny' in rule;
}
