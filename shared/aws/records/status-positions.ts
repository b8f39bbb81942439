// Positions of Status Lists, reserved in blocks from one counter for each series: one DynamoDB write for many tokens. A block
// belongs to the instance that reserved it; what it does not use is wasted, and nothing is ever used twice.
import { type ReserveStatus, referenceOf, type Series, seriesOf } from '../../oauth/status-list/status-list-id.ts';
import type { StatusListCapabilities } from '../../oauth/status-list/status-list-token.ts';
import { callDependency } from '../dependency.ts';
import type { CallDynamoDb } from '../dynamodb.ts';
import { statusSeriesKey } from './record-keys.ts';

/** Positions of one reservation; divides the size of a list. */
const blockSize = 64;

export interface StatusPositions {
  readonly call: CallDynamoDb;
  readonly table: string;
  /** Seconds since the epoch. */
  readonly now: () => number;
  /** A random whole number from 0 to below `limit`. */
  readonly randomInt: (limit: number) => number;
}

/**
 * Hands out positions, no two the same in any instance.
 * @throws Refused `unavailable`: without a position there is no token
 */
export function createReserveStatus(options: StatusPositions): ReserveStatus {
  /** What is left of the reserved blocks, by algorithm. */
  const left = new Map<string, { readonly series: string; readonly positions: number[] }>();
  return async ({ alg }) => {
    const series = seriesOf(alg, options.now());
    const known = left.get(alg);
    const positions = known?.series === series.id ? known.positions : [];
    left.set(alg, { series: series.id, positions });
    const free = positions.pop();
    if (free !== undefined) return referenceOf(series, free);
    const [first = 0, ...others] = shuffled(await reserveBlock(series, options), options.randomInt);
    positions.push(...others);
    return referenceOf(series, first);
  };
}

// A retry of a write that did arrive wastes a block, and that is all.
function reserveBlock(series: Series, { call, table }: StatusPositions): Promise<readonly number[]> {
  return callDependency('dynamodb', async () => {
    const { Attributes } = await call('UpdateItem', {
      TableName: table,
      Key: { pk: { S: statusSeriesKey(series.id) } },
      UpdateExpression: 'SET expiresAt = :expiresAt ADD positions :block',
      ExpressionAttributeValues: {
        ':expiresAt': { N: String(series.expiresAt) },
        ':block': { N: String(blockSize) },
      },
      ReturnValues: 'UPDATED_NEW',
    });
    const end = Number(Attributes?.['positions']?.N);
    if (!Number.isSafeInteger(end)) throw new TypeError('the counter of status positions is no counter');
    return Array.from({ length: blockSize }, (_, index) => end - blockSize + index);
  });
}

/** In random order, so that neighbours in a list are not neighbours in time (Fisher–Yates). */
function shuffled(positions: readonly number[], randomInt: StatusPositions['randomInt']): readonly number[] {
  const order = [...positions];
  for (let index = order.length - 1; index > 0; index -= 1) {
    const other = randomInt(index + 1);
    [order[index], order[other]] = [order[other] ?? 0, order[index] ?? 0];
  }
  return order;
}

/**
 * Counts the positions given out in a series, strongly consistent; none once its tokens have expired, compared here because
 * DynamoDB deletes late.
 */
export function createCountPositions({
  call,
  table,
  now,
}: Omit<StatusPositions, 'randomInt'>): StatusListCapabilities['countPositions'] {
  return (series) =>
    callDependency('dynamodb', async () => {
      const key = { pk: { S: statusSeriesKey(series) } };
      const { Item } = await call('GetItem', { TableName: table, Key: key, ConsistentRead: true });
      return Number(Item?.['expiresAt']?.N ?? 0) > now() ? Number(Item?.['positions']?.N) : 0;
    });
}
