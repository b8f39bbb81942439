// JWTs that Cambio signs beside the tokens it issues (RFC 7515 §5.1). Pure but for the capabilities.
import type { JwsAlgorithm } from '../policy/compiled-policy.ts';
import { encodeBase64url } from './base64url.ts';
import type { ExchangeCapabilities } from './capabilities.ts';
import { Refused } from './denial.ts';
import { currentKey } from './keyring.ts';

export interface JwtToSign {
  /** Says what kind it is, so that nothing else takes it (RFC 8725 §3.11). */
  readonly typ: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Of these the first that the keyring has a key for. */
  readonly algorithms: readonly JwsAlgorithm[];
}

export type SigningCapabilities = Pick<ExchangeCapabilities, 'readKeyring' | 'sign'>;

/** @throws Refused `unavailable`, also when the keyring has no key */
export async function signJwt({ typ, claims, algorithms }: JwtToSign, cambio: SigningCapabilities): Promise<string> {
  const keyring = await cambio.readKeyring();
  const [key] = algorithms.flatMap((alg) => currentKey(keyring, alg) ?? []);
  if (!key) throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' }, { cause: new Error('no current key') });
  const header = { alg: key.alg, typ, kid: key.kid };
  const input = `${encodeBase64url(JSON.stringify(header))}.${encodeBase64url(JSON.stringify(claims))}`;
  return `${input}.${encodeBase64url(await cambio.sign(key, input))}`;
}
