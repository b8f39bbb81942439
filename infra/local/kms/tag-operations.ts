// KMS operations on the tags of a key. Pure but for the store.

import { limitExceeded, tagError } from './errors.ts';
import { type Kms, requireNotPendingDeletion, resolveKeyWithoutAlias } from './identifiers.ts';
import { type Page, page } from './pages.ts';

export interface Tag {
  readonly TagKey: string;
  readonly TagValue: string;
}

const maxTags = 50;

interface KeyInput {
  readonly KeyId: string;
}

export function tagResource(kms: Kms, { KeyId, Tags }: KeyInput & { readonly Tags: readonly Tag[] }): undefined {
  const key = resolveKeyWithoutAlias(kms, KeyId);
  requireNotPendingDeletion(kms, key);
  const tags = { ...key.tags, ...tagsOf(Tags) };
  if (Object.keys(tags).length > maxTags) throw limitExceeded('Too many tags');
  kms.store.putKey({ ...key, tags });
}

export function untagResource(kms: Kms, input: KeyInput & { readonly TagKeys: readonly string[] }): undefined {
  const key = resolveKeyWithoutAlias(kms, input.KeyId);
  requireNotPendingDeletion(kms, key);
  if (input.TagKeys.some(isReserved)) throw reservedTag();
  const kept = Object.entries(key.tags).filter(([name]) => !input.TagKeys.includes(name));
  kms.store.putKey({ ...key, tags: Object.fromEntries(kept) });
}

export function listResourceTags(kms: Kms, input: KeyInput & Page) {
  const key = resolveKeyWithoutAlias(kms, input.KeyId);
  const tags = Object.entries(key.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
  const { items, ...rest } = page(tags, input, maxTags);
  return { Tags: items, ...rest };
}

/**
 * Tags as a record.
 * @throws AwsError TagException for reserved and repeated keys
 */
export function tagsOf(tags: readonly Tag[]): Readonly<Record<string, string>> {
  if (tags.some(({ TagKey }) => isReserved(TagKey))) throw reservedTag();
  const record = Object.fromEntries(tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]));
  if (Object.keys(record).length < tags.length) throw tagError('Duplicate tag keys');
  return record;
}

const isReserved = (key: string) => key.toLowerCase().startsWith('aws:');

const reservedTag = () => tagError('Tag keys that begin with aws: are reserved');
