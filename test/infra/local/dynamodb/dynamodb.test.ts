// What the functions need of DynamoDB, on every engine; and the recording proxy in front of the embedded ones.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  BatchGetItemCommand,
  type CreateTableCommandInput,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startDynamoDb } from '../../../../infra/local/dynamodb/dynamodb.ts';
import { defaultEngine, dynoxideBinary } from '../../../../infra/local/dynamodb/engine.ts';
import { sweepExpired, sweepOnce } from '../../../../infra/local/dynamodb/sweeper.ts';
import { clientOf, createTable, engines, type RunningDynamoDb } from '../../../dynamodb-engines.ts';
import { accountId, adminArn, emulatorOptions, errorName, region } from '../emulators.ts';

const TableName = 'records';

const table: CreateTableCommandInput = {
  TableName,
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
};

const key = (pk: string, sk = 'a') => ({ pk: { S: pk }, sk: { S: sk } });
const put = (pk: string, attributes = {}) => new PutItemCommand({ TableName, Item: { ...key(pk), ...attributes } });
const putOnce = (pk: string, attributes = {}) =>
  new PutItemCommand({ ...put(pk, attributes).input, ConditionExpression: 'attribute_not_exists(pk)' });
const batchGet = (...pks: string[]) =>
  new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: pks.map((pk) => key(pk)), ConsistentRead: true } } });

const missing = (available: boolean) => (available ? '' : ' (NOT INSTALLED, SKIPPED)');

describe.each(engines)('DynamoDB by $name', (engine) => {
  describe.skipIf(!engine.available)(`keeps its contract${missing(engine.available)}`, () => {
    let running: RunningDynamoDb;
    let client: DynamoDBClient;

    beforeAll(async () => {
      running = await engine.start();
      client = clientOf(running);
      await createTable(client, table);
    });
    afterAll(async () => {
      client?.destroy();
      await running?.close();
    });

    it('lets one of fifty conditional writes win', async () => {
      const writes = Array.from({ length: 50 }, (_, by) => client.send(putOnce('jti', { by: { N: `${by}` } })));
      const names = await Promise.all(writes.map(errorName));
      expect(names.filter((name) => name === 'none').length).toBe(1);
      expect(names.filter((name) => name === 'ConditionalCheckFailedException').length).toBe(49);
      const { Item } = await client.send(new GetItemCommand({ TableName, Key: key('jti'), ConsistentRead: true }));
      expect(Item?.['by']).toEqual({ N: `${names.indexOf('none')}` });
    });

    it('reads what was just written, and nothing else, in one consistent batch', async () => {
      await Promise.all(['b1', 'b2'].map((pk) => client.send(put(pk))));
      const { Responses, UnprocessedKeys } = await client.send(batchGet('b1', 'b2', 'b3'));
      expect(Responses?.[TableName]?.map(({ pk }) => pk?.S).sort()).toEqual(['b1', 'b2']);
      expect(UnprocessedKeys ?? {}).toEqual({});
    });

    it('queries the items of one partition key', async () => {
      for (const sk of ['1', '2']) await client.send(new PutItemCommand({ TableName, Item: key('q', sk) }));
      const query = new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
        ExpressionAttributeValues: { ':pk': { S: 'q' }, ':sk': { S: '2' } },
        ConsistentRead: true,
      });
      expect((await client.send(query)).Items).toEqual([key('q', '2')]);
    });

    it('keeps the expiry attribute, with the TTL setting where it is known', async () => {
      await client.send(put('t', { expires: { N: '1800000000' } }));
      const { Item } = await client.send(new GetItemCommand({ TableName, Key: key('t') }));
      expect(Item?.['expires']).toEqual({ N: '1800000000' });
      const TimeToLiveSpecification = { Enabled: true, AttributeName: 'expires' };
      const update = client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
      expect(await errorName(update)).toBe(engine.supportsTtl ? 'none' : 'UnknownOperationException');
      if (!engine.supportsTtl) return;
      const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName }));
      expect(TimeToLiveDescription).toMatchObject({ AttributeName: 'expires', TimeToLiveStatus: 'ENABLED' });
    });

    it.runIf(engine.supportsTransactions)('writes all of a transaction or nothing', async () => {
      await client.send(put('taken'));
      const both = (pk: string) =>
        client.send(
          new TransactWriteItemsCommand({
            TransactItems: [{ Put: put(`${pk}-new`).input }, { Put: putOnce(pk).input }],
          }),
        );
      expect(await errorName(both('taken'))).toBe('TransactionCanceledException');
      expect(await errorName(both('free'))).toBe('none');
      const { Responses } = await client.send(batchGet('taken-new', 'free-new', 'free'));
      expect(Responses?.[TableName]?.map(({ pk }) => pk?.S).sort()).toEqual(['free', 'free-new']);
    });

    it('is swept of expired items and keeps the others', async () => {
      const clock = () => Date.UTC(2026, 0, 1);
      const second = clock() / 1000;
      const expiries = { past: { N: `${second - 1}` }, now: { N: `${second}` }, words: { S: '1' } };
      for (const [pk, expires] of Object.entries(expiries)) await client.send(put(`sweep-${pk}`, { expires }));
      await client.send(put('sweep-never'));
      const options = { client, table: TableName, ttlAttribute: 'expires', clock };
      expect(await sweepOnce(options)).toBe(1);
      expect(await sweepOnce(options)).toBe(0);
      const { Responses } = await client.send(batchGet('sweep-past', 'sweep-now', 'sweep-words', 'sweep-never'));
      const left = Responses?.[TableName]?.map(({ pk }) => pk?.S).sort();
      expect(left).toEqual(['sweep-never', 'sweep-now', 'sweep-words']);
    });
  });
});

