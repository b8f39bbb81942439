// One token exchange, as the steps of RFC 8693 §2: parse, authenticate, verify, decide, admit, mint and record, answer. Pure but for
// the capabilities it is given.
import { admit, requestHash } from './admission.ts';
import type { ExchangeCapabilities, TokenCall } from './capabilities.ts';
import type { DecisionFacts } from './decision/decision.ts';
import { decideGrant } from './grant.ts';
import { issue, type TokenResponse } from './issue.ts';
import { issueRole } from './issue-role.ts';
import { authenticate, verifierOf, verifyParties } from './parties.ts';
import { parseTokenRequest } from './request/token-request.ts';

/**
 * Exchanges a token. `decision` is filled on the way, also when the request is refused.
 * @throws Refused
 */
export async function exchange(
  call: TokenCall,
  cambio: ExchangeCapabilities,
  decision: DecisionFacts,
): Promise<TokenResponse> {
  const request = parseTokenRequest(call.form, cambio.policy);
  const verifier = verifierOf(cambio);
  const caller = await authenticate(call, verifier);
  decision.request = { ...request.asked, requestedTokenType: request.requestedTokenType, client: caller?.client.name };
  const parties = await verifyParties({ request, caller, verifier, cambio }, decision);
  const now = cambio.now();
  const granted = decideGrant({ request, caller, parties, now }, cambio, decision);
  const hash = requestHash(call.form, caller?.client.name, cambio.policy.hash);
  const status =
    'audience' in granted && granted.audience.status ? await cambio.reserveStatus(granted.audience) : undefined;
  const claim = { request: hash, jti: decision.decisionId, at: now, status };
  return admit({ caller, parties, claim, decision }, cambio, (first, again) => {
    const question = { request, caller, parties, now, claim: first, again };
    return 'role' in granted
      ? issueRole({ ...question, granted }, cambio, decision)
      : issue({ ...question, granted }, cambio, decision);
  });
}
