// The bucket of a quota, as one item of DynamoDB: when it will be full again says how much is in it (a generic cell rate
// algorithm), so that time fills it and only takers write. Times are microseconds since the epoch.
import type { Quota } from '../policy/compiled-policy.ts';
import { unlessConditionFailed } from './dependency.ts';
import type { CallDynamoDb, Item } from './dynamodb.ts';

/** Microseconds in which one is added to a bucket. */
export function spacingOf({ count, seconds }: Quota): number {
  return Math.max(1, Math.round((seconds * 1e6) / count));
}

/** How many are in a bucket that will be full at `fullAt`. */
export function roomAt(now: number, fullAt: number, quota: Quota): number {
  return Math.floor(quota.burst - Math.max(0, fullAt - now) / spacingOf(quota));
}

/**
 * Microseconds for which a bucket was full and still counts as one that is taken from: one write then serves takers that come about
 * as fast as it fills, at the cost of a twentieth of a minute's requests, and of half a burst at most.
 */
export function slackOf(quota: Quota): number {
  const spacing = spacingOf(quota);
  return Math.floor(Math.min((60e6 + quota.burst * spacing) / 20, (quota.burst * spacing) / 2));
}

/** Seconds after which DynamoDB may delete a bucket that is full; none is as good as one. */
const keptFull = 60;

export interface Buckets {
  readonly call: CallDynamoDb;
  readonly table: string;
}

export interface Draw {
  readonly pk: string;
  readonly quota: Quota;
  readonly now: number;
  /** How many are taken at once. */
  readonly wanted: number;
  /** Whether it is believed to be idle: the write is made for such a bucket, or for any other. */
  readonly idle: boolean;
}

/**
 * Takes some by one conditional write. A write that arrives twice, because its answer was lost, takes twice.
 * @returns when the bucket will be full again; undefined when it has not enough, or is not as believed
 */
export async function drawFrom({ call, table }: Buckets, draw: Draw): Promise<number | undefined> {
  const { pk, quota, now, wanted, idle } = draw;
  const spacing = spacingOf(quota);
  const taken = wanted * spacing;
  const fills = quota.burst * spacing;
  const floor = now - slackOf(quota);
  const common = { ':floor': numeral(floor), ':end': numeral(Math.ceil((now + fills) / 1e6) + keptFull) };
  const write = idle
    ? {
        UpdateExpression: 'SET fullAt = :next, expiresAt = :end',
        ConditionExpression: 'attribute_not_exists(fullAt) OR fullAt < :floor',
        ExpressionAttributeValues: { ...common, ':next': numeral(now + taken) },
      }
    : {
        UpdateExpression: 'SET fullAt = fullAt + :taken, expiresAt = :end',
        ConditionExpression: 'fullAt BETWEEN :floor AND :most',
        ExpressionAttributeValues: {
          ...common,
          ':taken': numeral(taken),
          ':most': numeral(now + fills - taken),
        },
      };
  const answer = call('UpdateItem', { TableName: table, Key: keyOf(pk), ...write, ReturnValues: 'UPDATED_NEW' });
  const written = await unlessConditionFailed(answer);
  return written && timeOf(written.Attributes);
}

/** When the bucket will be full again; 0 for one that nobody took from. */
export async function readBucket({ call, table }: Buckets, pk: string): Promise<number> {
  const { Item: found } = await call('GetItem', { TableName: table, Key: keyOf(pk), ConsistentRead: true });
  return found ? timeOf(found) : 0;
}

function timeOf(item: Item | undefined): number {
  const time = Number(item?.['fullAt']?.N);
  if (!Number.isSafeInteger(time)) throw new TypeError('the bucket of a quota is no bucket');
  return time;
}

function keyOf(pk: string): Item {
  return { pk: { S: pk } };
}

function numeral(value: number): { readonly N: string } {
  return { N: String(value) };
}
