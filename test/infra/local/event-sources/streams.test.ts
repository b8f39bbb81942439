// From a write to a function: streams of the embedded engine in the shape of AWS, and the poller that reads them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DynamoDb, startDynamoDb } from '../../../../infra/local/dynamodb/dynamodb.ts';
import { dynoxideBinary } from '../../../../infra/local/dynamodb/engine.ts';
import type { StreamRecord } from '../../../../infra/local/dynamodb/stream-records.ts';
import { labelOf } from '../../../../infra/local/dynamodb/streams.ts';
import { type Checkpoint, openCheckpoints } from '../../../../infra/local/event-sources/checkpoints.ts';
import type { GivenUp } from '../../../../infra/local/event-sources/deliver.ts';
import { startEventSources } from '../../../../infra/local/event-sources/event-sources.ts';
import { putFailedBatch } from '../../../../infra/local/event-sources/failed-batches.ts';
import { type EventSourceMapping, mappingsOf } from '../../../../infra/local/event-sources/mappings.ts';
import { startPoller } from '../../../../infra/local/event-sources/poller.ts';
import { openStreamSource, type StreamSource } from '../../../../infra/local/event-sources/stream-source.ts';
import type { CallS3, S3Call } from '../../../../infra/local/s3/client.ts';
import { checkSupport } from '../../../../infra/local/template/support.ts';
import { sayNotInstalled } from '../../../installed.ts';
import { accountId, admin, adminArn, emulatorOptions, region } from '../emulators.ts';

const hasStreams = dynoxideBinary() !== undefined;
if (!hasStreams) sayNotInstalled('dynoxide', 'tests of streams');

interface SeenRecord {
  readonly eventName: string;
  readonly eventSourceARN: string;
  readonly userIdentity?: unknown;
  readonly dynamodb: {
    readonly Keys: { readonly pk: { readonly S: string } };
    readonly NewImage?: unknown;
    readonly OldImage?: unknown;
    readonly SequenceNumber: string;
  };
}

interface SeenEvent {
  readonly Records: readonly SeenRecord[];
  readonly shardId?: string;
  readonly state?: Readonly<Record<string, number>>;
  readonly isFinalInvokeForWindow?: boolean;
}

const keysOf = ({ Records }: SeenEvent): string[] => Records.map(({ dynamodb }) => dynamodb.Keys.pk.S);

