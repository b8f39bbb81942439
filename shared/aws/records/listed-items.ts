// The index `listed`: the tokens of one Status List, and the revocations made lately. DynamoDB queries, eventually consistent
// as an index is; what must be known at once is read from the table.
import type {
  KnownRevocations,
  ListedRevocation,
  ListedToken,
  StatusListCapabilities,
} from '../../oauth/status-list/status-list-token.ts';
import { callDependency } from '../dependency.ts';
import type { CallDynamoDb, DynamoDbOutput, Item } from '../dynamodb.ts';
import { hourOf, listedIndex, listedRevocations, listedTokens, revocationNameOf } from './record-keys.ts';

/** Lists what the records of one list's tokens say of them. */
export function createListTokens(call: CallDynamoDb, table: string): StatusListCapabilities['listTokens'] {
  return (list) =>
    callDependency('dynamodb', async () => (await queryListed(call, table, listedTokens(list))).map(tokenOf));
}

export interface ListRevocationsOptions {
  readonly call: CallDynamoDb;
  readonly table: string;
  /** Seconds since the epoch. */
  readonly now: () => number;
  /** How far back what can be shown may have been revoked. */
  readonly hours: number;
}

/** Seconds by which the clock of who wrote a revocation may differ from ours, and the index lag behind. */
const tolerance = 300;

/**
 * Lists the revocations of so many hours at least, queried hour by hour side by side. Nothing is added to an hour that ended
 * some time ago: what it held is remembered, and an instance that did this before queries one or two.
 */
export function createListRevocations({ call, table, now, hours }: ListRevocationsOptions) {
  const closed = new Map<number, readonly ListedRevocation[]>();
  const revocationsOf = async (hour: number, at: number): Promise<readonly ListedRevocation[]> => {
    const known = closed.get(hour);
    if (known) return known;
    const revocations = (await queryListed(call, table, listedRevocations(hour))).map(revocationOf);
    if ((hour + 1) * 3_600 + tolerance < at) closed.set(hour, revocations);
    return revocations;
  };
  return (): Promise<KnownRevocations> =>
    callDependency('dynamodb', async () => {
      const at = now();
      const [first, last] = [hourOf(at - hours * 3_600), hourOf(at + tolerance)];
      for (const hour of closed.keys()) if (hour < first) closed.delete(hour);
      const wanted = Array.from({ length: last - first + 1 }, (_, index) => first + index);
      const found = await Promise.all(wanted.map((hour) => revocationsOf(hour, at)));
      return { at, revocations: distinct(found.flat()) };
    });
}

/** A revocation made again is in another hour, and may still be remembered of the one before. */
function distinct(revocations: readonly ListedRevocation[]): readonly ListedRevocation[] {
  const byKey = new Map<string, ListedRevocation>();
  for (const one of revocations) {
    const { issuedBefore, expiresAt } = byKey.get(one.key) ?? one;
    byKey.set(one.key, {
      key: one.key,
      issuedBefore: Math.max(issuedBefore, one.issuedBefore),
      expiresAt: Math.max(expiresAt, one.expiresAt),
    });
  }
  return [...byKey.values()];
}

/** All items of one partition of the index. */
export async function queryListed(call: CallDynamoDb, table: string, listed: string): Promise<readonly Item[]> {
  const input = {
    TableName: table,
    IndexName: listedIndex,
    KeyConditionExpression: 'listed = :listed',
    ExpressionAttributeValues: { ':listed': { S: listed } },
  };
  const items: Item[] = [];
  for await (const page of pagesOf((from) => call('Query', { ...input, ...from }))) items.push(...page);
  return items;
}

type ReadPage = (from: { readonly ExclusiveStartKey?: Item }) => Promise<DynamoDbOutput<'Query' | 'Scan'>>;

/** The items of a query or scan, page by page for as long as somebody asks for the next. */
export async function* pagesOf(read: ReadPage): AsyncGenerator<readonly Item[]> {
  for (let next: Item | undefined, isFirst = true; isFirst || next; isFirst = false) {
    const page = await read(next ? { ExclusiveStartKey: next } : {});
    yield page.Items ?? [];
    next = page.LastEvaluatedKey;
  }
}

function tokenOf(item: Item): ListedToken {
  return {
    index: Number(item['statusIndex']?.N),
    revocationKeys: JSON.parse(item['revocationKeys']?.S ?? '[]') as ListedToken['revocationKeys'],
  };
}

function revocationOf(item: Item): ListedRevocation {
  return {
    key: revocationNameOf(item['pk']?.S ?? ''),
    issuedBefore: Number(item['issuedBefore']?.N),
    expiresAt: Number(item['expiresAt']?.N),
  };
}
