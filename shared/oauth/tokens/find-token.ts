// Finds a token that Cambio issued from what a caller presents: a JWT by its signature, a reference token by its handle. One that
// cannot be found, or has expired, is treated as no token (RFC 7662 §2.2, RFC 7009 §2.2). Pure but for the capabilities.
import type { Claims } from '../../policy/claims.ts';
import type { CompiledPolicy, TrustedIssuer } from '../../policy/compiled-policy.ts';
import type { JsonObject } from '../../policy/json.ts';
import { type ParsedJwt, parseJwt, TokenRefused } from '../jose/jwt.ts';
import { type ReadKeyring, signingAlgorithms } from '../jose/keyring.ts';
import { readAudience, readRegisteredClaims } from '../jose/registered-claims.ts';
import { tokenTypes } from '../token-types.ts';
import { findOwnKey, selfIssuer } from '../verify/self-issuer.ts';
import { type VerifiedToken, verifyParsed } from '../verify/verify-token.ts';
import { type FindReference, hashOfHandle, isHandle } from './reference-handle.ts';

export interface LookupCapabilities {
  readonly issuer: string;
  readonly policy: CompiledPolicy;
  readonly readKeyring: ReadKeyring;
  readonly findReference: FindReference;
  /** Seconds since the epoch. */
  readonly now: () => number;
}

/**
 * The unexpired token of ours that is presented; revocation is not looked at.
 * @throws TokenRefused with the reason when it is none
 * @throws Refused `unavailable`
 */
export async function findOwnToken(presented: string, capabilities: LookupCapabilities): Promise<VerifiedToken> {
  return isHandle(presented) ? findByHandle(presented, capabilities) : verifyOwn(parseJwt(presented), capabilities);
}

/**
 * As {@link findOwnToken}, also when the policy no longer has its audience or algorithm. Resource servers that verify tokens by
 * themselves may still take it, so it must be possible to revoke it.
 */
export async function findIssuedToken(presented: string, capabilities: LookupCapabilities): Promise<VerifiedToken> {
  if (isHandle(presented)) return findByHandle(presented, capabilities);
  const jwt = parseJwt(presented);
  return verifyOwn(jwt, capabilities, { audiences: readAudience(jwt.claims['aud']), algorithms: signingAlgorithms });
}

async function verifyOwn(
  jwt: ParsedJwt,
  { issuer, policy, readKeyring, now }: LookupCapabilities,
  issued: Partial<TrustedIssuer> = {},
) {
  const declared = jwt.header.typ === 'txntoken+jwt' ? tokenTypes.transactionToken : tokenTypes.accessToken;
  const self = { ...selfIssuer(issuer, policy), ...issued };
  const findKey = async (_issuer: unknown, wanted: { readonly alg: string; readonly kid: string | undefined }) =>
    findOwnKey(await readKeyring(), wanted);
  // No other issuer knows our tokens.
  const checkUpstream = async () => 'inactive' as const;
  return verifyParsed(jwt, declared, { issuers: [self], findKey, checkUpstream, now }, {});
}

async function findByHandle(presented: string, capabilities: LookupCapabilities): Promise<VerifiedToken> {
  const found = await capabilities.findReference(hashOfHandle(presented));
  if (!found) throw new TokenRefused('malformed', 'no such handle');
  const claims: Claims = found;
  const registered = readRegisteredClaims(claims as JsonObject);
  if (registered.exp <= capabilities.now()) throw new TokenRefused('expired', 'exp has passed');
  return {
    issuer: selfIssuer(capabilities.issuer, capabilities.policy),
    registered,
    claims: claims as JsonObject,
    kid: undefined,
  };
}
