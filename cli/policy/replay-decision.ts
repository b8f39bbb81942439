// Decides a recorded decision again under another policy, saying so where the record is not enough. Pure.

import { questionOf, type Rehearsal, targetOf } from '../../infra/policy/rehearse/rehearse.ts';
import { rehearseSession } from '../../infra/policy/rehearse/rehearse-session.ts';
import { createConditionEvaluator } from '../../shared/policy/cel.ts';
import type { Claims } from '../../shared/policy/claims.ts';
import type { PolicyArtifact, PolicyRule, RoleGrant } from '../../shared/policy/compiled-policy.ts';
import { indexRules } from '../../shared/policy/evaluate.ts';
import { type EvaluatedRule, evaluateRule } from '../../shared/policy/evaluate-rule.ts';
import type { PolicyQuestion } from '../../shared/policy/question.ts';
import { isOwnIssuer } from '../../shared/policy/tenant.ts';
import { type GuessedClaims, guessClaims } from './guess-claims.ts';
import type { RecordedDecision, RecordedToken } from './recorded-decision.ts';

export type Replayed =
  /** Refused before policy was asked, which no policy changes. */
  | { readonly kind: 'not_policy' }
  | { readonly kind: 'same' | 'granted_to_refused' | 'refused_to_granted'; readonly rule: string | undefined }
  | { readonly kind: 'undecided'; readonly why: string };

/** Reasons that policy gives; with any other the request did not come so far. */
const policyReasons = ['no_rule', 'denied', 'scope', 'target', 'tags'];

type Truth = boolean | 'unknown';
interface Judged {
  readonly rule: PolicyRule;
  readonly truth: Truth;
}

/** Prepares a policy for many decisions. */
export function createReplay(policy: PolicyArtifact): (decision: RecordedDecision) => Replayed {
  const findRules = indexRules(policy.rules);
  const evaluateCondition = createConditionEvaluator();
  return (decision) => {
    if (!decision.granted && !policyReasons.includes(decision.reason ?? '')) return { kind: 'not_policy' };
    const { request, subject, actor } = decision;
    if (!request || !subject) return { kind: 'undecided', why: 'the record has no request or no subject' };
    if (request.truncated) return { kind: 'undecided', why: 'the record has the request only in part' };
    if (!isOwnIssuer(subject.issuer) && !Object.hasOwn(policy.issuers, subject.issuer))
      return changed(decision, false, undefined);
    const target = targetOf(request, policy);
    if (!target) return changed(decision, false, undefined);
    const rules = findRules(subject.issuer, target.name);
    const guessed = guessClaims(subject, rules, 'subject', decision.id);
    const guessedActor = actor && guessClaims(actor, rules, 'actor', decision.id);
    const question = questionOf(
      rehearsalOf(decision, request, guessed, subject, actor, guessedActor?.claims),
      target,
      policy,
    );
    const judge = (rule: PolicyRule): Judged => {
      const result = evaluateRule(rule, question, evaluateCondition);
      return { rule, truth: truthOf(rule, result, guessed, guessedActor) };
    };
    const replayed = verdict(decision, rules.map(judge), scopeProblem(question, target.scopes));
    return withSession(replayed, decision, rules, (grant) =>
      rehearseSession(grant, { issuer: subject.issuer, claims: guessed.claims }, policy),
    );
  };
}

/** A rule that grants a role refuses a token that cannot fill it; a record may not have what the token had. */
function withSession(
  replayed: Replayed,
  { granted }: RecordedDecision,
  rules: readonly PolicyRule[],
  fill: (grant: RoleGrant) => ReturnType<typeof rehearseSession>,
): Replayed {
  const grants = replayed.kind === 'refused_to_granted' || (replayed.kind === 'same' && granted);
  const rule = grants ? rules.find(({ id }) => id === replayed.rule) : undefined;
  if (!rule || !('grant' in rule) || !('role' in rule.grant)) return replayed;
  if (!('refused' in fill(rule.grant))) return replayed;
  return { kind: 'undecided', why: `the record does not show a claim that the session of ${rule.id} needs` };
}

