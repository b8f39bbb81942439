// Is a presented token genuine? Issuer, key, signature, then audience, type and time (RFC 8693 §2.1, RFC 8725 §3). What a
// genuine token may get is policy's question. Pure but for the key look-up it is given.
import { hash } from 'node:crypto';
import type { TrustedIssuer, UpstreamIntrospection } from '../../policy/compiled-policy.ts';
import type { JsonObject } from '../../policy/json.ts';
import type { RegisteredClaims } from '../../policy/registered-claims.ts';
import { Refused, type TokenParameter, type TokenReason } from '../denial.ts';
import { type ParsedJwt, parseJwt, TokenRefused } from '../jose/jwt.ts';
import type { VerificationKey } from '../jose/key-set.ts';
import { readRegisteredClaims } from '../jose/registered-claims.ts';
import { verifiesJws, verifiesJwsAgain } from '../jose/signature.ts';
import type { PresentedToken } from '../request/token-request.ts';
import { tokenTypes } from '../token-types.ts';
import { findIssuer } from './find-issuer.ts';
import { selfName } from './self-issuer.ts';
import { type SingleUse, useOf } from './single-use.ts';

/** Finds an issuer's key; undefined when the issuer has no such key. Throws when the issuer cannot be asked. */
export type FindIssuerKey = (
  issuer: TrustedIssuer,
  wanted: { readonly alg: string; readonly kid: string | undefined },
) => Promise<VerificationKey | undefined>;

/** Asks the issuer whether a genuine token is still good (RFC 7662). Throws when it cannot be asked. */
export type CheckUpstream = (
  issuer: TrustedIssuer & { readonly introspection: UpstreamIntrospection },
  token: { readonly compact: string; readonly exp: number },
) => Promise<'active' | 'inactive'>;

export interface VerifiedToken {
  readonly issuer: TrustedIssuer;
  readonly registered: RegisteredClaims;
  readonly claims: JsonObject;
  /** Of the key that signed it. */
  readonly kid: string | undefined;
  /** Set where the issuer's tokens may be used once. */
  readonly use?: SingleUse;
}

/** Facts about a token that are known before it is verified or refused; for the decision, never for an answer. */
export interface TokenFacts {
  /** Policy name of the issuer it claims to be of. */
  issuer?: string;
  /** Whether a token was presented in this role at all. */
  presented?: boolean;
  /** Set once signature, audience, type and time are good: its issuer vouches for whoever holds it. */
  genuine?: true;
  /** Set once the signature verified: nothing else of a token is worth keeping. */
  verified?: { readonly issuer: TrustedIssuer; readonly claims: JsonObject };
  /** Of the whole token whose signature verified; hex. */
  sha256?: string;
}

export interface Verifier {
  readonly issuers: readonly TrustedIssuer[];
  readonly findKey: FindIssuerKey;
  readonly checkUpstream: CheckUpstream;
  /** Seconds since the epoch; asked once the key is there, which may take its time. */
  readonly now: () => number;
  /**
   * Whether a token of this issuer that expired within its `clockSkew` is let through. The caller has to check again, once it
   * knows which rule grants.
   */
  readonly mayBeLate?: (issuer: TrustedIssuer) => boolean;
}

/**
 * Verifies a subject or actor token; `facts` is filled as they become known.
 * @throws Refused `token` with the reason
 */
export async function verifyToken(
  presented: PresentedToken,
  verifier: Verifier,
  facts: TokenFacts,
): Promise<VerifiedToken> {
  return verifyJwt(presented.token, presented.type, verifier, facts).catch((error: unknown) => {
    throw asPresented(presented.parameter, error);
  });
}

/**
 * Checks a token in the role that `parameter` gives it.
 * @throws Refused `token` where the check throws TokenRefused
 */
export function inRole(parameter: TokenParameter, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw asPresented(parameter, error);
  }
}

/** What is wrong with a token is said of the role it is presented in; other errors go on as they are. */
function asPresented(parameter: TokenParameter, error: unknown): unknown {
  if (!(error instanceof TokenRefused)) return error;
  const { reason, message: detail } = error;
  return new Refused({ kind: 'token', parameter, reason, detail }, { cause: error });
}

/**
 * Verifies a JWT presented in any role.
 * @param declared the token type URN it is presented as
 * @throws TokenRefused
 */
export async function verifyJwt(
  compact: string,
  declared: string,
  verifier: Verifier,
  facts: TokenFacts,
): Promise<VerifiedToken> {
  return verifyParsed(parseJwt(compact), declared, verifier, facts);
}