describe.skipIf(!hasStreams)(`a stream${hasStreams ? '' : ' (SKIPPED: dynoxide is not installed)'}`, () => {
  const { options, calls } = emulatorOptions();
  let dynamoDb: DynamoDb;
  let tables = 0;
  beforeAll(async () => {
    dynamoDb = await startDynamoDb({ ...options, engine: 'dynoxide' });
  });
  afterAll(() => dynamoDb.close());

  const clientOf = ({ url }: DynamoDb) => new DynamoDBClient({ endpoint: url, region, credentials: admin });

  /** A new table with a stream, and what is done to both; one of another engine has a name of its own. */
  async function newTable(served = dynamoDb) {
    tables += 1;
    const TableName = served === dynamoDb ? `table-${tables}` : 'table-in-folder';
    const client = clientOf(served);
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      }),
    );
    await client.send(
      new UpdateTimeToLiveCommand({
        TableName,
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      }),
    );
    return tableOf(served, TableName);
  }

  async function tableOf(served: DynamoDb, TableName: string) {
    const client = clientOf(served);
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    const arn = `arn:aws:dynamodb:${region}:${accountId}:table/${TableName}/stream/${labelOf(Table?.LatestStreamLabel ?? '')}`;
    const source = openStreamSource({ endpoint: served.url, region, credentials: admin }, arn);
    const put = (pk: string, more: Record<string, { N: string }> = {}) =>
      client.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, ...more } }));
    const remove = (pk: string) => client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: pk } } }));
    return { arn, source, put, remove, closeShard: () => served.streams?.closeShard(arn) };
  }

  async function readAll(source: StreamSource) {
    const shards = await source.shards();
    const iterators = await Promise.all(shards.map(({ ShardId }) => source.iterator(ShardId, 'TRIM_HORIZON')));
    return Promise.all(iterators.map((iterator) => source.records(iterator)));
  }

  it('tells of each change with both images, and nothing of a write that changes nothing', async () => {
    const { source, put, remove } = await newTable();
    await put('a', { n: { N: '1' }, m: { N: '1' } });
    await put('a', { m: { N: '1' }, n: { N: '1' } });
    await put('a', { n: { N: '2' } });
    await remove('a');
    await remove('never-there');
    const [read] = await readAll(source);
    expect(read?.records.map(({ eventName }) => eventName)).toEqual(['INSERT', 'MODIFY', 'REMOVE']);
    const [inserted, modified, removed] = read?.records ?? [];
    expect(modified?.dynamodb).toMatchObject({
      Keys: { pk: { S: 'a' } },
      OldImage: { pk: { S: 'a' }, n: { N: '1' }, m: { N: '1' } },
      NewImage: { pk: { S: 'a' }, n: { N: '2' } },
    });
    expect(inserted).toMatchObject({ awsRegion: region, eventSource: 'aws:dynamodb', eventVersion: '1.1' });
    expect(inserted?.eventID).toMatch(/^[0-9a-f]{32}$/);
    expect(inserted?.dynamodb.SequenceNumber).toMatch(/^\d{21}$/);
    expect(removed?.dynamodb).not.toHaveProperty('NewImage');
  });

  it('says of what its time to live removes that the service did', async () => {
    const { source, put, remove } = await newTable();
    await put('expired', { expiresAt: { N: '1' } });
    await put('living', { expiresAt: { N: String(Math.floor(Date.now() / 1_000) + 60) } });
    await remove('expired');
    await remove('living');
    const [read] = await readAll(source);
    const removed = read?.records.slice(2).map(({ userIdentity }) => userIdentity);
    expect(removed).toEqual([{ Type: 'Service', PrincipalId: 'dynamodb.amazonaws.com' }, undefined]);
  });

  it('goes on in a child when a shard is closed, which then has an end', async () => {
    const { source, put, closeShard } = await newTable();
    await put('a');
    await closeShard();
    await put('b');
    const shards = await source.shards();
    expect(shards.map(({ ShardId }) => ShardId)).toEqual([
      expect.stringMatching(/^shardId-\d{20}-[0-9a-f]{8}$/),
      expect.stringMatching(/^shardId-\d{20}-[0-9a-f]{8}$/),
    ]);
    expect(shards[1]?.ParentShardId).toBe(shards[0]?.ShardId);
    const [first, second] = await readAll(source);
    expect([first, second].map((read) => read?.records.map(({ dynamodb }) => dynamodb.Keys['pk']))).toEqual([
      [{ S: 'a' }],
      [{ S: 'b' }],
    ]);
    expect([first?.next, typeof second?.next]).toEqual([undefined, 'string']);
  });

  it('is read by whoever is recorded, once for all of its polls', async () => {
    const { arn, source } = await newTable();
    calls.length = 0;
    for (let count = 0; count < 3; count += 1) await readAll(source);
    expect(calls.map(({ principal, action, resource }) => [principal, action, resource])).toEqual(
      ['DescribeStream', 'GetShardIterator', 'GetRecords'].map((name) => [adminArn, `dynamodb:${name}`, arn]),
    );
    const other = openStreamSource({ endpoint: dynamoDb.url, region, credentials: admin }, `${arn}0`);
    await expect(other.shards()).rejects.toThrow('Requested resource not found');
  });

  it('lasts in a folder, with the ends of its shards', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cambio-test-'));
    const keysOfShards = async (pk: string, isFirst: boolean) => {
      const served = await startDynamoDb({ ...options, engine: 'dynoxide', directory });
      const table = isFirst ? await newTable(served) : await tableOf(served, 'table-in-folder');
      await table.put(pk);
      if (isFirst) await table.closeShard();
      const read = await readAll(table.source);
      await served.close();
      return read.map(({ records }) => records.map(({ dynamodb }) => dynamodb.Keys['pk']));
    };
    expect(await keysOfShards('a', true)).toEqual([[{ S: 'a' }], []]);
    expect(await keysOfShards('b', false)).toEqual([[{ S: 'a' }], [{ S: 'b' }]]);
    rmSync(directory, { recursive: true });
  });

  /** A poller whose function is `answer`. */
  async function polled(
    changes: Partial<EventSourceMapping>,
    answer: (event: SeenEvent, call: number) => unknown,
    checkpoints = openCheckpoints(undefined),
  ) {
    const table = await newTable();
    const events: SeenEvent[] = [];
    const givenUp: GivenUp[] = [];
    const start = () =>
      startPoller({
        mapping: { ...mappingOf(table.arn), ...changes },
        source: table.source,
        prepare: async () => {},
        invoke: async (text) => {
          const event = JSON.parse(text) as SeenEvent;
          events.push(event);
          try {
            return { ok: true, payload: JSON.stringify(answer(event, events.length)) ?? 'null' };
          } catch (error) {
            return { ok: false, failure: 'function-error', message: String(error) };
          }
        },
        giveUp: async (batch) => void givenUp.push(batch),
        checkpoints,
        clock: Date.now,
        log: () => {},
      });
    return { ...table, events, givenUp, start };
  }

  const poison = ({ Records }: SeenEvent) => {
    if (Records.some(({ dynamodb }) => dynamodb.Keys.pk.S === 'poison')) throw new Error('poison');
  };

  it('is delivered in batches, in order, each record once', async () => {
    const { put, closeShard, start, events, arn } = await polled(
      { batchSize: 2, batchingWindowMs: 60_000 },
      () => null,
    );
    for (const pk of ['a', 'b', 'c']) await put(pk);
    await closeShard();
    await put('d');
    const poller = start();
    await poller.drained();
    expect(events.map(keysOf)).toEqual([['a', 'b'], ['c'], ['d']]);
    expect(events[0]?.Records[0]?.eventSourceARN).toBe(arn);
    await put('e');
    await poller.drained();
    await poller.stop();
    expect(events.map(keysOf).slice(3)).toEqual([['e']]);
  });

  it('is bisected around the record a function cannot take, which alone is given up', async () => {
    const { put, start, events, givenUp } = await polled({ bisects: true, retries: 1 }, poison);
    for (const pk of ['a', 'b', 'poison', 'd']) await put(pk);
    const poller = start();
    await poller.drained();
    await poller.stop();
    expect(events.map(keysOf)).toEqual([
      ['a', 'b', 'poison', 'd'],
      ['a', 'b'],
      ['poison', 'd'],
      ['poison'],
      ['poison'],
      ['d'],
    ]);
    expect(givenUp).toMatchObject([{ reason: 'RetryAttemptsExhausted', tries: 2 }]);
    expect(keysOf(JSON.parse(givenUp[0]?.event ?? '') as SeenEvent)).toEqual(['poison']);
  });

  it('is tried again until it is taken, or too old', async () => {
    const failing = await polled({}, (_event, call) => {
      if (call < 3) throw new Error('not yet');
    });
    await failing.put('a');
    const poller = failing.start();
    await poller.drained();
    await poller.stop();
    expect([failing.events.length, failing.givenUp]).toEqual([3, []]);
    const late = await polled({ recordAgeMs: -1_000 }, () => null);
    await late.put('a');
    const second = late.start();
    await second.drained();
    await second.stop();
    expect([late.events, late.givenUp.map(({ reason }) => reason)]).toEqual([[], ['RecordAgeExceeded']]);
  });

  it('goes on at the record that a function says has failed, where it may', async () => {
    const failOnce = ({ Records }: SeenEvent, call: number) => ({
      batchItemFailures: call === 1 ? [{ itemIdentifier: Records[1]?.dynamodb.SequenceNumber }] : [],
    });
    const heard = await polled({ reportsFailures: true }, failOnce);
    const unheard = await polled({}, failOnce);
    for (const { put, start } of [heard, unheard]) {
      for (const pk of ['a', 'b', 'c']) await put(pk);
      const poller = start();
      await poller.drained();
      await poller.stop();
    }
    expect(heard.events.map(keysOf)).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
    ]);
    expect(unheard.events.map(keysOf)).toEqual([['a', 'b', 'c']]);
  });

  it('has in a window of time a state that goes from batch to batch, and an end', async () => {
    const count = ({ Records, state = {} }: SeenEvent) => ({
      state: { count: (state['count'] ?? 0) + Records.length },
    });
    const { put, closeShard, start, events } = await polled({ tumblingWindow: 900, batchSize: 2 }, count);
    for (const pk of ['a', 'b', 'c']) await put(pk);
    await closeShard();
    const poller = start();
    await poller.drained();
    await poller.stop();
    expect(events.map(keysOf)).toEqual([['a', 'b'], ['c'], []]);
    expect(events.map(({ state }) => state)).toEqual([{}, { count: 2 }, { count: 3 }]);
    expect(events.map(({ isFinalInvokeForWindow }) => isFinalInvokeForWindow)).toEqual([false, false, true]);
    expect(new Set(events.map(({ shardId }) => shardId)).size).toBe(1);
  });

  it('goes on where the last poller ended, and from the beginning with none before', async () => {
    const kept = new Map<string, Checkpoint>();
    const checkpoints = {
      find: (name: string) => kept.get(name),
      keep: (name: string, one: Checkpoint) => void kept.set(name, one),
    };
    const { put, start, events } = await polled({}, () => null, checkpoints);
    await put('a');
    for (const next of ['b', 'c']) {
      const poller = start();
      await poller.drained();
      await poller.stop();
      await put(next);
    }
    expect(events.map(keysOf)).toEqual([['a'], ['b']]);
  });
});

