// KMS operations that use a key: Sign, Verify, GetPublicKey, GenerateMac, VerifyMac. Pure but for the store.

import { createHmac, createPublicKey, timingSafeEqual } from 'node:crypto';
import { dryRun, invalidGrantToken, invalidKeyUsage, invalidMac, invalidSignature, unsupported } from './errors.ts';
import { type Kms, keyArn, requireEnabled, resolveKey } from './identifiers.ts';
import { type KmsKey, usageOf } from './keys.ts';
import { checkMessage, type MessageToSign, signingAlgorithms, signMessage, verifyMessage } from './signatures.ts';

export interface KeyUse {
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
  if (usageOf(key.keySpec) !== 'SIGN_VERIFY') throw unsupported(`${keyArn(kms, key.id)} is no asymmetric key.`);
  const publicKey = createPublicKey(key.privateKey).export({ format: 'der', type: 'spki' });
  return answer(kms, key, {
    PublicKey: publicKey.toString('base64'),
    CustomerMasterKeySpec: key.keySpec,
    KeySpec: key.keySpec,
    KeyUsage: 'SIGN_VERIFY',
    SigningAlgorithms: signingAlgorithms[key.keySpec],
  });
}

interface MacInput extends KeyUse {
  readonly Message: string;
  readonly MacAlgorithm: string;
  readonly DryRun?: boolean;
}

export function generateMac(kms: Kms, input: MacInput) {
  const { key, mac } = checkedMac(kms, input);
  return answer(kms, key, { Mac: mac.toString('base64'), MacAlgorithm: input.MacAlgorithm });
}

export function verifyMac(kms: Kms, input: MacInput & { readonly Mac: string }) {
  const { key, mac } = checkedMac(kms, input);
  const given = Buffer.from(input.Mac, 'base64');
  if (given.length !== mac.length || !timingSafeEqual(given, mac)) throw invalidMac();
  return answer(kms, key, { MacValid: true, MacAlgorithm: input.MacAlgorithm });
}

function checkedMac(kms: Kms, input: MacInput): { readonly key: KmsKey; readonly mac: Buffer } {
  const key = usableKey(kms, input);
  if (usageOf(key.keySpec) !== 'GENERATE_VERIFY_MAC' || input.MacAlgorithm !== 'HMAC_SHA_256') {
    throw invalidKeyUsage(`Algorithm ${input.MacAlgorithm} is incompatible with key spec ${key.keySpec}.`);
  }
  if (input.DryRun) throw dryRun();
  return { key, mac: createHmac('sha256', key.privateKey).update(Buffer.from(input.Message, 'base64')).digest() };
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

/** @throws AwsError for one that is disabled, ending or not there */
export function usableKey(kms: Kms, { KeyId, GrantTokens = [] }: KeyUse): KmsKey {
  if (GrantTokens.length > 0) throw invalidGrantToken();
  const key = resolveKey(kms, KeyId);
  requireEnabled(kms, key);
  return key;
}

const answer = <Members extends object>(kms: Kms, key: KmsKey, members: Members) => ({
  KeyId: keyArn(kms, key.id),
  ...members,
});
