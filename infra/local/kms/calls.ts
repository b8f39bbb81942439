// A KMS request as the calls IAM would evaluate. The input is not checked yet, so everything is best effort. Pure.

import type { RecordedCall } from '../protocol/calls.ts';
import { aliasArn, type Kms, recordedResource, resolveKey } from './identifiers.ts';
import { type KmsKey, usageOf } from './keys.ts';

export interface KmsRequest {
  readonly principal: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** One call per action and resource; creating a tagged key needs `kms:TagResource` too, an alias operation its alias and its key. */
export function kmsCalls(kms: Kms, request: KmsRequest): readonly RecordedCall[] {
  const { principal, operation, input } = request;
  const context = kmsContext(kms, input);
  const call = (resource: string, action = operation): RecordedCall => ({
    at: kms.clock(),
    service: 'kms',
    principal,
    action: `kms:${action}`,
    resource,
    context,
  });
  if (operation === 'CreateKey') return tagsIn(input).length > 0 ? [call('*'), call('*', 'TagResource')] : [call('*')];
  if (typeof input['AliasName'] === 'string') return aliasResources(kms, input).map((resource) => call(resource));
  if (operation === 'ReEncrypt') return reEncryption(kms, request);
  const hasKey = typeof input['KeyId'] === 'string' && operation !== 'ListAliases';
  return [call(hasKey ? recordedResource(kms, input['KeyId']) : '*')];
}

/** Each side is an action of its own, with its own context. */
function reEncryption(kms: Kms, { principal, input }: KmsRequest): readonly RecordedCall[] {
  return (['Source', 'Destination'] as const).map((side) => {
    const KeyId = input[`${side}KeyId`];
    return {
      at: kms.clock(),
      service: 'kms',
      principal,
      action: side === 'Source' ? 'kms:ReEncryptFrom' : 'kms:ReEncryptTo',
      resource: recordedResource(kms, KeyId),
      context: kmsContext(kms, { KeyId, EncryptionContext: input[`${side}EncryptionContext`] }),
    };
  });
}

function aliasResources(kms: Kms, input: KmsRequest['input']): readonly string[] {
  const name = String(input['AliasName']);
  const current = kms.store.findAlias(name)?.targetKeyId;
  const keys = [current, input['TargetKeyId']].filter((id) => typeof id === 'string');
  return [aliasArn(kms, name), ...new Set(keys.map((id) => recordedResource(kms, id)))];
}

function kmsContext(kms: Kms, input: KmsRequest['input']): Readonly<Record<string, string>> {
  const fromInput = ['SigningAlgorithm', 'MessageType', 'MacAlgorithm', 'KeySpec', 'KeyUsage', 'KeyPairSpec'].flatMap(
    (name) => (typeof input[name] === 'string' ? [[conditionKeyOf(name), input[name]] as const] : []),
  );
  const tags = tagsIn(input);
  return {
    ...keyContext(kms, foundKey(kms, input['KeyId'])),
    ...Object.fromEntries(fromInput),
    ...Object.fromEntries(tags.map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    ...(tags.length > 0 ? { 'aws:TagKeys': tags.map(([key]) => key).join(',') } : {}),
    ...requestAlias(input['KeyId']),
    ...encryptionContext(input['EncryptionContext']),
  };
}

/** As IAM names what a request says. */
function conditionKeyOf(member: string): string {
  return member === 'KeyPairSpec' ? 'kms:DataKeyPairSpec' : `kms:${member}`;
}

function encryptionContext(given: unknown): Readonly<Record<string, string>> {
  if (typeof given !== 'object' || given === null) return {};
  const named = Object.entries(given).map(([name, value]) => [`kms:EncryptionContext:${name}`, String(value)]);
  return { ...Object.fromEntries(named), 'kms:EncryptionContextKeys': Object.keys(given).join(',') };
}

function keyContext(kms: Kms, key: KmsKey | undefined): Readonly<Record<string, string>> {
  if (key === undefined) return {};
  const aliases = kms.store.aliases().filter(({ targetKeyId }) => targetKeyId === key.id);
  return {
    'kms:KeySpec': key.keySpec,
    'kms:KeyUsage': usageOf(key.keySpec),
    ...(aliases.length > 0 ? { 'kms:ResourceAliases': aliases.map(({ name }) => name).join(',') } : {}),
    ...Object.fromEntries(Object.entries(key.tags).map(([name, value]) => [`aws:ResourceTag/${name}`, value])),
  };
}

function requestAlias(keyId: unknown): Readonly<Record<string, string>> {
  const alias = typeof keyId === 'string' ? /(?:^|:)(alias\/.+)$/.exec(keyId)?.[1] : undefined;
  return alias === undefined ? {} : { 'kms:RequestAlias': alias };
}

function foundKey(kms: Kms, keyId: unknown): KmsKey | undefined {
  try {
    return typeof keyId === 'string' ? resolveKey(kms, keyId) : undefined;
  } catch {
    return undefined;
  }
}

function tagsIn(input: KmsRequest['input']): readonly (readonly [string, string])[] {
  if (!Array.isArray(input['Tags'])) return [];
  return input['Tags'].flatMap((tag: unknown) => {
    const { TagKey, TagValue } = (tag ?? {}) as { readonly TagKey?: unknown; readonly TagValue?: unknown };
    return typeof TagKey === 'string' && typeof TagValue === 'string' ? [[TagKey, TagValue] as const] : [];
  });
}