const template = (more: object = {}) => ({
  Resources: {
    Source: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        EventSourceArn: 'arn:aws:dynamodb:eu-west-1:111122223333:table/t/stream/2026-01-01T00:00:00.000',
        FunctionName: 'arn:aws:lambda:eu-west-1:111122223333:function:f:live',
        StartingPosition: 'TRIM_HORIZON',
        ...more,
      },
    },
  },
});

function mappingOf(streamArn: string): EventSourceMapping {
  const [mapping] = mappingsOf(template({ EventSourceArn: streamArn }), (value) => value);
  return mapping ?? expect.fail('no mapping');
}

describe('where the DynamoDB has no streams', () => {
  it('each event source is off, and the stack says so', async () => {
    const said: string[] = [];
    const start = (supportsStreams: boolean) =>
      startEventSources({
        template: template(),
        resolve: (value) => value,
        definitions: [],
        invoke: async () => ({ ok: true, payload: 'null' }),
        endpoints: { dynamodb: '', s3: '' },
        supportsStreams,
        onWrite: () => {},
        data: undefined,
        log: (line) => said.push(line),
      });
    const off = start(false);
    await off.drained();
    expect([off.streams, said]).toEqual([[], ['local stack: Source is off: this DynamoDB has no streams']]);
    // With streams it would need its function.
    expect(() => start(true)).toThrow('Source: no function arn:aws:lambda:eu-west-1:111122223333:function:f:live');
  });
});

