// Issues what was granted: minted and recorded side by side, answered when both are done (RFC 8693 §2.2.1). Pure but for the
// capabilities it is given.
import type { Audience } from '../policy/compiled-policy.ts';
import type { ExchangeCapabilities } from './capabilities.ts';
import { type DecisionFacts, endDecision } from './decision/decision.ts';
import type { DecisionRecord, IssuedFacts } from './decision/decision-record.ts';
import { Refused } from './denial.ts';
import type { Granted, GrantQuestion } from './grant.ts';
import type { TokenRequest } from './request/token-request.ts';
import { requestingWorkload } from './revocation/requesting-workload.ts';
import { tokenTypes } from './token-types.ts';
import type { IssuedClaims } from './tokens/issued-token.ts';
import { type IssuedKind, mint } from './tokens/mint.ts';
import type { UseClaim } from './verify/one-time-use.ts';

/** A successful answer. @see [RFC 8693 §2.2.1](https://www.rfc-editor.org/rfc/rfc8693.html#section-2.2.1) */
export interface TokenResponse {
  readonly access_token: string;
  readonly issued_token_type: string;
  /** `N_A` for what is no access token. */
  readonly token_type: 'Bearer' | 'N_A';
  readonly expires_in: number;
  readonly scope?: string;
}

export interface IssueQuestion extends GrantQuestion {
  readonly granted: Granted;
  /** What the request's uses are for: `jti` and time of the token, those of the first of identical requests. */
  readonly claim: UseClaim;
  readonly again: boolean;
}

/**
 * Issues the token.
 * @throws Refused
 */
export async function issue(
  question: IssueQuestion,
  cambio: ExchangeCapabilities,
  decision: DecisionFacts,
): Promise<TokenResponse> {
  const { request, caller, parties, granted, now, claim } = question;
  const kind = issuedKind(request, granted.audience);
  const client = caller?.client.name;
  const issuance = {
    ...granted,
    ...parties,
    client,
    issuer: cambio.issuer,
    jti: claim.jti,
    now: claim.at,
    status: claim.status,
    transaction: request.transaction,
  };
  const repeatable = repetitionOf(question) !== undefined;
  const { claims, handleHash, descriptions, token } = await mint({ kind, issuance, repeatable }, cambio);
  const issued = issuedFacts(claims, granted.audience);
  const written = {
    ...recordOfGrant(question, { issued, decision }, cambio),
    ...(repeatable && { handleHash }),
    ...(claim.status && { status: { ...claim.status, descriptions } }),
  };
  const minted = await (question.again
    ? inTurn(token, () => cambio.recordDecision(written))
    : both(token(), cambio.recordDecision(written)));
  conclude(decision, issued, claim);
  return tokenResponse(minted, { claims, kind, request, now });
}

/** The record of a grant: under the id of the first of identical requests, whose token it is. */
export function recordOfGrant(
  question: Pick<IssueQuestion, 'parties' | 'again' | 'now' | 'claim'>,
  { issued, decision }: { readonly issued: IssuedFacts; readonly decision: DecisionFacts },
  { decisionRetention: retention, policy }: ExchangeCapabilities,
): DecisionRecord {
  const { now, claim } = question;
  const keeping = { now, retention, policyHash: policy.hash };
  const record = endDecision({ ...decision, decisionId: claim.jti }, { outcome: 'granted', issued }, keeping);
  return { ...record, ...repetitionOf(question) };
}

/** Once it is durable: a repetition ends as the decision it repeats. */
export function conclude(decision: DecisionFacts, issued: IssuedFacts, { jti }: UseClaim): void {
  decision.issued = issued;
  decision.decisionId = jti;
}

/** Whether the identical request may come again, or did: where subject or actor may be used once. */
function repetitionOf({ parties: { subject, actor }, again }: Pick<IssueQuestion, 'parties' | 'again'>) {
  if (!subject.use && !actor?.use) return undefined;
  return { repetition: again ? 'again' : 'first' } as const;
}

/** Waits for both also when one fails: the refusal that is recorded then must not be overtaken by the grant. */
async function both<Minted>(minting: Promise<Minted>, recording: Promise<void>): Promise<Minted> {
  await Promise.allSettled([minting, recording]);
  await recording;
  return minting;
}

/** The record of a repetition says which handle is alive: not before there is one, or the first answer's would be dead. */
async function inTurn<Minted>(mint: () => Promise<Minted>, record: () => Promise<void>): Promise<Minted> {
  const minted = await mint();
  await record();
  return minted;
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
  const { exp, sub, client_id, scope, lineage } = claims;
  const family = lineage.tokens?.[0]?.jti;
  return { exp, sub, clientId: client_id ?? requestingWorkload(claims), audience: name, scope, family };
}

interface Minted {
  readonly claims: IssuedClaims;
  readonly kind: IssuedKind;
  readonly request: TokenRequest;
  readonly now: number;
}

function tokenResponse(token: string, { claims, kind, request, now }: Minted): TokenResponse {
  return {
    access_token: token,
    issued_token_type: request.requestedTokenType,
    token_type: kind === 'transaction' ? 'N_A' : 'Bearer',
    // Of a repeated request's token some time has passed.
    expires_in: Math.max(0, claims.exp - now),
    ...(claims.scope !== undefined && { scope: claims.scope }),
  };
}
