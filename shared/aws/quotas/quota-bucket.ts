// The bucket of a quota, as one item of DynamoDB: when it will be full again says how much is in it (a generic cell rate
// algorithm), so that time fills it and only takers write. Times are microseconds since the epoch.
//
// A full bucket gets no fuller. DynamoDB has no maximum to say so by, hence the times are cut into periods: each has an attribute of its
// own, which whoever comes first begins, no earlier than now. One write then does for a bucket in whatever state it is, and of many
// that come at once all are counted.
import type { Quota } from '../../policy/compiled-policy.ts';
import { unlessConditionFailed } from '../dependency.ts';
import type { CallDynamoDb, Item } from '../dynamodb.ts';

/** Microseconds in which one is added to a bucket; a fraction of one where very many are. */
export function spacingOf({ count, seconds }: Quota): number {
  return (seconds * 1e6) / count;
}

/** How many are in a bucket that will be full at `fullAt`. */
export function roomAt(now: number, fullAt: number, quota: Quota): number {
  return Math.floor(quota.burst - Math.max(0, fullAt - now) / spacingOf(quota));
}

/**
 * Microseconds of a period. What would have made the bucket fuller than full in a period is given, too: a twentieth of a minute's requests,
 * and half a burst, at most.
 */
function periodOf(quota: Quota): number {
  const fills = quota.burst * spacingOf(quota);
  return Math.max(1, Math.floor(Math.min((60e6 + fills) / 20, fills / 2)));
}

/** Seconds after which DynamoDB may delete a bucket that is full; none is as good as one. */
const keptFull = 60;

export interface Buckets {
  readonly call: CallDynamoDb;
  readonly table: string;
}

/** What is known of a bucket. */
export interface BucketState {
  /** When the period began that is written in. */
  readonly period: number;
  /** When it will be full again, at the earliest: others only take. */
  readonly fullAt: number;
  /** Periods whose place this one takes. */
  readonly over: readonly number[];
}

/** Whether what was heard of a bucket still says what a write needs to know. */
export function isKnown({ period }: BucketState, now: number, quota: Quota): boolean {
  return period >= periodAt(now, quota);
}

function periodAt(now: number, quota: Quota): number {
  const period = periodOf(quota);
  return Math.floor(now / period) * period;
}

/** Reads a bucket, strongly consistent: what was taken in periods that are over does not change any more. */
export async function readBucket(
  { call, table }: Buckets,
  { pk, now, quota }: { readonly pk: string; readonly now: number; readonly quota: Quota },
): Promise<BucketState> {
  const { Item: found = {} } = await call('GetItem', { TableName: table, Key: keyOf(pk), ConsistentRead: true });
  const times = Object.entries(found).flatMap(([name, value]) => {
    const begun = /^since(\d+)$/.exec(name)?.[1];
    return begun === undefined ? [] : [[Number(begun), timeOf(value)] as const];
  });
  // Somebody's clock is ahead of ours, or periods were shorter under another policy.
  const period = times.reduce((latest, [begun]) => Math.max(latest, begun), periodAt(now, quota));
  const fullAt = times.reduce((latest, [, full]) => Math.max(latest, full), 0);
  return { period, fullAt, over: times.flatMap(([begun]) => (begun === period ? [] : [begun])) };
}

export interface Draw {
  readonly pk: string;
  readonly quota: Quota;
  readonly now: number;
  /** How many are taken at once. */
  readonly wanted: number;
  readonly state: BucketState;
}

/**
 * Takes some by one conditional write. A write that arrives twice, because its answer was lost, takes twice.
 * @returns what is known of the bucket now; undefined when it has not enough
 */
export async function drawFrom({ call, table }: Buckets, draw: Draw): Promise<BucketState | undefined> {
  const { pk, quota, now, wanted, state } = draw;
  const spacing = spacingOf(quota);
  const taken = Math.max(1, Math.round(wanted * spacing));
  const fills = quota.burst * spacing;
  const over = Object.fromEntries(state.over.map((begun, index) => [`#over${index}`, attributeOf(begun)]));
  const remove = state.over.length === 0 ? '' : ` REMOVE ${Object.keys(over).join(', ')}`;
  const answer = call('UpdateItem', {
    TableName: table,
    Key: keyOf(pk),
    UpdateExpression: `SET #period = if_not_exists(#period, :full) + :taken, expiresAt = :end${remove}`,
    ConditionExpression: 'attribute_not_exists(#period) OR #period <= :most',
    ExpressionAttributeNames: { '#period': attributeOf(state.period), ...over },
    ExpressionAttributeValues: {
      ':full': numeral(Math.max(state.fullAt, now)),
      ':taken': numeral(taken),
      ':most': numeral(Math.floor(now + fills) - taken),
      ':end': numeral(Math.ceil((now + fills) / 1e6) + keptFull),
    },
    ReturnValues: 'UPDATED_NEW',
  });
  const written = await unlessConditionFailed(answer);
  if (!written) return undefined;
  return { period: state.period, fullAt: timeOf(written.Attributes?.[attributeOf(state.period)]), over: [] };
}

function attributeOf(begun: number): string {
  return `since${begun}`;
}

function timeOf(value: Item[string] | undefined): number {
  const time = Number(value?.N);
  if (!Number.isSafeInteger(time)) throw new TypeError('the bucket of a quota is no bucket');
  return time;
}

function keyOf(pk: string): Item {
  return { pk: { S: pk } };
}

function numeral(value: number): { readonly N: string } {
  return { N: String(value) };
}
