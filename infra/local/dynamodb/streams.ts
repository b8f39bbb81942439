// DynamoDB Streams before the embedded engine: one table's changes as shards that may be closed. I/O: the engine, a file.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { AwsError } from '../protocol/aws-error.ts';
import {
  awsRecord,
  positionOf,
  type StreamRecord,
  sequenceNumber,
  shardIdOf,
  type TableStream,
} from './stream-records.ts';

/** Calls an operation of the engine. @throws AwsError as it answers */
export type CallEngine = (operation: string, input: object) => Promise<unknown>;

export interface StreamsOptions {
  readonly region: string;
  readonly accountId: string;
  readonly call: CallEngine;
  /** Milliseconds. */
  readonly clock: () => number;
  /** Where the ends of shards last; absent means in memory. */
  readonly file?: string | undefined;
}

export interface Streams {
  /** Runs one operation of the service. @throws AwsError */
  readonly run: (operation: string, input: Readonly<Record<string, unknown>>) => Promise<unknown>;
  /** Closes the open shard of a stream; what is written from now on is in a new one, as AWS does every four hours. */
  readonly closeShard: (streamArn: string) => Promise<void>;
}

interface Iterator {
  readonly shard: number;
  /** Of the last record that was read. */
  readonly after: number;
  /** Milliseconds. */
  readonly at: number;
}

const iteratorLifeMs = 15 * 60_000;

export function openStreams(options: StreamsOptions): Streams {
  const { call, clock, file } = options;
  /** Of each stream the positions of the last record of each closed shard. */
  const ends = new Map<string, readonly number[]>(file === undefined ? [] : Object.entries(readEnds(file)));
  const endsOf = (arn: string): readonly number[] => ends.get(arn) ?? [];
  const known = new Map<string, KnownStream>();
  const streamOf = async (streamArn: unknown): Promise<KnownStream> => {
    const arn = String(streamArn);
    const found = known.get(arn) ?? (await findStream(arn));
    known.set(arn, found);
    return found;
  };
  const findStream = async (arn: string): Promise<KnownStream> => {
    const [, table = ''] = /^arn:aws:dynamodb:[^:]+:\d+:table\/([^/]+)\/stream\/.+$/.exec(arn) ?? [];
    const description = table === '' ? undefined : await describeTable(call, table);
    if (!description?.LatestStreamArn || !description.LatestStreamLabel) throw notFound(arn);
    if (arn !== streamArnOf(options, { table, label: labelOf(description.LatestStreamLabel) })) throw notFound(arn);
    const { TimeToLiveDescription } = (await call('DescribeTimeToLive', { TableName: table })) as Ttl;
    const ttlAttribute = TimeToLiveDescription?.AttributeName;
    return { arn, region: options.region, ttlAttribute, engineArn: description.LatestStreamArn };
  };
  const lastPosition = async (engineArn: string): Promise<number> => {
    const { StreamDescription } = (await call('DescribeStream', { StreamArn: engineArn })) as EngineStream;
    return Number(StreamDescription.Shards?.[0]?.SequenceNumberRange?.EndingSequenceNumber ?? 0);
  };

  const listStreams = async () => {
    const { Streams: streams = [] } = (await call('ListStreams', {})) as { readonly Streams?: readonly Listed[] };
    return {
      Streams: streams.map(({ TableName, StreamLabel }) => ({
        StreamArn: streamArnOf(options, { table: TableName, label: labelOf(StreamLabel) }),
        TableName,
        StreamLabel: labelOf(StreamLabel),
      })),
    };
  };
  const describeStream = async ({ StreamArn }: Input) => {
    const { arn } = await streamOf(StreamArn);
    const closed = endsOf(arn);
    const shards = [...closed, undefined].map((end, index) => ({
      ShardId: shardIdOf(arn, index),
      ...(index > 0 && { ParentShardId: shardIdOf(arn, index - 1) }),
      SequenceNumberRange: {
        StartingSequenceNumber: sequenceNumber((closed[index - 1] ?? 0) + 1),
        ...(end !== undefined && { EndingSequenceNumber: sequenceNumber(end) }),
      },
    }));
    return {
      StreamDescription: {
        StreamArn: arn,
        StreamLabel: arn.split('/').at(-1),
        StreamStatus: 'ENABLED',
        StreamViewType: 'NEW_AND_OLD_IMAGES',
        Shards: shards,
      },
    };
  };
  const getShardIterator = async ({ StreamArn, ShardId, ShardIteratorType, SequenceNumber }: Input) => {
    const { arn, engineArn } = await streamOf(StreamArn);
    const closed = endsOf(arn);
    const shard = [...closed, 0].findIndex((_end, index) => shardIdOf(arn, index) === ShardId);
    if (shard < 0) throw notFound(String(ShardId));
    const begin = closed[shard - 1] ?? 0;
    const after = async (): Promise<number> => {
      if (ShardIteratorType === 'TRIM_HORIZON') return begin;
      if (ShardIteratorType === 'LATEST') return closed[shard] ?? (await lastPosition(engineArn));
      const position = parsePosition(SequenceNumber);
      if (ShardIteratorType === 'AFTER_SEQUENCE_NUMBER') return position;
      if (ShardIteratorType === 'AT_SEQUENCE_NUMBER') return position - 1;
      throw validationError('ShardIteratorType is none of its values');
    };
    const position = await after();
    if (position < begin || position > (closed[shard] ?? (await lastPosition(engineArn)))) {
      throw validationError('Invalid SequenceNumber for the shard');
    }
    return { ShardIterator: writeIterator(arn, { shard, after: position, at: clock() }) };
  };
  const getRecords = async ({ ShardIterator, Limit = 1000 }: Input) => {
    const { arn, shard, after, at } = readIterator(ShardIterator);
    if (clock() - at > iteratorLifeMs) throw new AwsError(`${dynamoDb}ExpiredIteratorException`, 'Iterator expired');
    if (!(Number.isInteger(Limit) && Number(Limit) >= 1 && Number(Limit) <= 1000)) {
      throw validationError('Limit must be from 1 to 1000');
    }
    const stream = await streamOf(arn);
    const end = endsOf(arn)[shard] ?? Number.POSITIVE_INFINITY;
    const read = await readEngine(call, stream.engineArn, { after, limit: Number(Limit) });
    const within = read.filter((record) => engineNumber(record) <= end);
    const last = Math.max(after, ...within.map(engineNumber));
    const next = writeIterator(arn, { shard, after: last, at: clock() });
    return {
      Records: within.flatMap((record) => awsRecord(record, stream) ?? []),
      // A closed shard that has been read has no iterator any more.
      ...(last < end && { NextShardIterator: next }),
    };
  };
  const operations: Readonly<Record<string, (input: Input) => Promise<unknown>>> = {
    ListStreams: listStreams,
    DescribeStream: describeStream,
    GetShardIterator: getShardIterator,
    GetRecords: getRecords,
  };
  return {
    run: (operation, input) => {
      const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
      if (!run) throw new AwsError('com.amazon.coral.service#UnknownOperationException', 'Unknown operation');
      return run(input);
    },
    closeShard: async (streamArn) => {
      const { engineArn } = await streamOf(streamArn);
      ends.set(streamArn, [...endsOf(streamArn), await lastPosition(engineArn)]);
      if (file !== undefined) writeEnds(file, Object.fromEntries(ends));
    },
  };
}

