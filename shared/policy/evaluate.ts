// The decision: which rule, if any, grants this target to this subject. Any matching deny wins over all, else the first
// allow rule that fits; nothing fits = refused. Pure and total; looks only at rules of the subject's issuer.
import type { Claims } from './claims.ts';
import type { AllowRule, AudienceGrant, DenyRule, PolicyRule } from './compiled-policy.ts';
import { type Condition, evaluateMatch } from './match.ts';

export interface PolicyQuestion {
  /** Policy name of the subject token's issuer. */
  readonly issuer: string;
  readonly claims: Claims;
  /** Name of the audience that is asked for. */
  readonly audience: string;
  /** Whether an actor token came: no rule of today's policy grants such a request. */
  readonly hasActor: boolean;
}

/** One rule as evaluated, for the decision's trace. */
export interface EvaluatedRule {
  readonly id: string;
  readonly matched: boolean;
  readonly conditions: readonly Condition[];
}

export type PolicyAnswer =
  | { readonly outcome: 'granted'; readonly rule: string; readonly grant: AudienceGrant; readonly trace: Trace }
  | { readonly outcome: 'denied'; readonly rule: string; readonly trace: Trace }
  | { readonly outcome: 'no_rule'; readonly trace: Trace };

type Trace = readonly EvaluatedRule[];

/** Finds the rules that speak about an issuer and a target, in policy order. */
export type FindRules = (issuer: string, audience: string) => readonly PolicyRule[];

/** Decides. Every rule for the issuer and target is evaluated and traced, so that the trace says what came close. */
export function evaluatePolicy(findRules: FindRules, question: PolicyQuestion): PolicyAnswer {
  const evaluated = findRules(question.issuer, question.audience).map((rule) => ({
    rule,
    result: evaluateRule(rule, question),
  }));
  const trace = evaluated.map(({ result }) => result);
  const fitting = evaluated.filter(({ result }) => result.matched).map(({ rule }) => rule);
  const deny = fitting.find(isDeny);
  if (deny) return { outcome: 'denied', rule: deny.id, trace };
  const allow = fitting.find(isAllow);
  return allow ? { outcome: 'granted', rule: allow.id, grant: allow.grant, trace } : { outcome: 'no_rule', trace };
}

/** Indexes rules by issuer and target once, so that a decision costs nothing for the rules of others. */
export function indexRules(rules: readonly PolicyRule[]): FindRules {
  const audiences = new Set(rules.flatMap((rule) => targetOf(rule) ?? []));
  const index = new Map<string, Map<string | undefined, PolicyRule[]>>();
  for (const rule of rules) {
    const byTarget = index.get(rule.from) ?? new Map<string | undefined, PolicyRule[]>();
    index.set(rule.from, byTarget);
    const target = targetOf(rule);
    for (const key of target === undefined ? [undefined, ...audiences] : [target]) {
      const sameTarget = byTarget.get(key);
      if (sameTarget) sameTarget.push(rule);
      else byTarget.set(key, [rule]);
    }
  }
  return (issuer, audience) => index.get(issuer)?.get(audience) ?? index.get(issuer)?.get(undefined) ?? [];
}

function evaluateRule(rule: PolicyRule, question: PolicyQuestion): EvaluatedRule {
  const conditions = rule.match.map((match) => evaluateMatch(match, question.claims));
  const claimsFit = conditions.every(({ matched }) => matched);
  const matched = claimsFit && (isDeny(rule) || !question.hasActor);
  return { id: rule.id, matched, conditions };
}

function targetOf(rule: PolicyRule): string | undefined {
  if (isAllow(rule)) return rule.grant.audience;
  return rule.deny === 'any' ? undefined : rule.deny.audience;
}

function isDeny(rule: PolicyRule): rule is DenyRule {
  return 'deny' in rule;
}

function isAllow(rule: PolicyRule): rule is AllowRule {
  return 'grant' in rule;
}
