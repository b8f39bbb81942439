// The keyring item: which KMS keys sign and which are published. Read from DynamoDB, cached for a short while. It carries a version
// and a MAC of KMS, which seed and rotation alone can make: who can write the table is no issuer yet.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Keyring, ReadKeyring, SigningKey } from '../../oauth/jose/keyring.ts';
import { cacheLifetimes } from '../../oauth/keys/key-times.ts';
import type { KeyringItem, KeyringStore } from '../../oauth/keys/rotate.ts';
import { cachedRead } from '../cached-read.ts';
import { callDependency, unlessConditionFailed } from '../dependency.ts';
import type { CallDynamoDb } from '../dynamodb.ts';
import { keyringKey } from '../records/record-keys.ts';

/** Milliseconds a keyring is used while the store does not answer. */
const staleFor = cacheLifetimes.keyring * 1_000;

/** The MAC of a message, by the key that the keyring has for it. */
export type MakeMac = (message: Uint8Array) => Promise<Uint8Array>;
/** Whether the MAC is one of the message. */
export type VerifyMac = (message: Uint8Array, mac: Uint8Array) => Promise<boolean>;

/** Why a keyring item is not used. */
export type KeyringFault = 'missing' | 'older' | 'mac' | 'malformed';

export interface ReadKeyringOptions {
  readonly call: CallDynamoDb;
  readonly table: string;
  readonly verifyMac: VerifyMac;
  /** Told each time that an item is not used. */
  readonly onFault: (fault: KeyringFault) => void;
}

interface StoredItem extends KeyringItem {
  /** Undefined where an earlier version wrote the item. */
  readonly mac: Uint8Array | undefined;
}

/**
 * Reads the keyring item, strongly consistent. What differs from what was verified last is verified, and an older version is never
 * gone back to: then the last good one is used on.
 * @throws Refused `unavailable` also when there is no good one: the deployment is not whole
 */
export function createReadKeyring({ call, table, verifyMac, onFault }: ReadKeyringOptions): () => Promise<Keyring> {
  let last: { readonly keyring: Keyring; readonly item: StoredItem } | undefined;
  return async () => {
    const item = await callDependency('dynamodb', () => findKeyringItem(call, table));
    if (last && item !== 'malformed' && item?.text === last.item.text && item.version === last.item.version) {
      return last.keyring;
    }
    const fault = await faultOf(item, last?.item.version, verifyMac);
    if (fault === undefined && item && item !== 'malformed') {
      last = { keyring: { keys: item.keys }, item };
      return last.keyring;
    }
    onFault(fault ?? 'missing');
    if (last) return last.keyring;
    return callDependency('dynamodb', () => Promise.reject(new Error(`the keyring item is not used: ${fault}`)));
  };
}

async function faultOf(
  item: StoredItem | 'malformed' | undefined,
  known: number | undefined,
  verifyMac: VerifyMac,
): Promise<KeyringFault | undefined> {
  if (item === undefined) return 'missing';
  if (item === 'malformed') return 'malformed';
  const { mac, version, text } = item;
  if (!mac) return 'mac';
  if (known !== undefined && version < known) return 'older';
  // Whoever changes a keyring gives it the next version.
  if (version === known) return 'mac';
  return (await callDependency('kms', () => verifyMac(digestOf(version, text), mac))) ? undefined : 'mac';
}

/** What the MAC is of: a message of KMS has no room for a keyring. */
function digestOf(version: number, text: string): Uint8Array {
  return createHash('sha256').update(`${version}\n${text}`).digest();
}

export interface KeyringStoreOptions {
  readonly call: CallDynamoDb;
  readonly table: string;
  readonly makeMac: MakeMac;
}

/** The keyring for those who may change it. */
export function createKeyringStore(options: KeyringStoreOptions): KeyringStore {
  const { call, table, makeMac } = options;
  return {
    read: async () => {
      const item = await findKeyringItem(call, table);
      if (!item || item === 'malformed' || !(await isOurs(item, makeMac))) {
        throw new Error('the keyring item does not verify: docs/runbooks/keyring-refused.md');
      }
      return item;
    },
    replace: (read, keys) => writeKeyring(options, keys, read),
  };
}

