// Names of sealed keys: which KMS key sealed them, and what their ciphertext is bound to. Pure.
import { type SigningKey, useOf } from '../../oauth/jose/keyring.ts';

/** What a ciphertext is bound to: whoever decrypts it has to say for what, and IAM allows it for that alone. */
export type EncryptionContext = Readonly<{ use: string; kid: string }>;

/** @throws Error named as KMS names what is wrong, or of a call without an answer */
export type Decrypt = (
  keyId: string,
  ciphertext: Uint8Array,
  context: EncryptionContext,
) => Promise<Uint8Array | undefined>;

export type SealedKey = SigningKey & { readonly sealed: string };

export function contextOf({ kid }: Pick<SigningKey, 'kid'>): EncryptionContext {
  return { use: useOf({ kid }), kid };
}

/** A keyring knows a key by its id, and one KMS key seals many. */
export const sealedKeyId = (wrappingKey: string, thumbprint: string): string => `${wrappingKey}#${thumbprint}`;

export const wrappingKeyOf = (keyId: string): string => keyId.replace(/#.*$/, '');
