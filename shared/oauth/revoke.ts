// Token revocation (RFC 7009): a client revokes a token issued to it, an anonymous caller one that was made from its own token.
// Everything exchanged from the token is revoked with it. Pure but for the capabilities.
import { type AdmissionCapabilities, admitCaller, checkHolds, presentedAssertion } from './admission.ts';
import type { DecisionFacts } from './decision/decision.ts';
import { keptText } from './decision/kept-subject.ts';
import { Refused } from './denial.ts';
import { TokenRefused } from './jose/jwt.ts';
import { type VerifierCapabilities, verifierOf } from './parties.ts';
import type { TokenCall } from './request/client-credentials.ts';
import { findCredentials } from './request/client-credentials.ts';
import { isHintedAsAwsCredentials, parseTokenQuery } from './request/token-query.ts';
import { chainOf, originOf } from './revocation/lineage.ts';
import { isListed } from './revocation/listing.ts';
import type { RecordRevocation } from './revocation/revocation.ts';
import { findIssuedToken, type LookupCapabilities } from './tokens/find-token.ts';
import {
  type AuthenticatedClient,
  authenticateHolder,
  type ClientVerifier,
  type Stranger,
} from './verify/client-authentication.ts';
import { issuedSubject } from './verify/delegation.ts';
import type { VerifiedToken } from './verify/verify-token.ts';

export interface RevokeCapabilities extends LookupCapabilities, VerifierCapabilities, AdmissionCapabilities {
  readonly recordRevocation: RecordRevocation;
}

/** Seconds: an AWS session made from a token may outlive it, and is denied as long as its revocation is listed. */
const longestSession = 43_200 + 300;
/** Seconds a revocation outlives its token, so that a late clock still finds it. */
const keepAfterExpiry = 300;

/** The caller: a client, or the holder of a trusted issuer's token. */
type Revoker = AuthenticatedClient | Stranger;

/**
 * Revokes a token. What is unknown, expired or no token of ours at all is as good as revoked (RFC 7009 §2.2).
 * @throws Refused `parameter`, `client`, `client_methods`, `foreign_token`, `irrevocable` or `unavailable`
 */
export async function revoke(
  call: TokenCall,
  capabilities: RevokeCapabilities,
  decision: DecisionFacts,
): Promise<void> {
  const token = parseTokenQuery(call.form);
  const revoker = await authenticateRevoker(call, verifierOf(capabilities));
  const caller = 'client' in revoker ? revoker : undefined;
  decision.request = { audiences: [], resources: [], scope: undefined, client: caller?.client.name };
  if (isHintedAsAwsCredentials(call.form) || isAwsCredentials(token)) throw new Refused({ kind: 'irrevocable' });
  await admitCaller({ caller, decision }, capabilities, async () => {
    // Neither a suspended client nor a run of a suspended issuer is kept from giving up what it has.
    await checkHolds({ tokens: presentedAssertion(caller), names: [] }, capabilities);
    await revokeOwn(token, revoker, capabilities, decision);
  });
}

async function revokeOwn(
  presented: string,
  revoker: Revoker,
  capabilities: RevokeCapabilities,
  decision: DecisionFacts,
): Promise<void> {
  const token = await findIssuedToken(presented, capabilities).catch(unlessUnavailable);
  if (!token) return;
  decision.subject.verified = token;
  decision.subject.genuine = true;
  if (!mayRevoke(revoker, token)) throw new Refused({ kind: 'foreign_token' });
  const { exp, jti = '', iat = 0 } = token.registered;
  const at = capabilities.now();
  const listed = isListed(capabilities.policy, token);
  await capabilities.recordRevocation({
    by: 'jti',
    value: jti,
    // The clock of who issued it may be ahead of ours.
    issuedBefore: Math.max(at, iat),
    expiresAt: Math.max(exp + keepAfterExpiry, listed ? at + longestSession : 0),
    reason: 'revoked by its holder',
    at,
    principal: principalOf(revoker, jti),
    listed,
    // Of what is revoked nothing was made since: once more would only be one more write.
    sufficient: iat,
  });
}

/** A client, or the subject of a run's token, hashed with what is revoked where it shows what is private. */
function principalOf(revoker: Revoker, jti: string): string {
  if ('client' in revoker) return revoker.client.name;
  return keptText(issuedSubject(revoker.stranger), { token: revoker.stranger, salt: jti });
}

function unlessUnavailable(error: unknown): undefined {
  if (!(error instanceof TokenRefused)) throw error;
}

/** A client, or, where the assertion belongs to no client, the holder of the issuer's token (docs/lifecycle.md). */
async function authenticateRevoker(call: TokenCall, verifier: ClientVerifier): Promise<Revoker> {
  const credentials = findCredentials(call);
  if (!credentials) throw new Refused({ kind: 'client' });
  return authenticateHolder(credentials, verifier);
}

/** A client's own tokens; an anonymous caller's, when they were made from its run's token, by issuer, subject and run. */
function mayRevoke(revoker: Revoker, token: VerifiedToken): boolean {
  const { origin, tokens } = chainOf(token);
  if ('client' in revoker) return tokens.at(-1)?.client_id === revoker.client.name;
  const { iss, run } = originOf(revoker.stranger);
  return origin.iss === iss && origin.run === run && token.registered.sub === issuedSubject(revoker.stranger);
}

/** The document of `credential_process`, or one of its parts: nothing AWS made can be taken back here. */
function isAwsCredentials(token: string): boolean {
  return (
    /^(?:ASIA|AKIA)[A-Z0-9]{12,}$/.test(token) || (token.trimStart().startsWith('{') && token.includes('"AccessKeyId"'))
  );
}
