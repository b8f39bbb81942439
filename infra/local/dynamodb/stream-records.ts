// What the embedded engine says of a stream, as DynamoDB Streams says it: shard ids, sequence numbers, records. Pure.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html

import { hash } from 'node:crypto';

export type AttributeMap = Readonly<Record<string, unknown>>;

export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly eventVersion: '1.1';
  readonly eventSource: 'aws:dynamodb';
  readonly awsRegion: string;
  readonly dynamodb: {
    /** Seconds since the epoch. */
    readonly ApproximateCreationDateTime: number;
    readonly Keys: AttributeMap;
    readonly NewImage?: AttributeMap;
    readonly OldImage?: AttributeMap;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: string;
  };
  /** Who removed it, where that was the time to live. */
  readonly userIdentity?: { readonly Type: 'Service'; readonly PrincipalId: 'dynamodb.amazonaws.com' };
}

/** A stream of a table. */
export interface TableStream {
  readonly arn: string;
  readonly region: string;
  /** Attribute with the second in which an item expires. */
  readonly ttlAttribute: string | undefined;
}

const smallest = 100_000_000_000_000_000_000n;

/** The engine counts from 1; numbers of AWS have 21 digits, and their order too. */
export function sequenceNumber(position: number): string {
  return String(smallest + BigInt(position));
}

/** @throws RangeError for what is no sequence number */
export function positionOf(sequence: string): number {
  const position = /^\d{21,40}$/.test(sequence) ? Number(BigInt(sequence) - smallest) : -1;
  if (!Number.isSafeInteger(position) || position < 0) throw new RangeError('no sequence number');
  return position;
}

/** `shardId-00000001764212345678-1a2b3c4d`, the same each time. */
export function shardIdOf(streamArn: string, index: number): string {
  const createdAt = Date.parse(`${streamArn.split('/').at(-1)}Z`);
  return `shardId-${String(createdAt + index).padStart(20, '0')}-${hash('sha256', `${streamArn} ${index}`).slice(0, 8)}`;
}

/** The record as a stream of AWS has it; undefined for a write that changed nothing, which AWS makes no record of. */
export function awsRecord(record: StreamRecord, { arn, region, ttlAttribute }: TableStream): StreamRecord | undefined {
  const { eventName, dynamodb } = record;
  if (eventName === 'MODIFY' && sameItem(dynamodb.NewImage, dynamodb.OldImage)) return undefined;
  const number = sequenceNumber(Number(dynamodb.SequenceNumber));
  return {
    ...record,
    eventID: hash('sha256', `${arn} ${number}`).slice(0, 32),
    awsRegion: region,
    dynamodb: { ...dynamodb, SequenceNumber: number },
    ...(isExpiry(record, ttlAttribute) && {
      userIdentity: { Type: 'Service', PrincipalId: 'dynamodb.amazonaws.com' },
    }),
  };
}

/** Only the sweeper removes what has expired: the engine does not tell who did. */
function isExpiry({ eventName, dynamodb }: StreamRecord, attribute: string | undefined): boolean {
  if (eventName !== 'REMOVE' || attribute === undefined) return false;
  const expiry = dynamodb.OldImage?.[attribute] as { readonly N?: string } | undefined;
  return expiry?.N !== undefined && Number(expiry.N) < dynamodb.ApproximateCreationDateTime;
}

function sameItem(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

/** The engine gives the attributes of an item in no order; sets have none. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (name, item: unknown) => {
    if (typeof item !== 'object' || item === null) return item;
    if (Array.isArray(item)) return ['SS', 'NS', 'BS'].includes(name) ? [...item].sort() : item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
