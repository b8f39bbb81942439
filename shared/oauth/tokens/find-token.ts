// Finds what Cambio issued by what somebody presents: a JWT by its signature, a reference token by its handle. What cannot
// be found, or is no longer good by itself, is nothing (RFC 7662 §2.2, RFC 7009 §2.2). Pure but for the capabilities.
import type { Claims } from '../../policy/claims.ts';
import type { TrustedIssuer } from '../../policy/compiled-policy.ts';
import type { JsonObject } from '../../policy/json.ts';
import type { ExchangeCapabilities } from '../capabilities.ts';
import { parseJwt, TokenRefused } from '../jose/jwt.ts';
import { signingAlgorithms } from '../jose/keyring.ts';
import { readAudience, readRegisteredClaims } from '../jose/registered-claims.ts';
import { tokenTypes } from '../token-types.ts';
import { findOwnKey, selfIssuer } from '../verify/self-issuer.ts';
import { type VerifiedToken, verifyJwt } from '../verify/verify-token.ts';
import type { IssuedClaims } from './issued-token.ts';
import { hashOfHandle, isHandle } from './reference-handle.ts';

/** The claims under a handle's SHA-256 (hex), while the handle is alive. */
export type FindReference = (handleHash: string) => Promise<IssuedClaims | undefined>;

export type LookupCapabilities = Pick<ExchangeCapabilities, 'issuer' | 'policy' | 'readKeyring' | 'now'> & {
  readonly findReference: FindReference;
};

/**
 * The unexpired token of ours that is presented; revocation is not looked at.
 * @throws TokenRefused with the reason when it is none
 * @throws Refused `unavailable`
 */
export async function findOwnToken(presented: string, cambio: LookupCapabilities): Promise<VerifiedToken> {
  return isHandle(presented) ? findByHandle(presented, cambio) : verifyOwn(presented, cambio);
}

/**
 * As {@link findOwnToken}, also when the policy has its audience or algorithm no longer: those who verify it by themselves
 * may still take it, and so it can be revoked.
 */
export async function findIssuedToken(presented: string, cambio: LookupCapabilities): Promise<VerifiedToken> {
  if (isHandle(presented)) return findByHandle(presented, cambio);
  const { claims } = parseJwt(presented);
  return verifyOwn(presented, cambio, { audiences: readAudience(claims['aud']), algorithms: signingAlgorithms });
}

async function verifyOwn(
  compact: string,
  { issuer, policy, readKeyring, now }: LookupCapabilities,
  issued: Partial<TrustedIssuer> = {},
) {
  const declared =
    parseJwt(compact).header.typ === 'txntoken+jwt' ? tokenTypes.transactionToken : tokenTypes.accessToken;
  const self = { ...selfIssuer(issuer, policy), ...issued };
  const findKey = async (_issuer: unknown, wanted: { readonly alg: string; readonly kid: string | undefined }) =>
    findOwnKey(await readKeyring(), wanted);
  // Nobody else knows of ours.
  const checkUpstream = async () => 'inactive' as const;
  return verifyJwt(compact, declared, { issuers: [self], findKey, checkUpstream, now }, {});
}

async function findByHandle(presented: string, cambio: LookupCapabilities): Promise<VerifiedToken> {
  const found = await cambio.findReference(hashOfHandle(presented));
  if (!found) throw new TokenRefused('malformed', 'no such handle');
  const claims: Claims = found;
  const registered = readRegisteredClaims(claims as JsonObject);
  if (registered.exp <= cambio.now()) throw new TokenRefused('expired', 'exp has passed');
  return { issuer: selfIssuer(cambio.issuer, cambio.policy), registered, claims: claims as JsonObject, kid: undefined };
}
