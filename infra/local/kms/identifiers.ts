// The four forms of a KMS key identifier, and the key states that forbid an operation. Pure but for the store.

import { AwsError } from '../protocol/aws-error.ts';
import { disabled, invalidArn, invalidState, notFound } from './errors.ts';
import type { KeyStore, KmsKey } from './keys.ts';

/** The local KMS of one account in one region. */
export interface Kms {
  readonly region: string;
  readonly accountId: string;
  /** Clock in milliseconds. */
  readonly clock: () => number;
  readonly store: KeyStore;
}

const keyIdPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const arnPattern = /^arn:aws:kms:([a-z0-9-]+):(\d{12}):((?:key|alias)\/.+)$/;

export const keyArn = (kms: Kms, id: string) => `arn:aws:kms:${kms.region}:${kms.accountId}:key/${id}`;

export const aliasArn = (kms: Kms, name: string) => `arn:aws:kms:${kms.region}:${kms.accountId}:${name}`;

/**
 * Finds a key by id, key ARN, alias name or alias ARN.
 * @throws AwsError NotFoundException, InvalidArnException, AccessDeniedException
 */
export function resolveKey(kms: Kms, identifier: string): KmsKey {
  const local = localIdentifier(kms, identifier);
  if (!local.startsWith('alias/')) return keyWithId(kms, local);
  const alias = kms.store.findAlias(local);
  if (alias === undefined) throw notFound(`Alias ${aliasArn(kms, local)} is not found.`);
  return keyWithId(kms, alias.targetKeyId);
}

/**
 * Finds a key by id or key ARN only, as operations that change a key want it.
 * @throws AwsError NotFoundException, InvalidArnException, AccessDeniedException
 */
export function resolveKeyWithoutAlias(kms: Kms, identifier: string): KmsKey {
  const local = localIdentifier(kms, identifier);
  if (local.startsWith('alias/')) throw notFound(`Invalid keyId '${identifier}'`);
  return keyWithId(kms, local);
}

/** The key's ARN as far as the identifier tells, for the record of a call that may fail. */
export function recordedResource(kms: Kms, identifier: unknown): string {
  try {
    return keyArn(kms, resolveKey(kms, String(identifier)).id);
  } catch {
    return String(identifier).startsWith('arn:') ? String(identifier) : keyArn(kms, String(identifier));
  }
}

/**
 * Refuses keys that may not sign, verify or show their public key.
 * @throws AwsError DisabledException, KMSInvalidStateException
 */
export function requireEnabled(kms: Kms, key: KmsKey): void {
  requireNotPendingDeletion(kms, key);
  if (!key.enabled) throw disabled(keyArn(kms, key.id));
}

/** @throws AwsError KMSInvalidStateException */
export function requireNotPendingDeletion(kms: Kms, key: KmsKey): void {
  if (key.deletion) throw invalidState(`${keyArn(kms, key.id)} is pending deletion.`);
}

function localIdentifier(kms: Kms, identifier: string): string {
  if (!identifier.startsWith('arn:')) return identifier;
  const [, region, accountId, local] = arnPattern.exec(identifier) ?? [];
  if (local === undefined) throw invalidArn(`Invalid arn ${identifier}`);
  if (region !== kms.region) throw notFound(`Invalid arn ${region}`);
  if (accountId !== kms.accountId) throw otherAccount(identifier);
  return local.startsWith('key/') ? local.slice('key/'.length) : local;
}

function keyWithId(kms: Kms, id: string): KmsKey {
  if (!keyIdPattern.test(id)) throw notFound(`Invalid keyId '${id}'`);
  const key = kms.store.findKey(id);
  if (key === undefined) throw notFound(`Key '${keyArn(kms, id)}' does not exist`);
  return key;
}

function otherAccount(arn: string): AwsError {
  return new AwsError('AccessDeniedException', `The local KMS has no keys of other accounts: ${arn}`);
}
