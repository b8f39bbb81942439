// The keyring item: which KMS keys sign and which are published. Read from DynamoDB, cached for a short while.
import { type Keyring, kidFor, type ReadKeyring, type SigningKey, useOf } from '../oauth/jose/keyring.ts';
import { type KeyPurpose, keyUses } from '../policy/key-purposes.ts';
import { callDependency } from './dependency.ts';
import type { CallDynamoDb } from './dynamodb.ts';
import { keyringKey } from './record-keys.ts';

/** Milliseconds a read keyring is used without asking again. */
const freshFor = 60_000;
/** Milliseconds it is used while the store does not answer. */
const staleFor = 3_600_000;
/** Milliseconds a read under way is joined by others. */
const joinFor = 1_000;

/**
 * Reads the keyring item, strongly consistent.
 * @throws Refused `unavailable` also when the item is absent or is no keyring: the deployment is not whole
 */
export function createReadKeyring(call: CallDynamoDb, table: string): ReadKeyring {
  return () =>
    callDependency('dynamodb', async () => {
      const stored = await findKeyringItem(call, table);
      if (stored === undefined) throw new Error('the keyring item is missing');
      return parseKeyring(stored);
    });
}

/** Of a KMS key. */
interface FoundKey extends Pick<SigningKey, 'publicJwk' | 'createdAt'> {
  /** RFC 7638. */
  readonly thumbprint: string;
}

type TemplateKey = KeyPurpose & Pick<SigningKey, 'keyId'>;

/**
 * The first keyring: one current key for each purpose.
 * @param keys the template's `[{ keyId, alg, use }]`
 * @throws TypeError when `keys` has another shape
 */
export async function makeFirstKeyring(
  keys: unknown,
  findPublicKey: (keyId: string) => Promise<FoundKey>,
): Promise<Keyring> {
  if (!Array.isArray(keys) || !keys.every(isTemplateKey))
    throw new TypeError('Keys must be a list of {keyId, alg, use}');
  const signingKeys = keys.map(async ({ keyId, alg, use }): Promise<SigningKey> => {
    const { thumbprint, ...found } = await findPublicKey(keyId);
    return { kid: kidFor(use, thumbprint), ...found, keyId, alg, state: 'current' };
  });
  return { keys: await Promise.all(signingKeys) };
}

function isTemplateKey(key: unknown): key is TemplateKey {
  if (typeof key !== 'object' || key === null) return false;
  const { keyId, alg, use } = key as Readonly<Record<string, unknown>>;
  return typeof keyId === 'string' && typeof alg === 'string' && keyUses.some((known) => known === use);
}

/**
 * Writes the first keyring; into one that is already there it adds keys only for purposes it has none for, as when a
 * policy starts to use another algorithm. What rotation has made of the others stays.
 * @throws Error when the keyring changes meanwhile; CloudFormation then reports a failed resource
 */
export async function seedKeyring(call: CallDynamoDb, table: string, first: Keyring): Promise<void> {
  const stored = await findKeyringItem(call, table);
  if (stored === undefined) return writeKeyring(call, table, first.keys, undefined);
  const known = parseKeyring(stored).keys;
  const added = first.keys.flatMap((key) => addedTo(known, key));
  if (added.length > 0) await writeKeyring(call, table, inOrder([...known, ...added]), stored);
}

/**
 * What a key of the template adds: itself where its purpose has no key yet. A key that an earlier version named by its thumbprint
 * alone goes on signing under that name, and gets the other one beside it: whoever holds an older JWK Set does not know it yet.
 */
function addedTo(known: readonly SigningKey[], key: SigningKey): readonly SigningKey[] {
  if (known.some(({ kid }) => kid === key.kid)) return [];
  if (known.some(({ kid }) => kidFor(useOf(key), kid) === key.kid)) return [{ ...key, state: 'next' }];
  return known.some((other) => other.alg === key.alg && useOf(other) === useOf(key)) ? [] : [key];
}

/** Those for tokens first: functions of an earlier version, which know no uses, sign with the first of an algorithm. */
function inOrder(keys: readonly SigningKey[]): readonly SigningKey[] {
  const place = (key: SigningKey): number => keyUses.indexOf(useOf(key));
  return [...keys].sort((one, other) => place(one) - place(other));
}

async function findKeyringItem(call: CallDynamoDb, table: string): Promise<string | undefined> {
  const key = { pk: { S: keyringKey } };
  const { Item } = await call('GetItem', { TableName: table, Key: key, ConsistentRead: true });
  return Item?.['keys']?.S;
}

function parseKeyring(stored: string): Keyring {
  const keys: unknown = JSON.parse(stored);
  if (!Array.isArray(keys) || !keys.every(isSigningKey)) throw new TypeError('the keyring item is no keyring');
  return { keys };
}

function isSigningKey(key: unknown): key is SigningKey {
  if (typeof key !== 'object' || key === null) return false;
  const { kid, alg, keyId, state, publicJwk } = key as Readonly<Record<string, unknown>>;
  return [kid, alg, keyId, state].every((member) => typeof member === 'string') && typeof publicJwk === 'object';
}

/** Writes unless somebody else did since `replaced` was read. `keys` needs an alias: it is a reserved word. */
async function writeKeyring(
  call: CallDynamoDb,
  table: string,
  keys: readonly SigningKey[],
  replaced: string | undefined,
): Promise<void> {
  const item = { pk: { S: keyringKey }, keys: { S: JSON.stringify(keys) } };
  const condition =
    replaced === undefined
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: '#keys = :replaced',
          ExpressionAttributeNames: { '#keys': 'keys' },
          ExpressionAttributeValues: { ':replaced': { S: replaced } },
        };
  await call('PutItem', { TableName: table, Item: item, ...condition });
}

/**
 * A keyring that is read again once it is a minute old; concurrent callers share one read. When the store does not
 * answer, the last keyring is good for an hour: keys change rarely, and verifiers need theirs most in an outage.
 * @param clock milliseconds since the epoch
 */
export function createCachedKeyring(read: ReadKeyring, clock: () => number): ReadKeyring {
  let last: { readonly keyring: Keyring; readonly at: number } | undefined;
  let flight: { readonly keyring: Promise<Keyring>; readonly at: number } | undefined;
  // A clock that was set back makes an age negative: such an answer does not count as fresh.
  const isYounger = (at: number, age: number): boolean => clock() >= at && clock() - at < age;
  const readAgain = (): Promise<Keyring> => {
    // Later requests do not wait for a read that hangs.
    if (flight && isYounger(flight.at, joinFor)) return flight.keyring;
    const at = clock();
    const keyring = read().then((answer) => {
      last = { keyring: answer, at };
      return answer;
    });
    const current = { keyring, at };
    flight = current;
    const end = (): void => {
      if (flight === current) flight = undefined;
    };
    keyring.then(end, end);
    return keyring;
  };
  return async () => {
    if (last && isYounger(last.at, freshFor)) return last.keyring;
    return readAgain().catch((error: unknown) => {
      if (last && isYounger(last.at, staleFor)) return last.keyring;
      throw error;
    });
  };
}
