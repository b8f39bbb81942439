// KMS operations on a key's life: create, describe, list, enable, disable, schedule and cancel deletion.

import type { AwsError } from '../protocol/aws-error.ts';
import { invalidGrantToken, invalidState, malformedPolicy, unsupported, validationError } from './errors.ts';
import { type Kms, keyArn, requireNotPendingDeletion, resolveKey, resolveKeyWithoutAlias } from './identifiers.ts';
import { generateKey, type KeySpec, type KmsKey, keySpecs, usageOf } from './keys.ts';
import { type Page, page } from './pages.ts';
import { signingAlgorithms } from './signatures.ts';
import { type Tag, tagsOf } from './tag-operations.ts';

interface CreateKeyInput {
  readonly KeySpec?: string;
  readonly CustomerMasterKeySpec?: string;
  readonly KeyUsage?: string;
  readonly Description?: string;
  readonly Policy?: string;
  readonly Tags?: readonly Tag[];
  readonly Origin?: string;
  readonly MultiRegion?: boolean;
  readonly CustomKeyStoreId?: string;
  readonly XksKeyId?: string;
}

interface KeyInput {
  readonly KeyId: string;
}

export async function createKey(kms: Kms, input: CreateKeyInput) {
  const keySpec = requestedKeySpec(input);
  refuseUnsupported(input);
  if (input.Policy !== undefined) checkPolicy(input.Policy);
  const key = await generateKey({
    keySpec,
    description: input.Description ?? '',
    tags: tagsOf(input.Tags ?? []),
    createdAt: kms.clock(),
    ...(input.Policy === undefined ? {} : { policy: input.Policy }),
  });
  kms.store.putKey(key);
  return { KeyMetadata: keyMetadata(kms, key) };
}

export function describeKey(kms: Kms, input: KeyInput & { readonly GrantTokens?: readonly string[] }) {
  if (input.GrantTokens && input.GrantTokens.length > 0) throw invalidGrantToken();
  return { KeyMetadata: keyMetadata(kms, resolveKey(kms, input.KeyId)) };
}

export function listKeys(kms: Kms, input: Page) {
  const keys = kms.store.keys().map(({ id }) => ({ KeyId: id, KeyArn: keyArn(kms, id) }));
  const { items, ...rest } = page(keys, input, 100);
  return { Keys: items, ...rest };
}

export const enableKey = (kms: Kms, input: KeyInput) => setEnabled(kms, input, true);

export const disableKey = (kms: Kms, input: KeyInput) => setEnabled(kms, input, false);

export function scheduleKeyDeletion(kms: Kms, input: KeyInput & { readonly PendingWindowInDays?: number }) {
  const key = resolveKeyWithoutAlias(kms, input.KeyId);
  requireNotPendingDeletion(kms, key);
  const windowInDays = input.PendingWindowInDays ?? 30;
  const at = kms.clock() + windowInDays * 86_400_000;
  kms.store.putKey({ ...key, enabled: false, deletion: { at, windowInDays } });
  return {
    KeyId: keyArn(kms, key.id),
    DeletionDate: at / 1000,
    KeyState: 'PendingDeletion',
    PendingWindowInDays: windowInDays,
  };
}

/** The key comes back disabled. */
export function cancelKeyDeletion(kms: Kms, input: KeyInput) {
  const { deletion, ...key } = resolveKeyWithoutAlias(kms, input.KeyId);
  const arn = keyArn(kms, key.id);
  if (deletion === undefined) throw invalidState(`${arn} is not pending deletion.`);
  kms.store.putKey({ ...key, enabled: false });
  return { KeyId: arn };
}

function setEnabled(kms: Kms, { KeyId }: KeyInput, enabled: boolean): undefined {
  const key = resolveKeyWithoutAlias(kms, KeyId);
  requireNotPendingDeletion(kms, key);
  kms.store.putKey({ ...key, enabled });
}

function requestedKeySpec({ KeySpec, CustomerMasterKeySpec, KeyUsage }: CreateKeyInput): KeySpec {
  if (KeySpec !== undefined && CustomerMasterKeySpec !== undefined) {
    throw validationError('You cannot specify KeySpec and CustomerMasterKeySpec in the same request.');
  }
  const wanted = KeySpec ?? CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT';
  const keySpec = keySpecs.find((known) => known === wanted);
  if (keySpec === undefined)
    throw unsupported(`The local KMS has no keys of spec ${wanted}, only ${keySpecs.join(', ')}.`);
  if (KeyUsage === undefined && keySpec === 'SYMMETRIC_DEFAULT') return keySpec;
  if (KeyUsage === undefined) {
    throw validationError('You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.');
  }
  if (KeyUsage !== usageOf(keySpec)) throw wrongUsage(keySpec, KeyUsage);
  return keySpec;
}

function wrongUsage(keySpec: KeySpec, keyUsage: string): AwsError {
  const isPossible = keyUsage === 'ENCRYPT_DECRYPT' && keySpec.startsWith('RSA');
  if (isPossible) return unsupported(`The local KMS has no ${keyUsage} keys of RSA, only SIGN_VERIFY.`);
  return validationError(`KeyUsage ${keyUsage} is not compatible with KeySpec ${keySpec}`);
}

function refuseUnsupported(input: CreateKeyInput): void {
  if (input.Origin !== undefined && input.Origin !== 'AWS_KMS') {
    throw unsupported(`The local KMS makes its own key material: Origin ${input.Origin}.`);
  }
  if (input.MultiRegion) throw unsupported('The local KMS has no multi-Region keys.');
  if (input.CustomKeyStoreId ?? input.XksKeyId) throw unsupported('The local KMS has no custom key stores.');
}

function checkPolicy(policy: string): void {
  try {
    JSON.parse(policy);
  } catch (cause) {
    throw Object.assign(malformedPolicy('The new key policy is not valid JSON.'), { cause });
  }
}

function keyMetadata(kms: Kms, key: KmsKey) {
  return {
    AWSAccountId: kms.accountId,
    KeyId: key.id,
    Arn: keyArn(kms, key.id),
    CreationDate: key.createdAt / 1000,
    Enabled: key.enabled,
    Description: key.description,
    KeyUsage: usageOf(key.keySpec),
    KeyState: keyState(key),
    ...(key.deletion ? { DeletionDate: key.deletion.at / 1000 } : {}),
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    CustomerMasterKeySpec: key.keySpec,
    KeySpec: key.keySpec,
    ...algorithmsOf(key.keySpec),
    MultiRegion: false,
  };
}

function algorithmsOf(keySpec: KeySpec) {
  switch (usageOf(keySpec)) {
    case 'SIGN_VERIFY':
      return { SigningAlgorithms: signingAlgorithms[keySpec] };
    case 'GENERATE_VERIFY_MAC':
      return { MacAlgorithms: ['HMAC_SHA_256'] };
    case 'ENCRYPT_DECRYPT':
      return { EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'] };
  }
}

function keyState(key: KmsKey): string {
  if (key.deletion) return 'PendingDeletion';
  return key.enabled ? 'Enabled' : 'Disabled';
}