function rehearsalOf(
  { at }: RecordedDecision,
  request: NonNullable<RecordedDecision['request']>,
  { claims }: GuessedClaims,
  { issuer }: RecordedToken,
  actor: RecordedToken | undefined,
  actorClaims: Claims = {},
): Rehearsal {
  return {
    ...request,
    subject: { issuer, claims },
    actor: actor && { issuer: actor.issuer, claims: actorClaims },
    now: at,
  };
}

/** A rule is out as soon as one condition that is known does not hold; it is in only when all that count are known. */
function truthOf(
  rule: PolicyRule,
  { matched, conditions }: EvaluatedRule,
  subject: GuessedClaims,
  actor?: GuessedClaims,
): Truth {
  const whens = rule.when ?? [];
  const cheap = conditions.slice(0, conditions.length - whens.length);
  const unknownNames = new Set([
    ...rule.match.filter(subject.isUnknown).map(({ path }) => path),
    ...(rule.actor?.match ?? []).filter((match) => actor?.isUnknown(match)).map(({ path }) => `actor.${path}`),
  ]);
  const open = cheap.filter((condition) => unknownNames.has(condition.name));
  if (cheap.some((condition) => !condition.matched && !open.includes(condition))) return false;
  if (open.length > 0) return 'unknown';
  const blind = whens.some(({ expression }) => subject.mayBeSeenBy(expression) || actor?.mayBeSeenBy(expression));
  return blind ? 'unknown' : matched;
}

type ScopeProblem = (rule: PolicyRule) => boolean;

/** Whether a rule that fits could grant none of the scopes that were asked for. */
function scopeProblem({ issuer, claims, request }: PolicyQuestion, known: readonly string[]): ScopeProblem {
  const own = isOwnIssuer(issuer) ? String(claims['scope'] ?? '').split(' ') : undefined;
  return (rule) => {
    if (!('grant' in rule) || request.scopes.length === 0) return false;
    const ofRule = 'scopes' in rule.grant ? rule.grant.scopes : [];
    return !ofRule.some(
      (scope) => known.includes(scope) && request.scopes.includes(scope) && (own?.includes(scope) ?? true),
    );
  };
}

function verdict(decision: RecordedDecision, judged: readonly Judged[], refusedByScope: ScopeProblem): Replayed {
  const denies = judged.filter(({ rule }) => 'deny' in rule);
  const allows = judged.filter(({ rule }) => 'grant' in rule);
  const deny = denies.find(({ truth }) => truth === true);
  if (deny) return changed(decision, false, deny.rule.id);
  // The first that fits decides, scopes too: those before it must be out for certain.
  const candidates = allows.filter(({ truth }) => truth !== false);
  const sure = candidates.findIndex(({ truth }) => truth === true);
  const possible = sure < 0 ? candidates : candidates.slice(0, sure + 1);
  const grants = possible.map(({ rule }) => !refusedByScope(rule));
  if (sure < 0 && !grants.includes(true)) return changed(decision, false, undefined);
  if (!grants.includes(true)) return changed(decision, false, possible.at(-1)?.rule.id);
  const open = [...denies, ...possible].filter(({ truth }) => truth === 'unknown').map(({ rule }) => rule.id);
  const denyIsOpen = denies.some(({ truth }) => truth === 'unknown');
  if (sure < 0 || denyIsOpen || grants.includes(false)) {
    const rules = open.slice(0, 3).join(', ');
    return { kind: 'undecided', why: `claims it hides or left out decide on ${rules}` };
  }
  return changed(decision, true, possible.length === 1 ? possible[0]?.rule.id : undefined);
}

function changed({ granted }: RecordedDecision, grants: boolean, rule: string | undefined): Replayed {
  if (granted === grants) return { kind: 'same', rule };
  return { kind: granted ? 'granted_to_refused' : 'refused_to_granted', rule };
}
