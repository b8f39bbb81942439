// The keyring item: which KMS keys sign and which are published. Read from DynamoDB, cached for a short while.
import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { Refused } from '../oauth/denial.ts';
import { currentKey, type Keyring, type PublicJwk, type SigningKey } from '../oauth/keyring.ts';
import type { JwsAlgorithm } from '../policy/compiled-policy.ts';
import { callDependency } from './dependency.ts';
import { keyringKey } from './record-keys.ts';

/** Milliseconds a read keyring is used without asking again. */
const freshFor = 60_000;

export type ReadKeyring = () => Promise<Keyring>;

/** Reads the keyring item, strongly consistent. An absent item means the deployment is not finished: unavailable. */
export function createReadKeyring(client: DynamoDBClient, table: string): ReadKeyring {
  return () =>
    callDependency('dynamodb', async () => {
      const stored = await findKeyringItem(client, table);
      if (stored === undefined) throw new Error('the keyring item is missing');
      return parseKeyring(stored);
    });
}

type FindPublicKey = (keyId: string) => Promise<{ readonly kid: string; readonly publicJwk: PublicJwk }>;

/**
 * The first keyring: one current key for each algorithm.
 * @param keys the template's `[{ keyId, alg }]`
 * @throws TypeError when `keys` has another shape
 */
export async function makeFirstKeyring(keys: unknown, findPublicKey: FindPublicKey): Promise<Keyring> {
  if (!Array.isArray(keys) || !keys.every(isTemplateKey)) throw new TypeError('Keys must be a list of {keyId, alg}');
  const signingKeys = keys.map(async ({ keyId, alg }): Promise<SigningKey> => {
    return { ...(await findPublicKey(keyId)), keyId, alg, state: 'current' };
  });
  return { keys: await Promise.all(signingKeys) };
}

function isTemplateKey(key: unknown): key is Pick<SigningKey, 'keyId' | 'alg'> {
  return typeof key === 'object' && key !== null && 'keyId' in key && 'alg' in key;
}

/**
 * Writes the first keyring; into one that is already there it adds keys only for algorithms it has none of, as when a
 * policy starts to use another algorithm. What rotation has made of the others stays.
 * @throws Error when the keyring changes meanwhile; CloudFormation then reports a failed resource
 */
export async function seedKeyring(client: DynamoDBClient, table: string, first: Keyring): Promise<void> {
  const stored = await findKeyringItem(client, table);
  if (stored === undefined) return writeKeyring(client, table, first.keys, undefined);
  const known = parseKeyring(stored).keys;
  const added = first.keys.filter(({ alg }) => !known.some((key) => key.alg === alg));
  if (added.length > 0) await writeKeyring(client, table, [...known, ...added], stored);
}

async function findKeyringItem(client: DynamoDBClient, table: string): Promise<string | undefined> {
  const key = { pk: { S: keyringKey } };
  const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: key, ConsistentRead: true }));
  return Item?.['keys']?.S;
}

function parseKeyring(stored: string): Keyring {
  return { keys: JSON.parse(stored) as readonly SigningKey[] };
}

/** Writes unless somebody else did since `replaced` was read. `keys` needs an alias: it is a reserved word. */
async function writeKeyring(
  client: DynamoDBClient,
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
  await client.send(new PutItemCommand({ TableName: table, Item: item, ...condition }));
}

/**
 * The signing key of an algorithm from a cached keyring; concurrent callers share one read.
 * @param now milliseconds
 */
export function createFindSigningKey(read: ReadKeyring, now: () => number): (alg: JwsAlgorithm) => Promise<SigningKey> {
  let cached: { readonly keyring: Promise<Keyring>; readonly at: number } | undefined;
  const cachedKeyring = (): Promise<Keyring> => {
    if (cached && now() - cached.at < freshFor) return cached.keyring;
    const entry = { keyring: read(), at: now() };
    cached = entry;
    entry.keyring.catch(() => {
      if (cached === entry) cached = undefined;
    });
    return entry.keyring;
  };
  return async (alg) => {
    const key = currentKey(await cachedKeyring(), alg);
    if (!key) throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' }, { cause: new Error(`no ${alg} key`) });
    return key;
  };
}
