// A compiled policy ready to be rehearsed many times: rules by issuer and target, expressions read once. Pure.
import { createConditionEvaluator } from '../../../shared/policy/cel.ts';
import type { Claims } from '../../../shared/policy/claims.ts';
import type {
  AllowRule,
  AudienceGrant,
  DenyRule,
  PolicyArtifact,
  RoleGrant,
} from '../../../shared/policy/compiled-policy.ts';
import { evaluateRule } from '../../../shared/policy/evaluate-rule.ts';
import { groupBy } from '../../../shared/policy/group-by.ts';
import type { EvaluateCondition } from '../../../shared/policy/when.ts';
import { type ExpressionFacts, expressionFacts } from './expression-facts.ts';
import { createRehearse, questionOf, type Rehearsal, type Rehearse, type Rehearsed } from './rehearse.ts';
import { indexRules, type RuleIndex } from './rule-index.ts';

export type Allow = AllowRule<AudienceGrant | RoleGrant>;

export interface World {
  readonly policy: PolicyArtifact;
  readonly evaluate: EvaluateCondition;
  readonly factsOf: (expression: string) => ExpressionFacts;
  /** Deny rules that may take a token of an issuer for a target. */
  readonly denials: (issuer: string, target: string, claims: Claims) => readonly DenyRule[];
  /** Allow rules that a token of an issuer may fit for a target, in policy order. */
  readonly grants: (issuer: string, target: string, claims: Claims) => readonly Allow[];
  /** Every deny rule about an issuer and a target. */
  readonly allDenials: (issuer: string, target: string) => readonly DenyRule[];
  /** In which order clients are tried for a rule; as the policy names them where absent. */
  readonly clientOrder?: ((rule: Allow, names: readonly string[]) => readonly string[]) | undefined;
  /** Epoch seconds. */
  readonly now: number;
}

export function createWorld(policy: PolicyArtifact, now: number): World {
  const facts = new Map<string, ExpressionFacts>();
  const denials = denialsByIssuer(policy);
  const grants = grantsByParties(policy);
  const denying = groupBy(
    policy.rules.filter((rule) => 'deny' in rule),
    ({ from }) => from,
  );
  return {
    policy,
    now,
    evaluate: createConditionEvaluator(),
    factsOf: (expression) => {
      const known = facts.get(expression) ?? expressionFacts(expression);
      facts.set(expression, known);
      return known;
    },
    grants,
    allDenials: (issuer, target) =>
      (denying.get(issuer) ?? []).filter(({ deny }) => deny === 'any' || deniedTarget(deny) === target),
    denials: (issuer, target, claims) => {
      // What authenticates a client is for no target: rules are not asked about it.
      if (target === '') return [];
      const ofIssuer = denials.get(issuer);
      const indexes = [ofIssuer?.get('any'), ofIssuer?.get(`for ${target}`)];
      return indexes.flatMap((index) => index?.(claims) ?? []);
    },
  };
}

/** The name of what a rule grants. */
export function targetOf({ grant }: Allow): string {
  return 'role' in grant ? grant.role : grant.audience;
}

/** The deny rule that refuses a request for a target. */
export function denialOf(
  { policy, denials, evaluate }: World,
  request: Rehearsal,
  target: string,
): DenyRule | undefined {
  const { issuer, claims } = request.subject;
  const candidates = denials(issuer, target, claims);
  if (candidates.length === 0) return undefined;
  const question = questionOf(request, { name: target }, policy);
  return candidates.find((rule) => evaluateRule(rule, question, evaluate).matched);
}

/** The allow rule that decides a request which no deny rule refuses. */
function decidingRule({ policy, grants, evaluate }: World, request: Rehearsal, target: string): Allow | undefined {
  const { issuer, claims } = request.subject;
  const question = questionOf(request, { name: target }, policy);
  return grants(issuer, target, claims).find((rule) => evaluateRule(rule, question, evaluate).matched);
}

/** What the whole policy says of a request for what a rule grants; undefined where that rule does not grant it. */
export type Judge = (
  request: Rehearsal,
  rule: Allow,
) => Extract<Rehearsed, { readonly outcome: 'granted' }> | undefined;

/** Prepares a policy: among many rules only those are evaluated that the claims may fit. */
export function createJudge(world: World): Judge {
  const alone = new Map<Allow, Rehearse>();
  return (request, rule) => {
    const target = targetOf(rule);
    if (denialOf(world, request, target) || decidingRule(world, request, target) !== rule) return undefined;
    const rehearse = alone.get(rule) ?? createRehearse({ ...world.policy, rules: [rule] });
    alone.set(rule, rehearse);
    const ending = rehearse(request);
    return ending.outcome === 'granted' ? ending : undefined;
  };
}

/** The rules of an issuer and a target are indexed when they are first asked for: the checks at synth ask for none. */
function grantsByParties({ rules }: PolicyArtifact): World['grants'] {
  const places = new Map(rules.map((rule, index) => [rule, index]));
  const placeOf = (rule: Allow): number => places.get(rule) ?? 0;
  const granting = groupBy(
    rules.filter((rule): rule is Allow => 'grant' in rule),
    partiesOf,
  );
  const indexes = new Map<string, RuleIndex<Allow>>();
  return (issuer, target, claims) => {
    const parties = `${issuer} ${target}`;
    const index = indexes.get(parties) ?? indexRules(granting.get(parties) ?? []);
    indexes.set(parties, index);
    return index(claims).toSorted((one, other) => placeOf(one) - placeOf(other));
  };
}

function partiesOf(rule: Allow): string {
  return `${rule.from} ${targetOf(rule)}`;
}

function deniedTarget(deny: Exclude<DenyRule['deny'], 'any'>): string {
  return 'role' in deny ? deny.role : deny.audience;
}

type ByTarget = ReadonlyMap<string, RuleIndex<DenyRule>>;

function denialsByIssuer({ rules }: PolicyArtifact): ReadonlyMap<string, ByTarget> {
  const denials = rules.filter((rule) => 'deny' in rule);
  const byIssuer = groupBy(denials, ({ from }) => from);
  return new Map(
    [...byIssuer].map(([issuer, ofIssuer]) => {
      const byTarget = groupBy(ofIssuer, ({ deny }) => (deny === 'any' ? deny : `for ${deniedTarget(deny)}`));
      return [issuer, new Map([...byTarget].map(([target, ofTarget]) => [target, indexRules(ofTarget)]))];
    }),
  );
}
