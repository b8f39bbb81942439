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
      const key = { pk: { S: keyringKey } };
      const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: key, ConsistentRead: true }));
      if (Item?.['keys']?.S === undefined) throw new Error('the keyring item is missing');
      return { keys: JSON.parse(Item['keys'].S) as readonly SigningKey[] };
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

/** Writes the first keyring and leaves one that is already there alone. */
export async function seedKeyring(client: DynamoDBClient, table: string, keyring: Keyring): Promise<void> {
  try {
    await client.send(
      new PutItemCommand({
        TableName: table,
        Item: { pk: { S: keyringKey }, keys: { S: JSON.stringify(keyring.keys) } },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    );
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') throw error;
  }
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