/** For an endpoint, which answers 503 where the table or KMS cannot be used. */
export function unavailableStore({ read, replace }: KeyringStore): KeyringStore {
  return {
    read: () => callDependency('dynamodb', read),
    replace: (before, keys) => callDependency('dynamodb', () => replace(before, keys)),
  };
}

/** A MAC of the same key over the same is the same. */
async function isOurs({ version, text, mac }: StoredItem, makeMac: MakeMac): Promise<boolean> {
  if (!mac) return false;
  const made = await makeMac(digestOf(version, text));
  return made.length === mac.length && timingSafeEqual(made, mac);
}

/** An item of whatever origin; undefined where there is none. */
export async function findKeyringItem(
  call: CallDynamoDb,
  table: string,
): Promise<StoredItem | 'malformed' | undefined> {
  const key = { pk: { S: keyringKey } };
  const { Item } = await call('GetItem', { TableName: table, Key: key, ConsistentRead: true });
  if (!Item) return undefined;
  const text = Item['keys']?.S;
  const keys = text === undefined ? undefined : parseKeys(text);
  if (text === undefined || !keys) return 'malformed';
  const mac = Item['mac']?.S;
  return {
    keys,
    text,
    version: Number(Item['version']?.N ?? 0),
    mac: mac === undefined ? undefined : Buffer.from(mac, 'base64'),
  };
}

function parseKeys(text: string): readonly SigningKey[] | undefined {
  try {
    const keys: unknown = JSON.parse(text);
    return Array.isArray(keys) && keys.every(isSigningKey) ? keys : undefined;
  } catch {
    return undefined;
  }
}

function isSigningKey(key: unknown): key is SigningKey {
  if (typeof key !== 'object' || key === null) return false;
  const { kid, alg, keyId, state, publicJwk } = key as Readonly<Record<string, unknown>>;
  return [kid, alg, keyId, state].every((member) => typeof member === 'string') && typeof publicJwk === 'object';
}

/** Writes unless somebody else did since `replaced` was read. `keys` and `version` need aliases: one is a reserved word. */
export async function writeKeyring(
  { call, table, makeMac }: KeyringStoreOptions,
  keys: readonly SigningKey[],
  replaced: KeyringItem | undefined,
): Promise<boolean> {
  const [text, version] = [JSON.stringify(keys), (replaced?.version ?? 0) + 1];
  const mac = Buffer.from(await makeMac(digestOf(version, text))).toString('base64');
  const item = { pk: { S: keyringKey }, keys: { S: text }, version: { N: String(version) }, mac: { S: mac } };
  const condition =
    replaced === undefined
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: '#keys = :replaced',
          ExpressionAttributeNames: { '#keys': 'keys' },
          ExpressionAttributeValues: { ':replaced': { S: replaced.text } },
        };
  const written = await unlessConditionFailed(call('PutItem', { TableName: table, Item: item, ...condition }));
  if (written) return true;
  // A write that arrived and was not answered is tried again, and then the item is not what it was any more.
  const now = await findKeyringItem(call, table);
  return now !== undefined && now !== 'malformed' && now.text === text && now.version === version;
}

/**
 * A keyring that is read again once it is a minute old. When the store does not answer, the last keyring is good for an hour: keys
 * change rarely, and verifiers need theirs most in an outage.
 * @param clock milliseconds since the epoch
 * @param freshFor milliseconds; 0 where whoever asks is to have what is there now
 */
export function createCachedKeyring(read: () => Promise<Keyring>, clock: () => number, freshFor = 60_000): ReadKeyring {
  const { current, again } = cachedRead({ read, clock, freshFor, staleFor });
  return (now) => (now === 'again' ? again() : current());
}