/** As {@link verifyJwt}, for who has looked into it already. */
export async function verifyParsed(
  jwt: ParsedJwt,
  declared: string,
  verifier: Verifier,
  facts: TokenFacts,
): Promise<VerifiedToken> {
  const registered = readRegisteredClaims(jwt.claims);
  const issuer = findIssuer(verifier.issuers, registered) ?? refuse('issuer', 'iss names no trusted issuer');
  facts.issuer = issuer.name;
  await verifySignature(jwt, issuer, verifier.findKey);
  facts.verified = { issuer, claims: jwt.claims };
  facts.sha256 = hash('sha256', jwt.compact);
  checkAudience(registered, issuer);
  checkType(jwt, declared, issuer);
  checkTime(registered, issuer, verifier);
  facts.genuine = true;
  await checkIssuerStands(jwt, registered, issuer, verifier);
  const { claims } = jwt;
  return {
    issuer,
    registered,
    claims,
    kid: jwt.header.kid,
    ...(issuer.singleUse && { use: useOf(jwt, issuer, registered) }),
  };
}

/**
 * Verifies with a key of the issuer, in an algorithm the issuer is allowed.
 * @throws TokenRefused `algorithm`, `key` or `signature`
 */
export async function verifySignature(jwt: ParsedJwt, issuer: TrustedIssuer, findKey: FindIssuerKey): Promise<void> {
  const { alg, kid } = jwt.header;
  // RFC 8037's EdDSA is accepted where its fully-specified name is configured (RFC 9864).
  if (!(issuer.algorithms as readonly string[]).includes(alg === 'EdDSA' ? 'Ed25519' : alg)) {
    refuse('algorithm', 'alg is not among the issuer’s algorithms');
  }
  const found = await findKey(issuer, { alg, kid });
  if (!found) return refuse('key', 'no key of the issuer fits kid and alg');
  const verifies = issuer.name === selfName ? verifiesJwsAgain : verifiesJws;
  if (!verifies(jwt.compact, found.key, alg)) refuse('signature', 'signature does not verify');
}

/**
 * Every audience must be one the issuer's entry names: a token that another party may also receive can be replayed
 * by that party. `azp` naming us (OpenID Connect Core §2) says that we asked for it, and then the other audiences are accepted.
 */
function checkAudience({ aud, azp }: RegisteredClaims, issuer: TrustedIssuer): void {
  const ours = aud.filter((value) => issuer.audiences.includes(value));
  if (ours.length === 0) refuse('audience', 'aud names none of the issuer’s audiences');
  if (ours.length < aud.length && !(azp !== undefined && issuer.audiences.includes(azp))) {
    refuse('audience', 'aud names others beside us');
  }
}

// RFC 8725 §3.11–3.12: `typ` tells kinds of JWT apart; a proof, an assertion or an event is no subject.
function checkType({ header }: ParsedJwt, declared: string, issuer: TrustedIssuer): void {
  if (!issuer.tokenTypes.includes(declared)) refuse('type', 'the issuer’s tokens may not be declared so');
  if (!allowedTypes(declared, issuer).includes(header.typ)) refuse('type', 'typ does not fit the declared type');
}

function allowedTypes(declared: string, issuer: TrustedIssuer): readonly (string | undefined)[] {
  // RFC 9068 §4: our own tokens say what they are, and no JWT of ours may stand in for one of another kind.
  if (issuer.name === selfName) return [declared === tokenTypes.transactionToken ? 'txntoken+jwt' : 'at+jwt'];
  return declared === tokenTypes.accessToken ? [undefined, 'jwt', 'at+jwt'] : [undefined, 'jwt', 'jose'];
}

/** `clockSkew` forgives clocks that are ahead of ours. It forgives an expired token only where a rule lets tokens outlive it. */
function checkTime({ exp, nbf, iat }: RegisteredClaims, issuer: TrustedIssuer, verifier: Verifier): void {
  const { clockSkew, maxAge, maxLifetime } = issuer;
  const now = verifier.now();
  const isLate = exp <= now && exp + clockSkew > now;
  if (exp <= now && !(isLate && verifier.mayBeLate?.(issuer))) refuse('expired', 'exp has passed');
  if (nbf !== undefined && nbf > now + clockSkew) refuse('not_yet_valid', 'nbf is in the future');
  if (iat !== undefined && iat > now + clockSkew) refuse('not_yet_valid', 'iat is in the future');
  if (exp - (iat ?? now) > maxLifetime) refuse('too_old', 'exp - iat is over the issuer’s maxLifetime');
  if (maxAge !== undefined && now - (iat ?? 0) > maxAge) refuse('too_old', 'iat is older than the issuer’s maxAge');
}

/** Last, so that no issuer is asked about a token that is no good here anyway. */
async function checkIssuerStands(
  { compact }: ParsedJwt,
  { exp }: RegisteredClaims,
  issuer: TrustedIssuer,
  { checkUpstream }: Verifier,
): Promise<void> {
  const { introspection } = issuer;
  if (!introspection) return;
  const answer = await checkUpstream({ ...issuer, introspection }, { compact, exp });
  if (answer !== 'active') refuse('revoked', 'the issuer says that it is not active');
}

function refuse(reason: TokenReason, detail: string): never {
  throw new TokenRefused(reason, detail);
}