describe('a batch that is given up', () => {
  it('is put into the bucket whole, with what happened to it', async () => {
    const puts: S3Call[] = [];
    const mapping = {
      ...mappingOf('arn:aws:dynamodb:eu-west-1:111122223333:table/t/stream/1'),
      failureBucket: 'failures',
    };
    const record = {
      dynamodb: { SequenceNumber: '100000000000000000007', ApproximateCreationDateTime: 1_795_747_030, Keys: {} },
    } as unknown as StreamRecord;
    const batch = { shardId: 'shardId-1', records: [record], tries: 2, event: '{"Records":[]}' };
    const call: CallS3 = async (put) => {
      puts.push(put);
      return { status: 200, headers: new Headers(), body: Buffer.alloc(0) };
    };
    const given = {
      batch: { ...batch, reason: 'RetryAttemptsExhausted' as const },
      at: Date.UTC(2026, 10, 27, 3, 4, 5),
    };
    await putFailedBatch(call, mapping, given);
    const [put] = puts;
    expect([put?.method, put?.bucket, puts.length]).toEqual(['PUT', 'failures', 1]);
    expect(put?.key).toMatch(
      /^aws\/lambda\/[0-9a-f-]{36}\/shardId-1\/2026\/11\/27\/2026-11-27T03\.04\.05-[0-9a-f-]{36}$/,
    );
    expect(JSON.parse(String(put?.body))).toMatchObject({
      requestContext: {
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 2,
        functionArn: mapping.functionArn,
      },
      DDBStreamBatchInfo: {
        shardId: 'shardId-1',
        startSequenceNumber: '100000000000000000007',
        endSequenceNumber: '100000000000000000007',
        approximateArrivalOfFirstRecord: '2026-11-27T02:37:10Z',
        batchSize: 1,
      },
      payload: '{"Records":[]}',
    });
  });
});

describe('an event source of the template', () => {
  const parse = (more: object) => mappingsOf(template(more), (value) => value)[0];
  it('is what the template says, with the defaults of AWS', () => {
    expect(parse({})).toMatchObject({ batchSize: 100, retries: Number.POSITIVE_INFINITY, recordAgeMs: 86_400_000 });
    const given = {
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: 5,
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 3,
      MaximumRecordAgeInSeconds: 72_000,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::failures' } },
    };
    expect(parse(given)).toMatchObject({
      batchSize: 10,
      batchingWindowMs: 5_000,
      bisects: true,
      retries: 3,
      recordAgeMs: 72_000_000,
      reportsFailures: true,
      failureBucket: 'failures',
    });
    expect(parse({ Enabled: false })).toBeUndefined();
  });

  it('stops the start where the local stack would not do what it says', () => {
    expect(() => checkSupport(template({ ParallelizationFactor: 2 }))).toThrow('ParallelizationFactor');
    expect(() => checkSupport(template())).not.toThrow();
    expect(() => parse({ DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:x' } } })).toThrow('S3 buckets');
    expect(() => parse({ EventSourceArn: 'arn:aws:kinesis:x' })).toThrow('streams of DynamoDB only');
  });
});
