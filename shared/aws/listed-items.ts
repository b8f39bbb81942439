// The index `listed`: the tokens of one Status List, and the revocations in force. Two DynamoDB queries, eventually consistent
// as an index is; what must be known at once is read from the table.
import { type AttributeValue, type DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import type { KnownRevocations, ListedToken, StatusListCapabilities } from '../oauth/status-list/status-list-token.ts';
import { callDependency } from './dependency.ts';
import { listedIndex, listedRevocations, listedTokens, revocationNameOf } from './record-keys.ts';

type Item = Readonly<Record<string, AttributeValue>>;

/** Lists what the records of one list's tokens say of them. */
export function createListTokens(client: DynamoDBClient, table: string): StatusListCapabilities['listTokens'] {
  return (list) =>
    callDependency('dynamodb', async () => (await query(client, table, listedTokens(list))).map(tokenOf));
}

/**
 * Lists the revocations there are.
 * @param now seconds since the epoch
 */
export function createListRevocations(
  client: DynamoDBClient,
  table: string,
  now: () => number,
): () => Promise<KnownRevocations> {
  return () =>
    callDependency('dynamodb', async () => {
      const at = now();
      return { at, revocations: (await query(client, table, listedRevocations)).map(revocationOf) };
    });
}

async function query(client: DynamoDBClient, table: string, listed: string): Promise<readonly Item[]> {
  const pages = paginateQuery(
    { client },
    {
      TableName: table,
      IndexName: listedIndex,
      KeyConditionExpression: 'listed = :listed',
      ExpressionAttributeValues: { ':listed': { S: listed } },
    },
  );
  const items: Item[] = [];
  for await (const { Items = [] } of pages) items.push(...Items);
  return items;
}

function tokenOf(item: Item): ListedToken {
  return {
    index: Number(item['statusIndex']?.N),
    revocationKeys: JSON.parse(item['revocationKeys']?.S ?? '[]') as ListedToken['revocationKeys'],
  };
}

function revocationOf(item: Item): KnownRevocations['revocations'][number] {
  return {
    key: revocationNameOf(item['pk']?.S ?? ''),
    issuedBefore: Number(item['issuedBefore']?.N),
    expiresAt: Number(item['expiresAt']?.N),
  };
}
