// Minting: what was granted becomes a signed JWT or the handle of a reference token. Pure but for the capabilities.
import { hash } from 'node:crypto';
import { encodeBase64url } from '../jose/base64url.ts';
import { type SigningCapabilities, signingInput, signingKey, signJwt } from '../jose/signed-jwt.ts';
import { chainOf, tooLong } from '../revocation/lineage.ts';
import { chainRevocableBy, maxRevocableBy, type RevocableBy } from '../revocation/revocation.ts';
import { actorsOf } from '../verify/delegation.ts';
import { accessTokenClaims, type Issuance, type IssuedClaims } from './issued-token.ts';
import { hashOfHandle, type NewHandle, type RecordReference } from './reference-handle.ts';
import { transactionTokenClaims } from './transaction-token.ts';

export type IssuedKind = 'jwt' | 'reference' | 'transaction';

export interface Minting {
  readonly claims: IssuedClaims;
  /** Everything by which the token can be revoked. */
  readonly parts: () => readonly RevocableBy[];
  /** Of a reference token's handle; hex. */
  readonly handleHash?: string;
  /** Of what a JWT's signature covers, or of the handle; hex. */
  readonly sha256: string;
  /** Does the work; durable where the token needs a record of its own. */
  readonly token: () => Promise<string>;
}

export interface MintCapabilities extends SigningCapabilities {
  readonly recordReference: RecordReference;
  readonly newHandle: NewHandle;
}

/** What is to be minted, before it is known which key signs. */
export interface MintRequest {
  readonly kind: IssuedKind;
  readonly issuance: Omit<Issuance, 'kid'>;
  /** The identical request may come again. */
  readonly repeatable: boolean;
}

/**
 * Prepares a token; nothing leaves before {@link Minting.token} is called.
 * @throws Refused `token`, `signing_input` or `unavailable`
 */
export async function mint(
  { kind, issuance, repeatable }: MintRequest,
  capabilities: MintCapabilities,
): Promise<Minting> {
  if (kind === 'reference') return mintReference({ ...issuance, kid: undefined }, repeatable, capabilities);
  const { alg } = issuance.audience;
  const key = await signingKey({ use: 'token', alg }, capabilities);
  const signed = { ...issuance, kid: key.kid };
  const claims = kind === 'transaction' ? transactionTokenClaims(signed) : accessTokenClaims(signed);
  const parts = partsOf(claims, key.kid);
  const input = signingInput(kind === 'transaction' ? 'txntoken+jwt' : 'at+jwt', claims, key);
  return { claims, parts, sha256: hash('sha256', input), token: () => signJwt(input, key, capabilities) };
}

function mintReference(issuance: Issuance, repeatable: boolean, capabilities: MintCapabilities): Minting {
  const claims = accessTokenClaims(issuance);
  const parts = partsOf(claims, undefined);
  const handle = encodeBase64url(capabilities.newHandle());
  const handleHash = hashOfHandle(handle);
  const token = async (): Promise<string> => {
    await capabilities.recordReference({ handleHash, claims, ...(repeatable && { repeatable }) });
    return handle;
  };
  return { claims, parts, handleHash, sha256: handleHash, token };
}

/**
 * A token whose whole lineage does not fit one read could outlive its revocation. Of one that was exchanged from a foreign token,
 * without others who took part, there are never as many: eight, and three for each of its actors.
 */
function partsOf(claims: IssuedClaims, kid: string | undefined): Minting['parts'] {
  const parts = () => chainRevocableBy(chainOf({ claims, kid }), claims.sub, actorsOf(claims.act));
  const { tokens, participants } = claims.lineage;
  const { length } = tokens || participants ? parts() : [];
  if (length > maxRevocableBy) throw tooLong(`${length} ways to revoke it, more than ${maxRevocableBy}`);
  return parts;
}
