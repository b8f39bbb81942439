// Asks policy, and cuts what it grants down to what was asked for (RFC 8693 §2.1, RFC 6749 §3.3). Pure.
import type { AllowRule, Audience } from '../policy/compiled-policy.ts';
import { evaluatePolicy, type PolicyAnswer } from '../policy/evaluate.ts';
import type { ExchangeCapabilities } from './capabilities.ts';
import type { DecisionFacts } from './decision.ts';
import { Refused } from './denial.ts';
import { selfName } from './own-tokens.ts';
import type { Caller, Parties } from './parties.ts';
import { policyClaims } from './policy-claims.ts';
import { grantedScopes } from './scope.ts';
import { resolveTarget } from './target.ts';
import type { TokenRequest } from './token-request.ts';
import { checkReplacement } from './transaction-token.ts';
import type { VerifiedToken } from './verify-token.ts';

export interface Granted {
  readonly audience: Audience;
  readonly rule: AllowRule;
  readonly scopes: readonly string[];
}

export interface GrantQuestion {
  readonly request: TokenRequest;
  readonly caller: Caller;
  readonly parties: Parties;
  /** Seconds since the epoch. */
  readonly now: number;
}

type GrantCapabilities = Pick<ExchangeCapabilities, 'policy' | 'findRules' | 'evaluateCondition'>;

/**
 * The rule that grants this target, and the scopes it grants.
 * @throws Refused `target`, `parameter`, `no_rule`, `denied`, `scope`, or `token` when only a rule with `outlive` would have taken it
 */
export function decideGrant(question: GrantQuestion, cambio: GrantCapabilities, decision: DecisionFacts): Granted {
  const { request, parties } = question;
  const audience = resolveTarget(request, cambio.policy.audiences);
  checkReplacement(parties.subject, request.transaction ?? {}, audience);
  const answer = ask(question, audience, cambio);
  decision.rules = answer.trace;
  if (answer.outcome !== 'no_rule') decision.rule = answer.rule;
  checkLate(question, answer);
  const rule = requireGrant(answer);
  return { audience, rule, scopes: scopesOf(request, parties.subject, rule, audience) };
}

function ask({ request, caller, parties, now }: GrantQuestion, audience: Audience, cambio: GrantCapabilities) {
  const { subject, actor } = parties;
  const presented = (token: VerifiedToken) => ({
    issuer: token.issuer.name,
    claims: policyClaims(token, cambio.policy),
  });
  const { audiences, resources, scope } = request.asked;
  const question = {
    ...presented(subject),
    ...(actor && { actor: presented(actor) }),
    audience: audience.name,
    client: caller?.client.name ?? '',
    request: { scopes: scope ?? [], audiences, resources },
    now,
  };
  return evaluatePolicy(cambio.findRules, question, cambio.evaluateCondition);
}

/**
 * A token that expired within its issuer's skew is good only for a rule whose tokens may outlive it, and never for a
 * transaction token (draft-ietf-oauth-transaction-tokens, Txn-Token Lifetime).
 */
function checkLate({ request, parties, now }: GrantQuestion, answer: PolicyAnswer): void {
  if (parties.subject.registered.exp > now) return;
  if (answer.outcome === 'granted' && answer.allow.outlive && !request.transaction) return;
  throw new Refused({ kind: 'token', parameter: 'subject_token', reason: 'expired', detail: 'exp has passed' });
}

function requireGrant(answer: PolicyAnswer): AllowRule {
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
  const own = issuer.name === selfName ? String(claims['scope'] ?? '').split(' ') : undefined;
  const rule = own ? grant.scopes.filter((scope) => own.includes(scope)) : grant.scopes;
  return grantedScopes({ requested: request.asked.scope, rule, audience: audience.scopes });
}
