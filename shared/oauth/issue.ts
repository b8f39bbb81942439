// Issues what was granted: minted and recorded side by side, answered when both are done (RFC 8693 §2.2.1). Pure but for the
// capabilities it is given.
import type { Audience } from '../policy/compiled-policy.ts';
import type { ExchangeCapabilities } from './capabilities.ts';
import { type DecisionFacts, endDecision } from './decision.ts';
import type { IssuedFacts } from './decision-record.ts';
import { Refused } from './denial.ts';
import type { Granted, GrantQuestion } from './grant.ts';
import type { IssuedClaims } from './issued-token.ts';
import { type IssuedKind, mint } from './mint.ts';
import type { TokenRequest } from './token-request.ts';
import { tokenTypes } from './token-types.ts';
import { requestingWorkload } from './transaction-token.ts';

/** A successful answer. @see [RFC 8693 §2.2.1](https://www.rfc-editor.org/rfc/rfc8693.html#section-2.2.1) */
export interface TokenResponse {
  readonly access_token: string;
  readonly issued_token_type: string;
  /** `N_A` for what is no access token. */
  readonly token_type: 'Bearer' | 'N_A';
  readonly expires_in: number;
  readonly scope?: string;
}

/**
 * Issues the token. An assertion is used up before anything is minted, so that of two requests with one assertion at
 * most one is answered; it is given back if this one is not.
 * @throws Refused
 */
export async function issue(
  { request, caller, parties, granted, now }: GrantQuestion & { readonly granted: Granted },
  cambio: ExchangeCapabilities,
  decision: DecisionFacts,
): Promise<TokenResponse> {
  const kind = issuedKind(request, granted.audience);
  const client = caller?.client.name;
  const issuance = { ...granted, ...parties, client, issuer: cambio.issuer, jti: decision.decisionId, now };
  const { claims, token } = await mint(kind, { ...issuance, transaction: request.transaction }, cambio);
  const issued = issuedFacts(claims, granted.audience);
  const keeping = { now, retention: cambio.decisionRetention, policyHash: cambio.policy.hash };
  const record = endDecision(decision, { outcome: 'granted', issued }, keeping);
  const use = caller?.use;
  if (use && !(await cambio.useOnce(use))) throw new Refused({ kind: 'client' });
  try {
    const minted = await both(token(), cambio.recordDecision(record));
    decision.issued = issued;
    return tokenResponse(minted, claims, kind, request);
  } catch (error) {
    if (use) await cambio.release(use);
    throw error;
  }
}

/** Waits for both also when one fails: the refusal that is recorded then must not be overtaken by the grant. */
async function both<Minted>(minting: Promise<Minted>, recording: Promise<void>): Promise<Minted> {
  await Promise.allSettled([minting, recording]);
  await recording;
  return minting;
}

/** @throws Refused `token_type` for a JWT where only references are issued, `parameter` without scope for a transaction */
function issuedKind({ requestedTokenType, asked }: TokenRequest, { format }: Audience): IssuedKind {
  if (requestedTokenType === tokenTypes.accessToken) return format;
  if (format === 'reference') throw new Refused({ kind: 'token_type', parameter: 'requested_token_type' });
  if (requestedTokenType === tokenTypes.jwt) return 'jwt';
  if (asked.scope === undefined) throw new Refused({ kind: 'parameter', parameter: 'scope', problem: 'missing' });
  return 'transaction';
}

function issuedFacts(claims: IssuedClaims, { name }: Audience): IssuedFacts {
  const { exp, sub, client_id, scope } = claims;
  return { exp, sub, clientId: client_id ?? requestingWorkload(claims), audience: name, scope };
}

function tokenResponse(token: string, claims: IssuedClaims, kind: IssuedKind, request: TokenRequest): TokenResponse {
  return {
    access_token: token,
    issued_token_type: request.requestedTokenType,
    token_type: kind === 'transaction' ? 'N_A' : 'Bearer',
    expires_in: claims.exp - claims.iat,
    ...(claims.scope !== undefined && { scope: claims.scope }),
  };
}
