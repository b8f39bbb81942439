// The claims of issued tokens (RFC 9068 §2.2, RFC 8693 §4). Pure.
import { type Claims, isClaims } from '../../policy/claims.ts';
import type { AllowRule, Audience, AudienceGrant } from '../../policy/compiled-policy.ts';
import { fillTemplate } from '../../policy/template.ts';
import type { TransactionContext } from '../request/transaction-context.ts';
import { type Lineage, lineageAfter, type Participant, participantsOf } from '../revocation/lineage.ts';
import { listUri, type StatusReference } from '../status-list/status-list-id.ts';
import { type Actor, delegate, issuedSubject } from '../verify/delegation.ts';
import { tenantOfToken } from '../verify/policy-claims.ts';
import type { Confirmation } from '../verify/possession.ts';
import { audienceClaim } from '../verify/self-issuer.ts';
import type { Asserted } from '../verify/single-use.ts';
import type { VerifiedToken } from '../verify/verify-token.ts';

/** What policy can never write, whatever its file says (the compiler refuses it too). */
const reservedClaims: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'act', 'may_act', 'cnf', 'client_id', 'scope', 'txn', 'tenant'],
  ...['lineage', 'req_wl', 'tctx', 'rctx', 'status'],
]);

/** Times are seconds since the epoch. */
export interface IssuedClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  /** The authenticated client, or the issuer's name for callers that did not authenticate. */
  readonly client_id?: string;
  readonly scope?: string;
  readonly act?: Actor;
  /** Whose subject it is, of a tenant's. */
  readonly tenant?: string;
  readonly cnf?: Confirmation;
  readonly lineage: Lineage;
  readonly [mapped: string]: unknown;
}

export interface Issuance {
  readonly issuer: string;
  readonly subject: VerifiedToken;
  readonly actor: VerifiedToken | undefined;
  readonly client: string | undefined;
  /** Of a federated client: the token it authenticated with; of a repeated request, the first time. */
  readonly asserted?: Asserted | undefined;
  readonly audience: Audience;
  readonly rule: Pick<AllowRule, 'grant' | 'maxDepth' | 'outlive'>;
  readonly scopes: readonly string[];
  readonly confirmation?: Confirmation | undefined;
  /** Of a transaction token. */
  readonly transaction?: TransactionContext | undefined;
  readonly jti: string;
  /** Of the key that will sign; undefined for reference tokens. */
  readonly kid: string | undefined;
  readonly now: number;
  readonly status?: StatusReference | undefined;
}

/**
 * The claims of an access token. It never outlives its subject token unless the rule says so; a mapped claim whose
 * template has a missing part is left out.
 * @throws Refused `token` when the chain of actors or of exchanges is too long
 */
export function accessTokenClaims(issuance: Issuance): IssuedClaims {
  const { issuer, subject, audience, rule, scopes, jti, now } = issuance;
  const tenant = tenantOfToken(subject);
  const act = delegate(subject, issuance.actor, rule.maxDepth);
  return {
    ...mappedClaims(rule.grant, subject.claims),
    iss: issuer,
    sub: issuedSubject(subject),
    aud: audienceClaim(audience),
    client_id: issuance.client ?? subject.issuer.name,
    iat: now,
    exp: expiry(issuance),
    jti,
    ...(audience.scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(act && { act }),
    ...(tenant !== '' && { tenant }),
    ...(issuance.confirmation && { cnf: issuance.confirmation }),
    lineage: lineageAfter(subject, presentIn(issuance), issuance.kid),
    ...(issuance.status && statusClaim(issuer, issuance.status)),
  };
}

/** How an access token is presented: with a proof of the key it is bound to, or as it is (RFC 9449 §5). */
export function accessTokenType({ cnf }: Claims): 'Bearer' | 'DPoP' {
  return isClaims(cnf) && cnf['jkt'] !== undefined ? 'DPoP' : 'Bearer';
}

/**
 * Where its status is.
 * @see draft-ietf-oauth-status-list §6.2
 */
function statusClaim(issuer: string, { list, index }: StatusReference) {
  return { status: { status_list: { idx: index, uri: listUri(issuer, list) } } };
}

function presentIn({ actor, asserted }: Issuance): readonly Participant[] {
  return [...(actor ? participantsOf(actor) : []), ...(asserted ? [asserted] : [])];
}

function expiry({ subject, rule, now }: Issuance): number {
  const latest = now + rule.grant.ttl;
  return rule.outlive ? latest : Math.min(latest, subject.registered.exp);
}

function mappedClaims(grant: AudienceGrant, claims: Claims): Record<string, unknown> {
  const mapped = Object.entries(grant.claims)
    .filter(([name]) => !reservedClaims.has(name))
    .map(([name, template]) => [name, fillTemplate(template, claims)] as const);
  return Object.fromEntries(mapped.filter(([, value]) => value !== undefined));
}