describe('the embedded DynamoDB', () => {
  const { calls, faults, options } = emulatorOptions();
  let dynamoDb: Awaited<ReturnType<typeof startDynamoDb>>;
  let client: DynamoDBClient;
  const tableArn = `arn:aws:dynamodb:${region}:${accountId}:table/${TableName}`;

  beforeAll(async () => {
    dynamoDb = await startDynamoDb({ ...options, clock: () => 7, principalOf: () => adminArn });
    client = clientOf(dynamoDb);
    await createTable(client, table);
  });
  beforeEach(() => {
    calls.splice(0);
  });
  afterAll(async () => {
    client.destroy();
    await dynamoDb.close();
  });

  it('is dynoxide where there is a binary', () => {
    expect(dynamoDb.engine).toBe(defaultEngine());
    expect(dynamoDb.engine).toBe(dynoxideBinary() === undefined ? 'dynalite' : 'dynoxide');
    expect(dynamoDb.supportsTtl).toBe(dynamoDb.engine === 'dynoxide');
  });

  it('records who touched which table under which partition keys', async () => {
    await client.send(put('p1'));
    expect(calls).toEqual([
      {
        at: 7,
        service: 'dynamodb',
        principal: adminArn,
        action: 'dynamodb:PutItem',
        resource: tableArn,
        context: { 'dynamodb:LeadingKeys': 'p1' },
      },
    ]);
  });

  it('records the keys of reads, batches and queries', async () => {
    await client.send(new GetItemCommand({ TableName, Key: key('g1') }));
    await client.send(batchGet('g1', 'g2'));
    const query = {
      TableName,
      KeyConditionExpression: '#p = :v',
      ExpressionAttributeNames: { '#p': 'pk' },
      ExpressionAttributeValues: { ':v': { S: 'q1' } },
    };
    await client.send(new QueryCommand(query));
    await errorName(client.send(new QueryCommand({ ...query, IndexName: 'by-time' })));
    expect(calls.map(({ action, resource, context }) => [action, resource, context['dynamodb:LeadingKeys']])).toEqual([
      ['dynamodb:GetItem', tableArn, 'g1'],
      ['dynamodb:BatchGetItem', tableArn, 'g1,g2'],
      ['dynamodb:Query', tableArn, 'q1'],
      ['dynamodb:Query', `${tableArn}/index/by-time`, 'q1'],
    ]);
  });

  it('records a transaction as the item actions IAM asks for', async () => {
    const TransactItems = [
      { Put: put('t1').input },
      { Put: put('t2').input },
      { Delete: { TableName, Key: key('t3') } },
    ];
    await errorName(client.send(new TransactWriteItemsCommand({ TransactItems })));
    expect(calls.map(({ action, resource, context }) => [action, resource, context['dynamodb:LeadingKeys']])).toEqual([
      ['dynamodb:PutItem', tableArn, 't1,t2'],
      ['dynamodb:DeleteItem', tableArn, 't3'],
    ]);
  });

  it('fails as told, and then the write has not happened', async () => {
    faults.inject = ({ action }) =>
      action === 'dynamodb:PutItem' ? { code: 'ProvisionedThroughputExceededException', status: 400 } : undefined;
    const once = clientOf(dynamoDb, { maxAttempts: 1 });
    expect(await errorName(once.send(put('faulty')))).toBe('ProvisionedThroughputExceededException');
    faults.inject = () => undefined;
    expect(await errorName(client.send(putOnce('faulty')))).toBe('none');
    once.destroy();
  });

  it('sweeps past the record of calls, again and again until it is stopped', async () => {
    const engineClient = clientOf({ ...dynamoDb, url: dynamoDb.engineUrl });
    await client.send(put('swept', { expires: { N: '1' } }));
    calls.splice(0);
    const sweeper = sweepExpired({
      client: engineClient,
      table: TableName,
      ttlAttribute: 'expires',
      clock: Date.now,
      intervalMs: 5,
    });
    const isThere = async () => (await engineClient.send(new GetItemCommand({ TableName, Key: key('swept') }))).Item;
    while (await isThere()) await delay(5);
    sweeper.stop();
    expect(calls).toEqual([]);
    engineClient.destroy();
  });

  const installedHere = (['dynoxide', 'dynalite'] as const).filter((name) => name === 'dynalite' || dynoxideBinary());
  it.each(installedHere)('keeps items in a directory with %s', async (engine) => {
    const directory = mkdtempSync(join(tmpdir(), 'cambio-dynamodb-'));
    try {
      for (const isFirst of [true, false]) {
        const kept = await startDynamoDb({ ...options, engine, directory, principalOf: () => adminArn });
        const keptClient = clientOf(kept);
        if (isFirst) {
          await createTable(keptClient, table);
          await keptClient.send(put('kept'));
        }
        const { Item } = await keptClient.send(new GetItemCommand({ TableName, Key: key('kept') }));
        expect(Item).toEqual(key('kept'));
        keptClient.destroy();
        await kept.close();
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it.skipIf(dynoxideBinary() === undefined)('leaves no engine behind when its process is killed', async () => {
    const engine = new URL('../../../../infra/local/dynamodb/engine.ts', import.meta.url).href;
    const script = `const { startEngine } = await import('${engine}'); console.log((await startEngine('dynoxide')).url);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await new Promise<string>((resolve) => {
      parent.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    });
    const answers = () =>
      fetch(url).then(
        () => true,
        () => false,
      );
    expect(await answers()).toBe(true);
    parent.kill('SIGKILL');
    while (await answers()) await delay(10);
  });
});
