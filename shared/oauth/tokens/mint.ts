// Minting: what was granted becomes a signed JWT or the handle of a reference token. Pure but for the capabilities.

import type { ExchangeCapabilities } from '../capabilities.ts';
import { encodeBase64url } from '../jose/base64url.ts';
import { signingInput, signingKey, signJwt } from '../jose/signed-jwt.ts';
import { chainOf, tooLong } from '../revocation/lineage.ts';
import { type Description, describeChain, maxDescriptions } from '../revocation/revocation.ts';
import { accessTokenClaims, type Issuance, type IssuedClaims } from './issued-token.ts';
import { hashOfHandle } from './reference-handle.ts';
import { transactionTokenClaims } from './transaction-token.ts';

export type IssuedKind = 'jwt' | 'reference' | 'transaction';

export interface Minting {
  readonly claims: IssuedClaims;
  /** All by which the token can be revoked. */
  readonly descriptions: readonly Description[];
  /** Of a reference token's handle; hex. */
  readonly handleHash?: string;
  /** Does the work; durable where the token needs a record of its own. */
  readonly token: () => Promise<string>;
}

type MintCapabilities = Pick<ExchangeCapabilities, 'readKeyring' | 'sign' | 'recordReference' | 'newHandle'>;

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
export async function mint({ kind, issuance, repeatable }: MintRequest, cambio: MintCapabilities): Promise<Minting> {
  if (kind === 'reference') return mintReference({ ...issuance, kid: undefined }, repeatable, cambio);
  const { alg } = issuance.audience;
  const key = await signingKey(alg, cambio);
  const signed = { ...issuance, kid: key.kid };
  const claims = kind === 'transaction' ? transactionTokenClaims(signed) : accessTokenClaims(signed);
  const descriptions = describe(claims, key.kid);
  const input = signingInput(kind === 'transaction' ? 'txntoken+jwt' : 'at+jwt', claims, key);
  return { claims, descriptions, token: () => signJwt(input, key, cambio) };
}

function mintReference(issuance: Issuance, repeatable: boolean, cambio: MintCapabilities): Minting {
  const claims = accessTokenClaims(issuance);
  const descriptions = describe(claims, undefined);
  const handle = encodeBase64url(cambio.newHandle());
  const handleHash = hashOfHandle(handle);
  const token = async (): Promise<string> => {
    await cambio.recordReference({ handleHash, claims, ...(repeatable && { repeatable }) });
    return handle;
  };
  return { claims, descriptions, handleHash, token };
}

/** A token whose whole descent one read cannot look up could outlive its revocation. */
function describe(claims: IssuedClaims, kid: string | undefined): readonly Description[] {
  const descriptions = describeChain(chainOf({ claims, kid }), claims.sub);
  const { length } = descriptions;
  if (length > maxDescriptions) throw tooLong(`${length} ways to revoke it, more than ${maxDescriptions}`);
  return descriptions;
}
