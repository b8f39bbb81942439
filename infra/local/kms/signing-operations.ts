// KMS operations that use a key: Sign, Verify, GetPublicKey. Pure but for the store.

import { createPublicKey } from 'node:crypto';
import { dryRun, invalidGrantToken, invalidSignature } from './errors.ts';
import { type Kms, keyArn, requireEnabled, resolveKey } from './identifiers.ts';
import type { KmsKey } from './keys.ts';
import { checkMessage, type MessageToSign, signingAlgorithms, signMessage, verifyMessage } from './signatures.ts';

interface KeyUse {
  readonly KeyId: string;
  readonly GrantTokens?: readonly string[];
}

interface SignInput extends KeyUse {
  readonly Message: string;
  readonly MessageType?: string;
  readonly SigningAlgorithm: string;
  readonly DryRun?: boolean;
}

export async function signOperation(kms: Kms, input: SignInput) {
  const { key, message } = checkedMessage(kms, input);
  const signature = await signMessage(key, message);
  return answer(kms, key, { Signature: signature.toString('base64'), SigningAlgorithm: input.SigningAlgorithm });
}

export function verifyOperation(kms: Kms, input: SignInput & { readonly Signature: string }) {
  const { key, message } = checkedMessage(kms, input);
  if (!verifyMessage(key, message, Buffer.from(input.Signature, 'base64'))) throw invalidSignature();
  return answer(kms, key, { SignatureValid: true, SigningAlgorithm: input.SigningAlgorithm });
}

export function getPublicKey(kms: Kms, input: KeyUse) {
  const key = usableKey(kms, input);
  const publicKey = createPublicKey(key.privateKey).export({ format: 'der', type: 'spki' });
  return answer(kms, key, {
    PublicKey: publicKey.toString('base64'),
    CustomerMasterKeySpec: key.keySpec,
    KeySpec: key.keySpec,
    KeyUsage: 'SIGN_VERIFY',
    SigningAlgorithms: signingAlgorithms[key.keySpec],
  });
}

/** DryRun answers after every check and before the work, as an error even when all is well. */
function checkedMessage(kms: Kms, input: SignInput): { readonly key: KmsKey; readonly message: MessageToSign } {
  const key = usableKey(kms, input);
  const message = {
    message: Buffer.from(input.Message, 'base64'),
    messageType: input.MessageType,
    algorithm: input.SigningAlgorithm,
  };
  checkMessage(key.keySpec, message);
  if (input.DryRun) throw dryRun();
  return { key, message };
}

function usableKey(kms: Kms, { KeyId, GrantTokens = [] }: KeyUse): KmsKey {
  if (GrantTokens.length > 0) throw invalidGrantToken();
  const key = resolveKey(kms, KeyId);
  requireEnabled(kms, key);
  return key;
}

const answer = <Members extends object>(kms: Kms, key: KmsKey, members: Members) => ({
  KeyId: keyArn(kms, key.id),
  ...members,
});
