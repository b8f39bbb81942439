// What is kept of a decision, and with it of the token it issued: one item, small whatever the request was. Pure.
import type { Claims } from '../../policy/claims.ts';
import type { EvaluatedRule } from '../../policy/evaluate.ts';
import { type ClaimCatalogue, type RecordedClaims, recordClaims, sizeOf } from '../../policy/recorded-claims.ts';
import type { TagProblem } from '../../policy/session-tags.ts';
import type { Reason } from '../denial.ts';
import type { RevocableBy } from '../revocation/revocation.ts';
import type { StatusReference } from '../status-list/status-list-id.ts';
import { policyIssuer } from '../verify/policy-claims.ts';
import { selfName } from '../verify/self-issuer.ts';
import { hidesSubject, type KeptToken, keptText } from './kept-subject.ts';
import { type RecordedRules, recordRules } from './recorded-rules.ts';

/** What a role session leaves behind; never a credential, nor the value of a tag. */
export interface SessionFacts {
  readonly roleArn: string;
  readonly name: string;
  readonly durationSeconds: number;
  /** Keys. */
  readonly tags: readonly string[];
  readonly dropped: readonly TagProblem[];
  /** Percent, as STS answers it. */
  readonly packedPolicySize: number | undefined;
}

/** What an issued token leaves behind; never the token. Its `jti` is the decision's id. Times are epoch seconds. */
export interface IssuedFacts {
  readonly exp: number;
  /** In issued form; in a record its hash, where it shows what is private. */
  readonly sub: string;
  readonly clientId: string;
  /** Name of the audience, or of the role. */
  readonly audience: string;
  readonly scope: string | undefined;
  /** `jti` of the first token of ours in its tree, where that is another. */
  readonly family?: string | undefined;
  /** Of AWS credentials. */
  readonly session?: SessionFacts;
}

/** The request in the caller's own words. */
export interface RequestFacts {
  readonly audiences: readonly string[];
  readonly resources: readonly string[];
  readonly scope: readonly string[] | undefined;
  readonly requestedTokenType?: string;
  /** Name of the authenticated client; absent for anonymous callers. */
  readonly client?: string | undefined;
}

/** A token of the request: the issuer's name once known, issuer and claims once the signature verified, never before. */
interface TokenToRecord {
  readonly issuer?: string | undefined;
  readonly verified?: KeptToken | undefined;
  readonly sha256?: string | undefined;
}

export type Ending =
  /** What was issued; or why a token that was looked up is not active, when it is not. */
  | { readonly outcome: 'granted'; readonly issued?: IssuedFacts | undefined; readonly inactive?: Reason | undefined }
  | {
      readonly outcome: 'refused';
      readonly error: string;
      readonly reason: Reason | undefined;
      /** What of a role session could not be made, or what STS said of it. */
      readonly detail?: string;
    };

export interface DecisionInput {
  readonly decisionId: string;
  /** Random, one for each request: the request alone may write its decision again. */
  readonly attempt: string;
  /** By which the caller knows the request: 32 hexadecimal digits. */
  readonly correlation?: string | undefined;
  /** Epoch seconds. */
  readonly at: number;
  /** Seconds a decision is kept. */
  readonly retention: number;
  readonly policyHash: string;
  readonly ending: Ending;
  readonly request?: RequestFacts | undefined;
  readonly subject?: TokenToRecord | undefined;
  readonly actor?: TokenToRecord | undefined;
  /** Id of the rule that decided. */
  readonly rule?: string | undefined;
  readonly rules?: readonly EvaluatedRule[] | undefined;
  /** How many more were tried. */
  readonly untraced?: number | undefined;
}

export interface TokenRecord extends RecordedClaims {
  readonly issuer: string;
  readonly sub?: string;
  readonly jti?: string;
}

/** Of tokens, hex: whoever finds one can tell that it is this. */
export interface TokenHashes {
  /** Of the subject token. */
  readonly subject?: string | undefined;
  /** Of what a JWT's signature covers, for the record is written beside the signature; of a reference token's handle. */
  readonly issued?: string | undefined;
}

export interface DecisionRecord {
  readonly decisionId: string;
  readonly attempt: string;
  readonly correlation?: string | undefined;
  readonly sha256?: TokenHashes;
  readonly at: number;
  /** Epoch seconds; afterwards it is not there, whether or not it was deleted already. */
  readonly expiresAt: number;
  readonly policyHash: string;
  readonly ending: Ending;
  readonly rule: string | undefined;
  readonly trace: RecordedRules;
  readonly request: (RequestFacts & { readonly truncated?: true }) | undefined;
  readonly subject: TokenRecord | undefined;
  readonly actor: TokenRecord | undefined;
  /** Of grants for a single-use token: whether the identical request came before. */
  readonly repetition?: 'first' | 'again';
  /** Of the one handle that is alive, where the identical request may get another; hex. */
  readonly handleHash?: string | undefined;
  /** Of grants whose token is in a Status List: where, and by what it can be revoked. */
  readonly status?: StatusReference & { readonly revocableBy: readonly RevocableBy[] };
}

