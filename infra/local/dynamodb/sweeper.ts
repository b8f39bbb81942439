// Deletes expired items, which AWS does within days and the embedded engines never do. I/O: DynamoDB.

import {
  type AttributeValue,
  DeleteItemCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  paginateScan,
} from '@aws-sdk/client-dynamodb';

export interface SweepOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Number attribute with the expiry in seconds since the epoch. */
  readonly ttlAttribute: string;
  /** Clock in milliseconds. */
  readonly clock: () => number;
}

export interface Sweeper {
  readonly stop: () => void;
}

/**
 * Sweeps every `intervalMs` milliseconds without keeping the process alive. A failed round is left to the next one.
 * The client should go to the engine itself (`engineUrl`), past the record of calls.
 */
export function sweepExpired(options: SweepOptions & { readonly intervalMs: number }): Sweeper {
  let sweeping = false;
  const timer = setInterval(() => {
    if (sweeping) return;
    sweeping = true;
    sweepOnce(options)
      .catch(() => 0)
      .finally(() => {
        sweeping = false;
      });
  }, options.intervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/**
 * Deletes the items that have expired and answers how many.
 * @throws errors of the DynamoDB client
 */
export async function sweepOnce({ client, table, ttlAttribute, clock }: SweepOptions): Promise<number> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
  const keyNames = (Table?.KeySchema ?? []).flatMap(({ AttributeName }) => AttributeName ?? []);
  const expired = expiredCondition(ttlAttribute, Math.floor(clock() / 1000));
  const aliases = Object.fromEntries(keyNames.map((name, index) => [`#k${index}`, name]));
  const pages = paginateScan(
    { client },
    {
      TableName: table,
      FilterExpression: expired.condition,
      ProjectionExpression: Object.keys(aliases).join(', '),
      ExpressionAttributeNames: { ...expired.names, ...aliases },
      ExpressionAttributeValues: expired.values,
    },
  );
  let deleted = 0;
  for await (const { Items = [] } of pages) {
    for (const key of Items) if (await deleteExpired({ client, table, key, expired })) deleted += 1;
  }
  return deleted;
}

interface Expired {
  readonly condition: string;
  readonly names: Record<string, string>;
  readonly values: Record<string, AttributeValue>;
}

function expiredCondition(ttlAttribute: string, now: number): Expired {
  return {
    condition: 'attribute_type(#ttl, :number) AND #ttl < :now',
    names: { '#ttl': ttlAttribute },
    values: { ':number': { S: 'N' }, ':now': { N: String(now) } },
  };
}

interface ExpiredItem {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly key: Record<string, AttributeValue>;
  readonly expired: Expired;
}

/** False when the item was renewed or removed since it was found. */
async function deleteExpired({ client, table, key, expired }: ExpiredItem): Promise<boolean> {
  const command = new DeleteItemCommand({
    TableName: table,
    Key: key,
    ConditionExpression: expired.condition,
    ExpressionAttributeNames: expired.names,
    ExpressionAttributeValues: expired.values,
  });
  try {
    await client.send(command);
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
    throw error;
  }
}
