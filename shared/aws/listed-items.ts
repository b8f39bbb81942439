// The index `listed`: the tokens of one Status List, and the revocations in force. Two DynamoDB queries, eventually consistent
// as an index is; what must be known at once is read from the table.
import type { KnownRevocations, ListedToken, StatusListCapabilities } from '../oauth/status-list/status-list-token.ts';
import { callDependency } from './dependency.ts';
import type { CallDynamoDb, DynamoDbOutput, Item } from './dynamodb.ts';
import { listedIndex, listedRevocations, listedTokens, revocationNameOf } from './record-keys.ts';

/** Lists what the records of one list's tokens say of them. */
export function createListTokens(call: CallDynamoDb, table: string): StatusListCapabilities['listTokens'] {
  return (list) =>
    callDependency('dynamodb', async () => (await queryListed(call, table, listedTokens(list))).map(tokenOf));
}

/**
 * Lists the revocations there are.
 * @param now seconds since the epoch
 */
export function createListRevocations(
  call: CallDynamoDb,
  table: string,
  now: () => number,
): () => Promise<KnownRevocations> {
  return () =>
    callDependency('dynamodb', async () => {
      const at = now();
      return { at, revocations: (await queryListed(call, table, listedRevocations)).map(revocationOf) };
    });
}

/** All items of one partition of the index. */
export async function queryListed(call: CallDynamoDb, table: string, listed: string): Promise<readonly Item[]> {
  const input = {
    TableName: table,
    IndexName: listedIndex,
    KeyConditionExpression: 'listed = :listed',
    ExpressionAttributeValues: { ':listed': { S: listed } },
  };
  const items: Item[] = [];
  for (let next: Item | undefined, isFirst = true; isFirst || next; isFirst = false) {
    const page: DynamoDbOutput<'Query'> = await call('Query', { ...input, ...(next && { ExclusiveStartKey: next }) });
    items.push(...(page.Items ?? []));
    next = page.LastEvaluatedKey;
  }
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
