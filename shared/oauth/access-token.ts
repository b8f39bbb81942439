// The claims of an issued access token (RFC 9068 §2.2, RFC 8693 §4) and its signing input (RFC 7515 §5.1). Pure.
import type { Claims } from '../policy/claims.ts';
import type { Audience, AudienceGrant } from '../policy/compiled-policy.ts';
import { fillTemplate } from '../policy/template.ts';
import { encodeBase64url } from './base64url.ts';
import { type Actor, issuedSubject } from './delegation.ts';
import { Refused } from './denial.ts';
import type { SigningKey } from './keyring.ts';
import type { VerifiedToken } from './verify-token.ts';

/** KMS signs at most this many bytes of a message, and a larger token would not pass its audience's proxies. */
const maxSigningInput = 4_096;

/** What policy can never write, whatever its file says (the compiler refuses it too). */
const reservedClaims: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'act', 'may_act', 'cnf', 'client_id', 'scope', 'txn', 'tenant'],
]);

/** Times are seconds since the epoch. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
  readonly client_id: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  readonly scope?: string;
  readonly act?: Actor;
  readonly [mapped: string]: unknown;
}

export interface Issuance {
  readonly issuer: string;
  readonly subject: VerifiedToken;
  readonly actors: Actor | undefined;
  readonly audience: Audience;
  readonly grant: AudienceGrant;
  readonly scopes: readonly string[];
  readonly jti: string;
  readonly now: number;
}

/**
 * Builds the claims. The token never outlives its subject token; `client_id` of a caller that did not authenticate is
 * its issuer's name. A mapped claim whose template has a missing part is left out.
 */
export function accessTokenClaims(issuance: Issuance): AccessTokenClaims {
  const { issuer, subject, actors, audience, grant, scopes, jti, now } = issuance;
  return {
    ...mappedClaims(grant, subject.claims),
    iss: issuer,
    sub: issuedSubject(subject),
    aud: audience.resource ?? audience.name,
    client_id: subject.issuer.name,
    iat: now,
    exp: Math.min(now + grant.ttl, subject.registered.exp),
    jti,
    ...(audience.scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(actors && { act: actors }),
  };
}

/**
 * The text a signature covers: `typ` says access token, so that no other kind of verifier takes it (RFC 9068 §2.1).
 * @throws Refused `signing_input` when it is over 4,096 bytes
 */
export function signingInput(claims: AccessTokenClaims, key: Pick<SigningKey, 'alg' | 'kid'>): string {
  const header = { alg: key.alg, typ: 'at+jwt', kid: key.kid };
  const input = `${encodeBase64url(JSON.stringify(header))}.${encodeBase64url(JSON.stringify(claims))}`;
  if (input.length > maxSigningInput) throw new Refused({ kind: 'signing_input', bytes: input.length });
  return input;
}

function mappedClaims(grant: AudienceGrant, claims: Claims): Record<string, unknown> {
  const mapped = Object.entries(grant.claims)
    .filter(([name]) => !reservedClaims.has(name))
    .map(([name, template]) => [name, fillTemplate(template, claims)] as const);
  return Object.fromEntries(mapped.filter(([, value]) => value !== undefined));
}
