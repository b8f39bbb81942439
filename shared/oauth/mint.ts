// Minting: what was granted becomes a signed JWT or the handle of a reference token. Pure but for the capabilities.
import { createHash } from 'node:crypto';
import { encodeBase64url } from './base64url.ts';
import type { ExchangeCapabilities } from './capabilities.ts';
import { Refused } from './denial.ts';
import { accessTokenClaims, type Issuance, type IssuedClaims, signingInput } from './issued-token.ts';
import { currentKey } from './keyring.ts';
import { transactionTokenClaims } from './transaction-token.ts';

export type IssuedKind = 'jwt' | 'reference' | 'transaction';

export interface Minting {
  readonly claims: IssuedClaims;
  /** Does the work; durable where the token needs a record of its own. */
  readonly token: () => Promise<string>;
}

type MintCapabilities = Pick<ExchangeCapabilities, 'readKeyring' | 'sign' | 'recordReference' | 'newHandle'>;

/**
 * Prepares a token; nothing leaves before {@link Minting.token} is called.
 * @throws Refused `token`, `signing_input` or `unavailable`
 */
export async function mint(kind: IssuedKind, issuance: Issuance, cambio: MintCapabilities): Promise<Minting> {
  const claims = kind === 'transaction' ? transactionTokenClaims(issuance) : accessTokenClaims(issuance);
  if (kind === 'reference') return { claims, token: () => mintReference(claims, cambio) };
  const { alg } = issuance.audience;
  const key = currentKey(await cambio.readKeyring(), alg) ?? noKey(alg);
  const input = signingInput(kind === 'transaction' ? 'txntoken+jwt' : 'at+jwt', claims, key);
  return { claims, token: async () => `${input}.${encodeBase64url(await cambio.sign(key, input))}` };
}

async function mintReference(claims: IssuedClaims, cambio: MintCapabilities): Promise<string> {
  const handle = encodeBase64url(cambio.newHandle());
  await cambio.recordReference({ handleHash: createHash('sha256').update(handle).digest('hex'), claims });
  return handle;
}

function noKey(alg: string): never {
  throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' }, { cause: new Error(`no current ${alg} key`) });
}
