// Issues the token that was granted: it is minted and recorded side by side, and answered when both are done (RFC 8693 §2.2.1).
// Pure but for the capabilities it is given.
import type { Audience, CompiledPolicy } from '../policy/compiled-policy.ts';
import { type DecisionFacts, endDecision } from './decision/decision.ts';
import type { DecisionRecord, IssuedFacts, RecordDecision } from './decision/decision-record.ts';
import { Refused } from './denial.ts';
import type { Granted, VerifiedRequest } from './grant.ts';
import type { TokenRequest } from './request/token-request.ts';
import { assertedBy } from './revocation/lineage.ts';
import { requestingWorkload } from './revocation/requesting-workload.ts';
import { tokenTypes } from './token-types.ts';
import { accessTokenType, type IssuedClaims } from './tokens/issued-token.ts';
import { type IssuedKind, type MintCapabilities, mint } from './tokens/mint.ts';
import type { UsePurpose } from './verify/single-use.ts';

/** A successful answer. @see [RFC 8693 §2.2.1](https://www.rfc-editor.org/rfc/rfc8693.html#section-2.2.1) */
export interface TokenResponse {
  readonly access_token: string;
  readonly issued_token_type: string;
  /** `N_A` for what is no access token. */
  readonly token_type: 'Bearer' | 'DPoP' | 'N_A';
  readonly expires_in: number;
  readonly scope?: string;
}

/** What keeps a grant. */
export interface GrantKeeping {
  readonly policy: Pick<CompiledPolicy, 'hash' | 'issuers'>;
  readonly recordDecision: RecordDecision;
  /** Seconds a decision is kept. */
  readonly decisionRetention: number;
}

type IssueCapabilities = GrantKeeping & MintCapabilities & { readonly issuer: string };

export interface AdmittedRequest extends VerifiedRequest {
  readonly granted: Granted;
  /** `jti`, time, status and assertion of the token: those of the first of identical requests. */
  readonly purpose: UsePurpose;
  /** Whether this is the identical request again. */
  readonly again: boolean;
}

/**
 * Issues the token.
 * @throws Refused
 */
export async function issue(
  admitted: AdmittedRequest,
  capabilities: IssueCapabilities,
  decision: DecisionFacts,
): Promise<TokenResponse> {
  const { request, caller, parties, granted, now, purpose } = admitted;
  const kind = issuedKind(request, granted.audience);
  const client = caller?.client.name;
  const issuance = {
    ...granted,
    ...parties,
    client,
    asserted: purpose.asserted ?? (caller?.token && assertedBy(caller.token)),
    issuer: capabilities.issuer,
    jti: purpose.jti,
    now: purpose.at,
    status: purpose.status,
    transaction: request.transaction,
  };
  const repeatable = repetitionOf(admitted) !== undefined;
  const { claims, handleHash, sha256, parts, token } = await mint({ kind, issuance, repeatable }, capabilities);
  const issued = issuedFacts(claims, granted.audience);
  const record = recordOfGrant(admitted, { issued, decision }, capabilities);
  const written = {
    ...record,
    sha256: { ...record.sha256, issued: sha256 },
    ...(repeatable && { handleHash }),
    ...(purpose.status && { status: { ...purpose.status, revocableBy: parts() } }),
  };
  const signed = () => decision.watch('mint')(token());
  const recorded = () => decision.watch('record')(capabilities.recordDecision(written));
  const minted = await (admitted.again ? inTurn(signed, recorded) : both(signed(), recorded()));
  conclude(decision, issued, written);
  return tokenResponse(minted, { claims, kind, request, now });
}

/** The record of a grant: under the id of the first of identical requests, whose token it is. */
export function recordOfGrant(
  admitted: Pick<AdmittedRequest, 'parties' | 'again' | 'now' | 'purpose'>,
  { issued, decision }: { readonly issued: IssuedFacts; readonly decision: DecisionFacts },
  { decisionRetention: retention, policy }: GrantKeeping,
): DecisionRecord {
  const { now, purpose } = admitted;
  const keeping = { now, retention, policyHash: policy.hash };
  const record = endDecision({ ...decision, decisionId: purpose.jti }, { outcome: 'granted', issued }, keeping);
  return { ...record, ...repetitionOf(admitted) };
}

/** Once it is durable: a repetition ends as the decision it repeats. */
export function conclude(decision: DecisionFacts, issued: IssuedFacts, recorded: DecisionRecord): void {
  decision.issued = issued;
  decision.recorded = recorded;
  decision.decisionId = recorded.decisionId;
}

/** Whether the identical request may come again, or did: where subject or actor may be used once. */
function repetitionOf({ parties: { subject, actor }, again }: Pick<AdmittedRequest, 'parties' | 'again'>) {
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
    token_type: kind === 'transaction' ? 'N_A' : accessTokenType(claims),
    // Of a repeated request's token some time has passed.
    expires_in: Math.max(0, claims.exp - now),
    ...(claims.scope !== undefined && { scope: claims.scope }),
  };
}
