// What an exchange would decide, from claims instead of tokens: nothing is verified, nothing issued. Pure.

import { writtenForms } from '../../../shared/policy/audience-forms.ts';
import { createConditionEvaluator } from '../../../shared/policy/cel.ts';
import { isClaims } from '../../../shared/policy/claims.ts';
import type { PolicyArtifact, ValueHole } from '../../../shared/policy/compiled-policy.ts';
import {
  type EvaluatedRule,
  evaluatePolicy,
  type GrantingRule,
  indexRules,
  type MostTraced,
  type PolicyAnswer,
} from '../../../shared/policy/evaluate.ts';
import type { JsonValue } from '../../../shared/policy/json.ts';
import type { PolicyQuestion, Presented } from '../../../shared/policy/question.ts';
import { wholeSeconds } from '../../../shared/policy/registered-claims.ts';
import type { FilledGrant, SessionProblem } from '../../../shared/policy/role-grant.ts';
import { namedTargets, type Target, targetsOf, writtenNames } from '../../../shared/policy/target.ts';
import { isOwnIssuer } from '../../../shared/policy/tenant.ts';
import { audiencesNamed } from './audience-names.ts';
import { issuedSubject } from './issued-subject.ts';
import { rehearseSession } from './rehearse-session.ts';
import { checkPresenter, checkToken, type TokenCheck } from './rehearse-token.ts';

/** A request with the claims of its tokens. `issuer` is a policy name, or `self`. */
export interface Rehearsal {
  readonly subject: Presented;
  readonly actor?: Presented | undefined;
  /** Name of the authenticated client; `''` if anonymous. */
  readonly client: string;
  readonly audiences: readonly string[];
  readonly resources: readonly string[];
  /** Absent: all that policy allows. */
  readonly scope: readonly string[] | undefined;
  /** Epoch seconds. */
  readonly now: number;
}

interface Seen {
  /** What was looked at in the tokens themselves; empty when that was not asked for. */
  readonly checks: readonly TokenCheck[];
  readonly rules: readonly EvaluatedRule[];
}

type Ending =
  | {
      readonly outcome: 'granted';
      readonly rule: string;
      readonly scopes: readonly string[];
      /** Of a role. */
      readonly session?: Pick<FilledGrant, 'tags' | 'dropped'>;
    }
  | {
      readonly outcome: 'refused';
      readonly error: string;
      readonly reason: string;
      readonly rule?: string;
      /** What of the role's session cannot be made. */
      readonly session?: SessionProblem;
    };

export type Rehearsed = Seen & Ending;

export type Rehearse = (request: Rehearsal) => Rehearsed;

/**
 * Prepares a policy; its `when` expressions are parsed once.
 * @param most rules of a trace; without it as many as the server keeps of a refusal
 */
export function createRehearse(policy: PolicyArtifact, most?: MostTraced): Rehearse {
  const findRules = indexRules(policy.rules);
  const evaluateCondition = createConditionEvaluator();
  return (request) => {
    const checks = checksOf(request, policy);
    const failed = checks.find(({ matched }) => !matched);
    const target = targetOf(request, policy);
    const answer = target && evaluatePolicy(findRules, questionOf(request, target, policy), evaluateCondition, most);
    const seen = { checks, rules: answer?.trace ?? [] };
    if (failed) return { ...seen, outcome: 'refused', error: 'invalid_request', reason: failed.reason };
    if (!target || !answer) return { ...seen, outcome: 'refused', error: 'invalid_target', reason: 'target' };
    return { ...seen, ...endingOf(request, target, answer, policy) };
  };
}

/** The question policy is asked about a request for a target. */
export function questionOf(request: Rehearsal, { name }: Pick<Target, 'name'>, policy: PolicyArtifact): PolicyQuestion {
  const { subject, actor, client, audiences, resources, scope, now } = request;
  return {
    ...seenByPolicy(subject, policy),
    audience: name,
    client,
    ...(actor && { actor: seenByPolicy(actor, policy) }),
    request: { scopes: scope ?? [], ...writtenNames({ audiences, resources }, targetsOf(policy)) },
    now,
  };
}

