// One token exchange, as the steps of RFC 8693 §2: parse, authenticate, verify, decide, mint and record, answer. Pure but for
// the capabilities it is given.
import type { ExchangeCapabilities, TokenCall } from './capabilities.ts';
import type { DecisionFacts } from './decision.ts';
import { decideGrant } from './grant.ts';
import { issue, type TokenResponse } from './issue.ts';
import { issueRole } from './issue-role.ts';
import { authenticate, verifierOf, verifyParties } from './parties.ts';
import { parseTokenRequest } from './token-request.ts';

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
  if ('role' in granted) return issueRole({ request, caller, parties, granted, now }, cambio, decision);
  return issue({ request, caller, parties, granted, now }, cambio, decision);
}
