// What the build of a Status List reads with a thousand tokens and revocations and with a hundred thousand, spread over the 30
// days that revocations are kept: counted, in memory, and an error where it is not flat. And what a revocation check costs with a
// thousand records in the table and with a hundred thousand (or a million: --records): calls, bytes and CPU of one check, by
// breadth of the family and depth of the chain, on the embedded DynamoDB, so only ratios within one run say anything.
// `npm run bench:lifecycle -- [--records N] [--rounds N]`.
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { BatchWriteItemCommand, CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createFindHolds } from '../../shared/aws/records/holds.ts';
import { callBySdk } from '../../shared/aws/sdk/dynamodb.ts';
import { chainRevocableBy } from '../../shared/oauth/revocation/revocation.ts';
import { clientOf, engines } from '../dynamodb-engines.ts';
import { countListBuilds } from './list-builds.ts';

const { values } = parseArgs({
  options: { records: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '5' } },
});
const sizes = [1_000, Math.min(Number(values.records), 1_000_000)];
const rounds = Math.min(Number(values.rounds), 20);
const checksPerRound = 400;

interface Cost {
  readonly calls: number;
  readonly bytes: number;
  readonly cpu: number;
  readonly wall: number;
}

await countListBuilds();
const engine = engines.find(({ available }) => available) ?? engines[1];
if (!engine) throw new Error('no DynamoDB engine');
const running = await engine.start();
try {
  const client = clientOf(running);
  const traffic = countTraffic(client);
  const tables = sizes.map((size) => ({ size, name: `records-${size}` }));
  for (const { size, name } of tables) await fill(client, name, size);
  console.log(
    `node ${process.version}, ${cpus().length} cores, ${engine.name}, ${rounds} rounds of ${checksPerRound} checks`,
  );
  console.log('  records exchanges  keys  calls   bytes  CPU µs  wall µs   (medians, one check)');
  for (const depth of [1, 4, 16]) {
    const parts = chainRevocableBy(chain(depth), 'github|repo:acme/api', []);
    const checks = tables.map(({ name }) => {
      const find = createFindHolds(callBySdk(client), name, Math.random);
      return () => find({ parts, names: [] });
    });
    for (const check of checks) await measure(check, traffic);
    // In turn, so that both see the same machine.
    const costs = tables.map((): Cost[] => []);
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, check] of checks.entries()) costs[index]?.push(await measure(check, traffic));
    }
    const [small, large] = costs.map(median);
    for (const [index, { size }] of tables.entries()) print(size, depth, parts.length, median(costs[index] ?? []));
    if (small && large)
      console.log(`          CPU ×${ratio(large.cpu, small.cpu)}, bytes ×${ratio(large.bytes, small.bytes)}`);
  }
} finally {
  await running.close();
}

function chain(depth: number) {
  const tokens = Array.from({ length: depth }, (_, n) => ({
    jti: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    iat: n,
    client_id: `client-${n % 3}`,
    kid: 'current',
  }));
  return { origin: { iss: 'github', iat: 0, run: '9001' }, participants: [], tokens };
}

async function measure(check: () => Promise<unknown>, traffic: { calls: number; bytes: number }): Promise<Cost> {
  const times = checksPerRound;
  const before = { ...traffic };
  const cpu = process.cpuUsage();
  const started = performance.now();
  for (let n = 0; n < times; n += 1) await check();
  const wall = ((performance.now() - started) * 1_000) / times;
  const { user, system } = process.cpuUsage(cpu);
  return {
    calls: (traffic.calls - before.calls) / times,
    bytes: (traffic.bytes - before.bytes) / times,
    cpu: (user + system) / times,
    wall,
  };
}

/** Requests and bytes of their bodies, both ways, as the client sends and reads them. */
function countTraffic(client: DynamoDBClient): { calls: number; bytes: number } {
  const traffic = { calls: 0, bytes: 0 };
  client.middlewareStack.add(
    (next) => async (args) => {
      const { body } = args.request as { readonly body?: string };
      const result = await next(args);
      const { headers } = result.response as { readonly headers?: Readonly<Record<string, string>> };
      traffic.calls += 1;
      traffic.bytes += Buffer.byteLength(body ?? '') + Number(headers?.['content-length'] ?? 0);
      return result;
    },
    { step: 'finalizeRequest', priority: 'low', name: 'countTraffic' },
  );
  return traffic;
}

type FilledItem = Readonly<Record<string, { S: string } | { N: string }>>;

/** Nobody asks about it: the breadth of everything that was ever revoked. */
function unasked(n: number): FilledItem {
  return {
    pk: { S: `#revoked#jti#${n}` },
    issuedBefore: { N: '1' },
    expiresAt: { N: '9999999999' },
  };
}

async function fill(client: DynamoDBClient, table: string, size: number): Promise<void> {
  await createTable(client, table);
  const batches = Array.from({ length: Math.ceil(size / 25) }, (_, n) => n * 25);
  const worker = async (): Promise<void> => {
    for (let start = batches.pop(); start !== undefined; start = batches.pop()) {
      const requests = Array.from({ length: Math.min(25, size - start) }, (_, n) => ({
        PutRequest: { Item: unasked(start + n) },
      }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: requests } }));
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

async function createTable(client: DynamoDBClient, table: string): Promise<void> {
  const attributes = ['pk', 'listed'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const }));
  const schema = [{ AttributeName: 'pk', KeyType: 'HASH' as const }];
  const index = {
    IndexName: 'listed',
    KeySchema: [{ AttributeName: 'listed', KeyType: 'HASH' as const }],
    Projection: { ProjectionType: 'INCLUDE' as const, NonKeyAttributes: ['issuedBefore', 'expiresAt'] },
  };
  await client.send(
    new CreateTableCommand({
      TableName: table,
      AttributeDefinitions: attributes,
      KeySchema: schema,
      GlobalSecondaryIndexes: [index],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
}

function ratio(a: number, b: number): string {
  return (a / b).toFixed(2);
}

function median(costs: readonly Cost[]): Cost {
  const of = (pick: (cost: Cost) => number): number =>
    costs.map(pick).toSorted((a, b) => a - b)[Math.floor(costs.length / 2)] ?? 0;
  return { calls: of((c) => c.calls), bytes: of((c) => c.bytes), cpu: of((c) => c.cpu), wall: of((c) => c.wall) };
}

function print(size: number, depth: number, keys: number, { calls, bytes, cpu, wall }: Cost): void {
  const columns = [size, depth, keys, calls.toFixed(2), bytes.toFixed(0), cpu.toFixed(0), wall.toFixed(0)];
  printRow(columns, [9, 9, 5, 6, 7, 7, 8]);
}

function printRow(columns: readonly (string | number)[], widths: readonly number[]): void {
  console.log(columns.map((column, index) => String(column).padStart(widths[index] ?? 8)).join(' '));
}
