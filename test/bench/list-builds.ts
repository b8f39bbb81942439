// How much the build of one Status List reads, by the tokens and revocations there are: calls and items, counted, from an index
// in memory that answers a page of a thousand items at a time.

import type { CallDynamoDb, DynamoDbInput, DynamoDbOutput, Item } from '../../shared/aws/dynamodb.ts';
import { createListRevocations, createListTokens } from '../../shared/aws/records/listed-items.ts';
import { hourOf, listedRevocations, listedTokens } from '../../shared/aws/records/record-keys.ts';
import { makeStatusListToken } from '../../shared/oauth/status-list/status-list-token.ts';
import { makeWorld, now } from '../world.ts';

const sizes = [1_000, 10_000, 100_000];
/** Tokens of one list: an hour has as many lists as it needs. */
const perList = 1_000;
/** As functions/status-lists.ts reads them. */
const hours = 26;
const perPage = 1_000;

interface Reads {
  readonly calls: number;
  readonly items: number;
}

/** @throws Error where a build makes more calls, or a second build reads more, the more there are */
export async function countListBuilds(): Promise<void> {
  console.log('tokens and revocations  list build  calls  items read');
  const builds = await Promise.all(sizes.map(readsOf));
  for (const [index, size] of sizes.entries()) {
    for (const [kind, { calls, items }] of Object.entries(builds[index] ?? {})) {
      console.log(
        `${String(size).padStart(22)}  ${kind.padStart(10)}  ${String(calls).padStart(5)}  ${String(items).padStart(10)}`,
      );
    }
  }
  const [fewest, most] = [builds[0], builds.at(-1)];
  if (!fewest || !most) throw new Error('nothing was built');
  for (const kind of ['cold', 'warm'] as const) {
    if (most[kind].calls > fewest[kind].calls)
      throw new Error(`a ${kind} build is not flat: ${most[kind].calls} calls`);
  }
  const ofTwoHours = Math.ceil(((sizes.at(-1) ?? 0) * 2) / (30 * 24));
  if (most.warm.items > perList + ofTwoHours) throw new Error(`a warm build is not flat: ${most.warm.items} items`);
}

/** Of an instance's first list, and of its next one. */
async function readsOf(size: number): Promise<{ readonly cold: Reads; readonly warm: Reads }> {
  const read = { calls: 0, items: 0 };
  const call = indexOf([...tokens(size), ...revocations(size)], read);
  const { readKeyring, sign } = makeWorld().cambio;
  const listRevocations = createListRevocations({ call, table: '', now: () => now, hours });
  const listTokens = createListTokens(call, '');
  const capabilities = { issuer: 'https://cambio.example', readKeyring, sign, listRevocations, listTokens };
  const build = async (): Promise<Reads> => {
    const before = { ...read };
    await makeStatusListToken('es256-a-0', { ...capabilities, countPositions: async () => 1 });
    return { calls: read.calls - before.calls, items: read.items - before.items };
  };
  return { cold: await build(), warm: await build() };
}

function tokens(size: number): readonly Item[] {
  return Array.from({ length: size }, (_, n) => ({
    listed: { S: listedTokens(`es256-a-${Math.floor(n / perList)}`) },
    statusIndex: { N: String(n % perList) },
    revocationKeys: { S: JSON.stringify([[`jti#${n}`, now]]) },
  }));
}

/** The last of them now. */
function revocations(size: number): readonly Item[] {
  return Array.from({ length: size }, (_, n) => ({
    pk: { S: `#revoked#jti#of-another-${n}` },
    issuedBefore: { N: String(now) },
    expiresAt: { N: String(now + 86_400) },
    listed: { S: listedRevocations(hourOf(now - Math.floor(((size - 1 - n) * 30 * 86_400) / size))) },
  }));
}

function indexOf(items: readonly Item[], read: { calls: number; items: number }): CallDynamoDb {
  const partitions = new Map<string, Item[]>();
  for (const item of items) {
    const name = item['listed']?.S ?? '';
    partitions.set(name, partitions.get(name) ?? []);
    partitions.get(name)?.push(item);
  }
  const query = ({ ExpressionAttributeValues, ExclusiveStartKey }: DynamoDbInput<'Query'>): DynamoDbOutput<'Query'> => {
    const all = partitions.get(ExpressionAttributeValues[':listed']?.S ?? '') ?? [];
    const start = Number(ExclusiveStartKey?.['at']?.N ?? 0);
    const page = all.slice(start, start + perPage);
    read.calls += 1;
    read.items += page.length;
    const end = start + page.length;
    return { Items: page, ...(end < all.length && { LastEvaluatedKey: { at: { N: String(end) } } }) };
  };
  // Lists are made of queries alone.
  return (async (_: 'Query', input: DynamoDbInput<'Query'>) => query(input)) as CallDynamoDb;
}
