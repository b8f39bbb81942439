// One token exchange, as the steps of RFC 8693 §2: parse, authenticate, verify, decide, admit, mint and record, answer. Pure but for
// the capabilities it is given.
import { admit, requireWaiting } from './admission.ts';
import type { ExchangeCapabilities } from './capabilities.ts';
import type { DecisionFacts } from './decision/decision.ts';
import { decideGrant, type Granted, type RoleGrantedTo } from './grant.ts';
import { issue, type TokenResponse } from './issue.ts';
import { issueRole } from './issue-role.ts';
import { currentKey, type SigningKey } from './jose/keyring.ts';
import { authenticate, provePossession, verifierOf, verifyParties } from './parties.ts';
import type { TokenCall } from './request/client-credentials.ts';
import { parseTokenRequest } from './request/token-request.ts';
import { requestHash } from './request-hash.ts';
import { keptAssertion } from './revocation/lineage.ts';

/**
 * Exchanges a token. `decision` is filled on the way, also when the request is refused. A request that is admitted and
 * then gets nothing gives back what it used: who got nothing has used nothing.
 * @throws Refused
 */
export async function exchange(
  call: TokenCall,
  capabilities: ExchangeCapabilities,
  decision: DecisionFacts,
): Promise<TokenResponse> {
  const { policy } = capabilities;
  const request = parseTokenRequest(call.form, policy);
  const verifier = verifierOf(capabilities);
  const caller = await authenticate(call, verifier);
  decision.request = { ...request.asked, requestedTokenType: request.requestedTokenType, client: caller?.client.name };
  const possession = await provePossession(call, capabilities);
  const presented = { request, caller, possession, verifier, capabilities };
  const parties = await decision.watch('verify')(verifyParties(presented, decision));
  await capabilities.countRequest({ caller, parties });
  const verified = { request, caller, possession, parties, now: capabilities.now() };
  const granted = decision.watch('policy')(decideGrant(verified, capabilities, decision));
  await capabilities.countCalls(granted);
  const purpose = {
    // Read only where something may be used once.
    get request() {
      return requestHash({ form: call.form, caller, possession, parties, granted }, capabilities);
    },
    jti: decision.decisionId,
    at: verified.now,
    asserted: caller?.token && keptAssertion(caller.token),
    status:
      'audience' in granted && granted.audience.status ? await capabilities.reserveStatus(granted.audience) : undefined,
  };
  const signing = await tokenKey(granted, capabilities);
  const admission = { caller, possession, parties, granted, purpose, decision, signing };
  const admitted = await decision.watch('admit')(admit(admission, capabilities));
  const admittedRequest = { ...verified, purpose: admitted.purpose, again: admitted.again };
  try {
    requireWaiting(decision);
    // Whoever has a moment's old keyring does not know yet that its key is gone.
    if (admitted.isKeyRevoked) await capabilities.readKeyring('again');
    const answer =
      'role' in granted
        ? await issueRole({ ...admittedRequest, granted }, capabilities, decision)
        : await issue({ ...admittedRequest, granted }, capabilities, decision);
    requireWaiting(decision);
    return answer;
  } catch (error) {
    await admitted.giveBack();
    throw error;
  }
}

/** The key that is to sign the token that is granted, if it is signed. */
async function tokenKey(
  granted: Granted | RoleGrantedTo,
  { readKeyring }: Pick<ExchangeCapabilities, 'readKeyring'>,
): Promise<SigningKey | undefined> {
  if ('role' in granted || granted.audience.format === 'reference') return undefined;
  return currentKey(await readKeyring(), { use: 'token', alg: granted.audience.alg });
}