type Input = Readonly<Record<string, unknown>>;

interface KnownStream extends TableStream {
  readonly engineArn: string;
}

interface Ttl {
  readonly TimeToLiveDescription?: { readonly AttributeName?: string };
}

interface Listed {
  readonly TableName: string;
  readonly StreamLabel: string;
}

interface EngineStream {
  readonly StreamDescription: {
    readonly Shards?: readonly {
      readonly ShardId: string;
      readonly SequenceNumberRange?: { readonly EndingSequenceNumber?: string };
    }[];
  };
}

interface EngineTable {
  readonly LatestStreamArn?: string;
  readonly LatestStreamLabel?: string;
}

function streamArnOf(
  { region, accountId }: Pick<StreamsOptions, 'region' | 'accountId'>,
  { table, label }: { readonly table: string; readonly label: string },
): string {
  return `arn:aws:dynamodb:${region}:${accountId}:table/${table}/stream/${label}`;
}

/** The engine's label is the second it was made in; that of AWS a time. */
export function labelOf(engineLabel: string): string {
  const seconds = Number(engineLabel);
  return Number.isNaN(seconds) ? engineLabel : new Date(seconds * 1_000).toISOString().slice(0, -1);
}

async function describeTable(call: CallEngine, table: string): Promise<EngineTable | undefined> {
  try {
    const { Table } = (await call('DescribeTable', { TableName: table })) as { readonly Table?: EngineTable };
    return Table;
  } catch (error) {
    if (error instanceof AwsError && error.code.endsWith('ResourceNotFoundException')) return undefined;
    throw error;
  }
}

interface Reading {
  readonly after: number;
  readonly limit: number;
}

async function readEngine(call: CallEngine, engineArn: string, { after, limit }: Reading) {
  const { StreamDescription } = (await call('DescribeStream', { StreamArn: engineArn })) as EngineStream;
  const ShardId = StreamDescription.Shards?.[0]?.ShardId;
  if (ShardId === undefined) return [];
  const from =
    after === 0
      ? { ShardIteratorType: 'TRIM_HORIZON' }
      : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: String(after) };
  const { ShardIterator } = (await call('GetShardIterator', { StreamArn: engineArn, ShardId, ...from })) as Input;
  const { Records = [] } = (await call('GetRecords', { ShardIterator, Limit: limit })) as {
    readonly Records?: readonly StreamRecord[];
  };
  return Records;
}

function engineNumber({ dynamodb }: StreamRecord): number {
  return Number(dynamodb.SequenceNumber);
}

function writeIterator(arn: string, iterator: Iterator): string {
  return `${arn}|1|${Buffer.from(JSON.stringify(iterator)).toString('base64')}`;
}

function readIterator(text: unknown): Iterator & { readonly arn: string } {
  const [arn = '', version, content = ''] = String(text).split('|');
  try {
    if (version !== '1') throw new Error('not of this version');
    return { arn, ...(JSON.parse(Buffer.from(content, 'base64').toString()) as Iterator) };
  } catch {
    throw validationError('Invalid ShardIterator');
  }
}

/** The stream whose records an iterator reads. */
export function streamOfIterator(iterator: unknown): string | undefined {
  const [arn, version] = typeof iterator === 'string' ? iterator.split('|') : [];
  return version === undefined ? undefined : arn;
}

function parsePosition(sequence: unknown): number {
  try {
    return positionOf(String(sequence));
  } catch {
    throw validationError('Invalid SequenceNumber');
  }
}

const dynamoDb = 'com.amazonaws.dynamodb.v20120810#';

function notFound(what: string): AwsError {
  return new AwsError(`${dynamoDb}ResourceNotFoundException`, `Requested resource not found: ${what}`);
}

function validationError(message: string): AwsError {
  return new AwsError('com.amazon.coral.validate#ValidationException', message);
}

function readEnds(file: string): Record<string, readonly number[]> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, readonly number[]>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

function writeEnds(file: string, ends: Readonly<Record<string, readonly number[]>>): void {
  writeFileSync(`${file}.new`, JSON.stringify(ends));
  renameSync(`${file}.new`, file);
}
