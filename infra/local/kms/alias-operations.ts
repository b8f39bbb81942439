// KMS operations on aliases. Pure but for the store.

import { AwsError } from '../protocol/aws-error.ts';
import { alreadyExists, limitExceeded, notFound, validationError } from './errors.ts';
import { aliasArn, type Kms, requireNotPendingDeletion, resolveKeyWithoutAlias } from './identifiers.ts';
import type { KmsAlias, KmsKey } from './keys.ts';
import { type Page, page } from './pages.ts';

const maxAliasesOfKey = 50;

interface AliasInput {
  readonly AliasName: string;
  readonly TargetKeyId: string;
}

export function createAlias(kms: Kms, { AliasName, TargetKeyId }: AliasInput): undefined {
  checkAliasName(AliasName);
  const key = targetKey(kms, TargetKeyId);
  if (kms.store.findAlias(AliasName)) {
    throw alreadyExists(`An alias with the name ${aliasArn(kms, AliasName)} already exists`);
  }
  requireRoom(kms, key);
  const at = kms.clock();
  kms.store.putAlias({ name: AliasName, targetKeyId: key.id, createdAt: at, updatedAt: at });
}

export function updateAlias(kms: Kms, { AliasName, TargetKeyId }: AliasInput): undefined {
  checkAliasName(AliasName);
  const alias = existingAlias(kms, AliasName);
  const key = targetKey(kms, TargetKeyId);
  if (alias.targetKeyId !== key.id) requireRoom(kms, key);
  kms.store.putAlias({ ...alias, targetKeyId: key.id, updatedAt: kms.clock() });
}

export function deleteAlias(kms: Kms, { AliasName }: Pick<AliasInput, 'AliasName'>): undefined {
  checkAliasName(AliasName);
  kms.store.removeAlias(existingAlias(kms, AliasName).name);
}

export function listAliases(kms: Kms, input: Page & { readonly KeyId?: string }) {
  const of = input.KeyId === undefined ? undefined : resolveKeyWithoutAlias(kms, input.KeyId).id;
  const aliases = kms.store.aliases().filter(({ targetKeyId }) => of === undefined || targetKeyId === of);
  const { items, ...rest } = page(aliases, input, 50);
  return { Aliases: items.map((alias) => listed(kms, alias)), ...rest };
}

function targetKey(kms: Kms, keyId: string): KmsKey {
  if (keyId.startsWith('alias/')) throw validationError('Aliases must refer to keys. Not aliases');
  const key = resolveKeyWithoutAlias(kms, keyId);
  requireNotPendingDeletion(kms, key);
  return key;
}

function requireRoom(kms: Kms, key: KmsKey): void {
  const aliases = kms.store.aliases().filter(({ targetKeyId }) => targetKeyId === key.id);
  if (aliases.length >= maxAliasesOfKey) throw limitExceeded(`A key has at most ${maxAliasesOfKey} aliases`);
}

function existingAlias(kms: Kms, name: string): KmsAlias {
  const alias = kms.store.findAlias(name);
  if (alias === undefined) throw notFound(`Alias ${aliasArn(kms, name)} is not found.`);
  return alias;
}

function checkAliasName(name: string): void {
  if (!name.startsWith('alias/') || name === 'alias/') throw validationError('Invalid identifier');
  if (name.startsWith('alias/aws/')) throw new AwsError('NotAuthorizedException', 'alias/aws/ is reserved');
  if (name.includes(':')) throw validationError(`${name} contains invalid characters for an alias`);
}

function listed(kms: Kms, alias: KmsAlias) {
  return {
    AliasName: alias.name,
    AliasArn: aliasArn(kms, alias.name),
    TargetKeyId: alias.targetKeyId,
    CreationDate: alias.createdAt / 1000,
    LastUpdatedDate: alias.updatedAt / 1000,
  };
}