/** Durable when it returns. Throws Refused `unavailable`. */
export type RecordDecision = (record: DecisionRecord) => Promise<void>;

/** Bytes of JSON that the claims of subject and actor may take together. */
export const maxClaimBytes = 4_096;
/** Seconds a record outlives its token at least, so that a late clock still finds it. */
const keepAfterExpiry = 300;
const maxRequestBytes = 2_048;

/** Makes the record of a decision that is final. */
export function decisionRecord(input: DecisionInput): DecisionRecord {
  const { decisionId, attempt, correlation, at, retention, policyHash, ending, rule } = input;
  const sha256 = input.subject?.sha256;
  const actor = recordToken(input.actor, decisionId, maxClaimBytes / 2);
  const subject = recordToken(input.subject, decisionId, maxClaimBytes - (actor ? sizeOf(actor) : 0));
  const trace = recordRules(input.rules ?? [], rule, catalogues(input));
  const exp = (ending.outcome === 'granted' && ending.issued?.exp) || 0;
  return {
    decisionId,
    attempt,
    ...(correlation !== undefined && { correlation }),
    ...(sha256 !== undefined && { sha256: { subject: sha256 } }),
    at,
    expiresAt: Math.max(at + retention, exp + keepAfterExpiry),
    policyHash,
    ending: keepEnding(ending, input.subject?.verified, decisionId),
    rule,
    trace: { ...trace, omitted: trace.omitted + (input.untraced ?? 0) },
    request: input.request && recordRequest(input.request),
    subject,
    actor,
  };
}

/** Of what was issued, what is made of the subject. */
function keepEnding(ending: Ending, token: KeptToken | undefined, salt: string): Ending {
  if (ending.outcome !== 'granted' || !ending.issued || !token) return ending;
  const { sub, session, ...issued } = ending.issued;
  const kept = { ...issued, sub: keptText(sub, { token, salt }) };
  if (!session) return { ...ending, issued: kept };
  return { ...ending, issued: { ...kept, session: { ...session, name: keptText(session.name, { token, salt }) } } };
}

function catalogues({ subject, actor, decisionId }: DecisionInput) {
  const of = (token: TokenToRecord | undefined) => token?.verified && catalogueOf(token.verified);
  return { salt: decisionId, subject: of(subject), actor: of(actor) };
}

/** What is kept of a token, and how; of our own also whether its subject may be shown. */
function catalogueOf(token: KeptToken): ClaimCatalogue {
  const { issuer } = token;
  if (issuer.name !== selfName) return issuer;
  return {
    name: selfName,
    claims: ownClaims,
    private: [...(issuer.private ?? []), ...(hidesSubject(token) ? ['sub'] : [])],
  };
}

/** Of our own tokens: claims that a rule mapped may come from what is private to their issuer. */
const ownClaims = Object.fromEntries(
  [...['iss', 'sub', 'aud', 'exp', 'iat', 'jti'], ...['client_id', 'scope', 'act', 'tenant', 'txn']].map((name) => [
    name,
    'string',
  ]),
) as Readonly<Record<string, 'string'>>;

function recordToken(token: TokenToRecord | undefined, salt: string, budget: number): TokenRecord | undefined {
  if (!token?.verified) return token?.issuer === undefined ? undefined : { issuer: token.issuer, ...nothing };
  const { issuer, claims } = token.verified;
  const recorded = recordClaims(claims, catalogueOf(token.verified), salt, budget);
  const { sub, jti } = recorded.claims;
  return {
    issuer: policyIssuer(token.verified),
    ...(typeof sub === 'string' && { sub }),
    ...(typeof jti === 'string' && { jti }),
    ...(issuer.name === selfName ? withoutMapped(recorded, claims) : recorded),
  };
}

function withoutMapped(recorded: RecordedClaims, claims: Claims): RecordedClaims {
  const mapped = Object.keys(claims).some((name) => !Object.hasOwn(ownClaims, name));
  return mapped ? { ...recorded, omitted: [...recorded.omitted, '*'] } : recorded;
}

const nothing: RecordedClaims = { claims: {}, hashed: {}, omitted: [] };

/** Targets and scopes that no policy could hold are the caller's noise: they are cut, and the record says so. */
function recordRequest(request: RequestFacts): RequestFacts & { readonly truncated?: true } {
  if (Buffer.byteLength(JSON.stringify(request)) <= maxRequestBytes) return request;
  const short = (values: readonly string[]) => values.slice(0, 4).map((value) => value.slice(0, 64));
  const { audiences, resources, scope, ...rest } = request;
  const cut = { audiences: short(audiences), resources: short(resources), scope: scope && short(scope) };
  return { ...rest, ...cut, truncated: true };
}
