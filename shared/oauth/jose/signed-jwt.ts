// A JWT that Cambio signs: its signing input (RFC 7515 §5.1) and the current key for its purpose. Pure but for the capabilities.
import type { Claims } from '../../policy/claims.ts';
import type { KeyPurpose } from '../../policy/key-purposes.ts';
import { Refused } from '../denial.ts';
import { encodeBase64url } from './base64url.ts';
import { currentKey, type ReadKeyring, type Sign, type SigningKey } from './keyring.ts';

/** `typ` of each kind of JWT of ours: no verifier of one kind takes another (RFC 8725 §3.11). */
export type SignedType =
  | 'at+jwt'
  | 'txntoken+jwt'
  | 'token-introspection+jwt'
  | 'statuslist+jwt'
  | 'client-authentication+jwt'
  | 'JWT';

/** KMS signs at most this many bytes of a message, and a larger token would not pass its audience's proxies. */
const maxSigningInput = 4_096;

/**
 * The text a signature covers.
 * @throws Refused `signing_input` when it is over 4,096 bytes
 */
export function signingInput(typ: SignedType, claims: Claims, key: Pick<SigningKey, 'alg' | 'kid'>): string {
  const header = { alg: key.alg, typ, kid: key.kid };
  const input = `${encodeBase64url(JSON.stringify(header))}.${encodeBase64url(JSON.stringify(claims))}`;
  if (input.length > maxSigningInput) throw new Refused({ kind: 'signing_input', bytes: input.length });
  return input;
}

/**
 * The key that signs for this purpose now.
 * @throws Refused `unavailable` when the keyring has none, or cannot be read
 */
export async function signingKey(
  purpose: KeyPurpose,
  { readKeyring }: Pick<SigningCapabilities, 'readKeyring'>,
): Promise<SigningKey> {
  const key = currentKey(await readKeyring(), purpose);
  if (key) return key;
  const cause = new Error(`no current ${purpose.alg} key for ${purpose.use}`);
  throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' }, { cause });
}

/** What a JWT of ours is signed with. */
export interface SigningCapabilities {
  readonly readKeyring: ReadKeyring;
  readonly sign: Sign;
}

/** Signs; the input is one of {@link signingInput}, the key the one it was made for. */
export async function signJwt(
  input: string,
  key: SigningKey,
  { sign }: Pick<SigningCapabilities, 'sign'>,
): Promise<string> {
  return `${input}.${encodeBase64url(await sign(key, input))}`;
}

/**
 * Signs what `inputOf` makes for the key of this purpose. A key that was revoked a moment ago is disabled: where signing fails, the
 * keyring is read again, and its successor signs.
 * @throws Refused `signing_input` or `unavailable`
 */
export async function signFor(
  purpose: KeyPurpose,
  inputOf: (key: SigningKey) => string,
  capabilities: SigningCapabilities,
): Promise<string> {
  const key = await signingKey(purpose, capabilities);
  const input = inputOf(key);
  return signJwt(input, key, capabilities).catch(async (error: unknown) => {
    const successor = currentKey(await capabilities.readKeyring('again'), purpose);
    if (!successor || successor.kid === key.kid) throw error;
    return signJwt(inputOf(successor), successor, capabilities);
  });
}
