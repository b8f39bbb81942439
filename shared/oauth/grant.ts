// Asks policy, and cuts what it grants down to what was asked for (RFC 8693 §2.1, RFC 6749 §3.3). Pure, but that the decision it
// is handed learns the rules that were tried.
import type { AllowRule, Audience, CompiledPolicy, Role, RoleGrant } from '../policy/compiled-policy.ts';
import {
  type EvaluateCondition,
  evaluatePolicy,
  type FindRules,
  type GrantingRule,
  type PolicyAnswer,
} from '../policy/evaluate.ts';
import { type Target, targetsOf, writtenNames } from '../policy/target.ts';
import { mostTraced } from '../policy/trace.ts';
import type { DecisionFacts } from './decision/decision.ts';
import { Refused } from './denial.ts';
import type { Caller, Parties } from './parties.ts';
import { grantedScopes } from './request/scope.ts';
import { resolveTarget } from './request/target.ts';
import type { TokenRequest } from './request/token-request.ts';
import { tokenTypes } from './token-types.ts';
import { checkReplacement } from './tokens/transaction-token.ts';
import { policyClaims, policyIssuer } from './verify/policy-claims.ts';
import { type Confirmation, confirmationFor, type Possession } from './verify/possession.ts';
import { selfName } from './verify/self-issuer.ts';
import type { VerifiedToken } from './verify/verify-token.ts';

/**
 * Rules in the trace of a grant: all of a few; of more the one that granted and those that came closest. As many as a refusal
 * has cost more than all the rest of an exchange but its signatures, and who was granted asks for no near miss.
 */
const traced = { few: 8, ofMore: 3 };

export interface Granted {
  readonly audience: Audience;
  readonly rule: AllowRule;
  readonly scopes: readonly string[];
  /** What the token is bound to. */
  readonly confirmation?: Confirmation | undefined;
}

/** A role, and the rule that grants it. */
export interface RoleGrantedTo {
  readonly role: Role;
  readonly rule: AllowRule<RoleGrant>;
}

/** A request all of whose parties are verified. */
export interface VerifiedRequest {
  readonly request: TokenRequest;
  readonly caller: Caller;
  readonly possession: Possession;
  readonly parties: Parties;
  /** Seconds since the epoch. */
  readonly now: number;
}

interface GrantCapabilities {
  readonly policy: CompiledPolicy;
  readonly findRules: FindRules;
  readonly evaluateCondition?: EvaluateCondition;
}

/**
 * The rule that grants this target, and the scopes it grants.
 * @throws Refused `target`, `parameter`, `no_rule`, `denied`, `scope`, `dpop`, `certificate`, `token_type` where the target has no such tokens, or
 *   `token` when only a rule with `outlive` would have taken it
 */
export function decideGrant(
  verified: VerifiedRequest,
  capabilities: GrantCapabilities,
  decision: DecisionFacts,
): Granted | RoleGrantedTo {
  const { request, parties } = verified;
  const target = resolveTarget(request, capabilities.policy);
  if ('audience' in target) checkReplacement(parties.subject, request.transaction ?? {}, target.audience);
  const answer = evaluateFor(verified, target, capabilities);
  decision.rules = answer.trace;
  if (answer.tried > answer.trace.length) decision.untraced = answer.tried - answer.trace.length;
  if (answer.outcome !== 'no_rule') decision.rule = answer.rule;
  checkLate(verified, answer);
  return grantFor(target, requireGrant(answer), verified);
}

/** Which types a target has is told to those alone who may have it. */
function grantFor(
  target: Target,
  { grant, ...rule }: GrantingRule,
  verified: VerifiedRequest,
): Granted | RoleGrantedTo {
  const { request, possession, parties } = verified;
  const wantsCredentials = request.requestedTokenType === tokenTypes.awsCredentials;
  if (wantsCredentials !== 'role' in target) {
    throw new Refused({ kind: 'token_type', parameter: 'requested_token_type' });
  }
  if ('role' in target && 'role' in grant) {
    if (request.asked.scope !== undefined) throw new Refused({ kind: 'scope', problem: 'none_granted' });
    return { role: target.role, rule: { ...rule, grant } };
  }
  // Names are of one namespace, so that target and grant are of one kind.
  if ('role' in target || 'role' in grant) throw new TypeError('a rule of another kind than its target');
  const allow = { ...rule, grant };
  const { audience } = target;
  return {
    audience,
    rule: allow,
    scopes: scopesOf(request, parties.subject, allow, audience),
    confirmation: confirmationFor(audience, [parties.subject, parties.actor], possession),
  };
}

function evaluateFor(
  { request, caller, parties, now }: VerifiedRequest,
  target: Target,
  capabilities: GrantCapabilities,
) {
  const { subject, actor } = parties;
  const presented = (token: VerifiedToken) => ({
    issuer: policyIssuer(token),
    claims: policyClaims(token, capabilities.policy),
    declared: token.issuer.claims,
  });
  const { audiences, resources, scope } = request.asked;
  const question = {
    ...presented(subject),
    ...(actor && { actor: presented(actor) }),
    audience: target.name,
    client: caller?.client.name ?? '',
    request: { scopes: scope ?? [], ...writtenNames({ audiences, resources }, targetsOf(capabilities.policy)) },
    now,
  };
  const tried = capabilities.findRules(question.issuer, target.name).length;
  const most = { ofGrant: tried > traced.few ? traced.ofMore : traced.few, ofRefusal: mostTraced };
  return { ...evaluatePolicy(capabilities.findRules, question, capabilities.evaluateCondition, most), tried };
}

/**
 * A token that expired within its issuer's skew is good only for a rule whose tokens may outlive it, and never for a
 * transaction token (draft-ietf-oauth-transaction-tokens, Txn-Token Lifetime).
 */
function checkLate({ request, parties, now }: VerifiedRequest, answer: PolicyAnswer): void {
  if (parties.subject.registered.exp > now) return;
  if (answer.outcome === 'granted' && answer.allow.outlive && !request.transaction) return;
  throw new Refused({ kind: 'token', parameter: 'subject_token', reason: 'expired', detail: 'exp has passed' });
}

function requireGrant(answer: PolicyAnswer): GrantingRule {
  switch (answer.outcome) {
    case 'granted':
      return answer.allow;
    case 'denied':
      throw new Refused({ kind: 'denied', rule: answer.rule });
    case 'no_rule':
      throw new Refused({ kind: 'no_rule' });
  }
}

/** Of our own tokens the scope they have is one more bound: what was dropped once never comes back. */
function scopesOf(
  request: TokenRequest,
  { issuer, claims }: VerifiedToken,
  { grant }: AllowRule,
  audience: Audience,
): readonly string[] {
  const own = issuer.name === selfName ? scopesIn(claims) : undefined;
  const rule = own ? grant.scopes.filter((scope) => own.includes(scope)) : grant.scopes;
  return grantedScopes({ requested: request.asked.scope, rule, audience: audience.scopes });
}

function scopesIn({ scope }: VerifiedToken['claims']): readonly string[] {
  return typeof scope === 'string' ? scope.split(' ') : [];
}
