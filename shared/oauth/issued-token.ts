// The claims of issued tokens (RFC 9068 §2.2, RFC 8693 §4, draft-ietf-oauth-transaction-tokens) and the signing input
// (RFC 7515 §5.1). Pure.
import type { Claims } from '../policy/claims.ts';
import type { AllowRule, Audience, AudienceGrant } from '../policy/compiled-policy.ts';
import { fillTemplate } from '../policy/template.ts';
import { encodeBase64url } from './base64url.ts';
import { type Actor, delegate, issuedSubject } from './delegation.ts';
import { Refused } from './denial.ts';
import type { SigningKey } from './keyring.ts';
import { audienceClaim, selfName } from './own-tokens.ts';
import type { VerifiedToken } from './verify-token.ts';

/** KMS signs at most this many bytes of a message, and a larger token would not pass its audience's proxies. */
const maxSigningInput = 4_096;
/** Most exchanges between a token and the foreign token it came from. */
const maxLineage = 16;

/** What policy can never write, whatever its file says (the compiler refuses it too). */
const reservedClaims: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'act', 'may_act', 'cnf', 'client_id', 'scope', 'txn', 'tenant'],
  ...['lineage', 'req_wl'],
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
  /** `jti` of the tokens of ours it was exchanged from, the first one first. */
  readonly lineage?: readonly string[];
  readonly [mapped: string]: unknown;
}

export interface Issuance {
  readonly issuer: string;
  readonly subject: VerifiedToken;
  readonly actor: VerifiedToken | undefined;
  readonly client: string | undefined;
  readonly audience: Audience;
  readonly rule: Pick<AllowRule, 'grant' | 'maxDepth' | 'outlive'>;
  readonly scopes: readonly string[];
  readonly jti: string;
  readonly now: number;
}

/**
 * The claims of an access token. It never outlives its subject token unless the rule says so; a mapped claim whose
 * template has a missing part is left out.
 * @throws Refused `token` when the chain of actors or of exchanges is too long
 */
export function accessTokenClaims(issuance: Issuance): IssuedClaims {
  const { issuer, subject, audience, rule, scopes, jti, now } = issuance;
  const act = delegate(subject, issuance.actor, rule.maxDepth);
  const lineage = lineageOf(subject);
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
    ...(lineage.length > 0 && { lineage }),
  };
}

/**
 * The claims of a transaction token: for the audience as trust domain, with `txn` naming the transaction and `req_wl`
 * the workload that asked.
 * @throws as {@link accessTokenClaims}
 */
export function transactionTokenClaims(issuance: Issuance): IssuedClaims {
  const { client_id, ...claims } = accessTokenClaims(issuance);
  return { ...claims, txn: issuance.jti, req_wl: client_id };
}

/**
 * The text a signature covers: `typ` says which kind of token it is, so that no other kind of verifier takes it
 * (RFC 9068 §2.1).
 * @throws Refused `signing_input` when it is over 4,096 bytes
 */
export function signingInput(
  typ: 'at+jwt' | 'txntoken+jwt' | 'JWT',
  claims: object,
  key: Pick<SigningKey, 'alg' | 'kid'>,
): string {
  const header = { alg: key.alg, typ, kid: key.kid };
  const input = `${encodeBase64url(JSON.stringify(header))}.${encodeBase64url(JSON.stringify(claims))}`;
  if (input.length > maxSigningInput) throw new Refused({ kind: 'signing_input', bytes: input.length });
  return input;
}

function expiry({ subject, rule, now }: Issuance): number {
  const latest = now + rule.grant.ttl;
  return rule.outlive ? latest : Math.min(latest, subject.registered.exp);
}

// In the token, so that its ancestors are known wherever it is presented, without a look-up.
function lineageOf({ issuer, registered, claims }: VerifiedToken): readonly string[] {
  if (issuer.name !== selfName || registered.jti === undefined) return [];
  const earlier = (claims['lineage'] ?? []) as readonly string[];
  if (earlier.length + 2 > maxLineage) {
    const detail = `more than ${maxLineage} exchanges`;
    throw new Refused({ kind: 'token', parameter: 'subject_token', reason: 'depth', detail });
  }
  return [...earlier, registered.jti];
}

function mappedClaims(grant: AudienceGrant, claims: Claims): Record<string, unknown> {
  const mapped = Object.entries(grant.claims)
    .filter(([name]) => !reservedClaims.has(name))
    .map(([name, template]) => [name, fillTemplate(template, claims)] as const);
  return Object.fromEntries(mapped.filter(([, value]) => value !== undefined));
}
