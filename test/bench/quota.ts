// Quotas on an embedded DynamoDB, with a clock of their own: how exact they are over many instances, what they write, and how hot one
// caller's item gets. `node test/bench/quota.ts`. Loopback only; every figure but the first column's time is counted, not measured.
import { startDynamoDb } from '../../infra/local/dynamodb/dynamodb.ts';
import type { CallDynamoDb } from '../../shared/aws/dynamodb.ts';
import { createLeases } from '../../shared/aws/quotas/quota-leases.ts';
import type { Quota } from '../../shared/policy/compiled-policy.ts';
import { clientOf, createTable, directCallOf } from '../dynamodb-engines.ts';

const table = 'records';

interface Case {
  readonly name: string;
  readonly quota: Quota;
  readonly instances: number;
  /** Requests in a second. */
  readonly load: number;
  readonly seconds: number;
}

const cases: readonly Case[] = [
  { name: '100/m, three times over', quota: of(100, 60, 20), instances: 16, load: 5, seconds: 60 },
  { name: '100/m, at 80 %', quota: of(100, 60, 20), instances: 16, load: 4 / 3, seconds: 60 },
  { name: '50/s, three times over', quota: of(50, 1, 100), instances: 16, load: 150, seconds: 20 },
  { name: '1000/s, at 80 %', quota: of(1_000, 1, 1_000), instances: 16, load: 800, seconds: 5 },
  { name: '1000/s, three times over', quota: of(1_000, 1, 1_000), instances: 16, load: 3_000, seconds: 5 },
  { name: '1000/s, at 80 %, 64 instances', quota: of(1_000, 1, 1_000), instances: 64, load: 800, seconds: 5 },
  {
    name: '800/s, as the budget at KMS, three times over',
    quota: of(800, 1, 800),
    instances: 500,
    load: 2_400,
    seconds: 5,
  },
];

function of(count: number, seconds: number, burst: number): Quota {
  return { count, seconds, burst };
}

const principalOf = () => 'arn:aws:iam::111122223333:user/bench';
const running = await startDynamoDb({ region: 'eu-west-1', accountId: '111122223333', principalOf, record: () => {} });
try {
  await createTable(clientOf(running), {
    TableName: table,
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  console.log(
    'quota | instances | asked | granted | of what it may | writes a request | writes in the first second | most in a later one | reads a request',
  );
  for (const one of cases) console.log(await measured(one, directCallOf(running)));
} finally {
  await running.close();
}

async function measured({ name, quota, instances, load, seconds }: Case, call: CallDynamoDb): Promise<string> {
  const start = 1_795_000_000_000;
  let time = start;
  const writes = new Map<number, number>();
  let reads = 0;
  const counting = ((operation: 'UpdateItem' | 'GetItem', input: never) => {
    const second = Math.floor(time / 1_000);
    if (operation === 'GetItem') reads += 1;
    else writes.set(second, (writes.get(second) ?? 0) + 1);
    return call(operation, input);
  }) as CallDynamoDb;
  const store = { call: counting, table, clock: () => time, random: Math.random };
  const takers = Array.from({ length: instances }, () => createLeases(store));
  const counted = { by: 'client', name, quota } as const;
  const asked = Math.round(load * seconds);
  let granted = 0;
  for (let at = 0; at < asked; at += 1) {
    time = Math.floor(start + (at * 1_000) / load);
    const leases = takers[Math.floor(Math.random() * instances)];
    if ((await leases?.take(counted)) === 0) granted += 1;
    await leases?.renewed();
  }
  const may = Math.min(asked, quota.burst + (quota.count / quota.seconds) * seconds);
  // The burst is in the first.
  const [, ...later] = [...writes.values()];
  const all = [...writes.values()].reduce((sum, count) => sum + count, 0);
  const columns = [instances, asked, granted, `${((100 * granted) / may).toFixed(1)} %`, (all / asked).toFixed(2)];
  return [name, ...columns, writes.get(start / 1_000) ?? 0, Math.max(...later), (reads / asked).toFixed(2)].join(' | ');
}