/** The one target all parameters name. */
export function targetOf(
  request: Pick<Rehearsal, 'audiences' | 'resources'>,
  policy: PolicyArtifact,
): Target<string | ValueHole> | undefined {
  const named = namedTargets(request, targetsOf(policy));
  const [target] = named;
  return named.every((other) => other?.name === target?.name) ? target : undefined;
}

function checksOf({ subject, actor, client, now }: Rehearsal, policy: PolicyArtifact): readonly TokenCheck[] {
  return [
    ...checkToken('subject', subject, policy, now),
    ...(actor ? checkToken('actor', actor, policy, now) : []),
    ...checkPresenter(subject, client, policy),
  ];
}

/** Only the outermost `act`; in our own tokens `aud` in both forms of the audience. */
function seenByPolicy({ issuer, claims }: Presented, policy: PolicyArtifact): Presented {
  const { act } = claims;
  const outermost = isClaims(act)
    ? { act: Object.fromEntries(Object.entries(act).filter(([name]) => name !== 'act')) }
    : {};
  const declared = Object.hasOwn(policy.issuers, issuer) ? policy.issuers[issuer]?.claims : undefined;
  if (!isOwnIssuer(issuer)) {
    const aud = claims['aud'] === undefined ? {} : { aud: [claims['aud']].flat() };
    return { issuer, claims: { ...claims, ...outermost, ...aud }, ...(declared && { declared }) };
  }
  const named = audiencesNamed([claims['aud']].flat(), policy.audiences);
  return { issuer, claims: { ...claims, ...outermost, aud: named.flatMap(writtenForms) } };
}

function endingOf(
  request: Rehearsal,
  target: Pick<Target, 'scopes'>,
  answer: PolicyAnswer,
  policy: PolicyArtifact,
): Ending {
  const decided = answer.outcome === 'no_rule' ? {} : { rule: answer.rule };
  if (isLate(request) && !(answer.outcome === 'granted' && answer.allow.outlive)) {
    return { outcome: 'refused', error: 'invalid_request', reason: 'expired', ...decided };
  }
  if (answer.outcome !== 'granted') {
    return { outcome: 'refused', error: 'invalid_target', reason: answer.outcome, ...decided };
  }
  const { rule } = answer;
  const scopes = scopesOf(request, target, answer.allow);
  if (!scopes) return { outcome: 'refused', error: 'invalid_scope', reason: 'scope', rule };
  const { subject, actor } = request;
  if ([subject, actor].some((token) => token && issuedSubject(token, policy) === undefined)) {
    return { outcome: 'refused', error: 'invalid_request', reason: 'malformed', rule };
  }
  const { grant } = answer.allow;
  if (!('role' in grant)) return { outcome: 'granted', rule, scopes };
  return sessionEnding(rule, rehearseSession(grant, request.subject, policy));
}

function sessionEnding(rule: string, filled: ReturnType<typeof rehearseSession>): Ending {
  if ('refused' in filled) {
    return { outcome: 'refused', error: 'invalid_target', reason: 'tags', rule, session: filled.refused };
  }
  const { tags, dropped } = filled;
  return { outcome: 'granted', rule, scopes: [], session: { tags, dropped } };
}

/** The check let a token through that expired within its issuer's skew. */
function isLate({ subject, now }: Rehearsal): boolean {
  const exp = wholeSeconds(subject.claims['exp'] as JsonValue);
  return exp !== undefined && exp <= now;
}

function scopesOf(
  { subject, scope }: Rehearsal,
  target: Pick<Target, 'scopes'>,
  { grant }: GrantingRule,
): readonly string[] | undefined {
  const ofRule = 'scopes' in grant ? grant.scopes : [];
  const { scope: had } = subject.claims;
  const isOwn = isOwnIssuer(subject.issuer);
  const own = isOwn ? (typeof had === 'string' ? had.split(' ') : []) : ofRule;
  const allowed = ofRule.filter((word) => target.scopes.includes(word) && own.includes(word));
  const granted = scope === undefined ? allowed : allowed.filter((word) => scope.includes(word));
  // Of an audience that has scopes, or a request for some, nothing is left: the server refuses that. Claims that somebody wrote down
  // without a scope are not about one.
  const wanted = scope !== undefined || (target.scopes.length > 0 && !(isOwn && had === undefined));
  return wanted && granted.length === 0 ? undefined : granted;
}
