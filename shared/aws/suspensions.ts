// Suspensions in DynamoDB: one item for each name. A write is durable when it returns. The list comes from the index `listed`,
// eventually consistent; whether a request is held back is read from the table.
import { holds, type SuspendableName, type Suspension } from '../oauth/revocation/suspension.ts';
import { callDependency } from './dependency.ts';
import type { CallDynamoDb, Item } from './dynamodb.ts';
import { queryListed } from './listed-items.ts';
import { isSuspendedKey, listedSuspensions, suspendedKey } from './record-keys.ts';

/** Writes a suspension; a later one of the same name replaces it. */
export function createRecordSuspension(call: CallDynamoDb, table: string): (suspension: Suspension) => Promise<void> {
  return (suspension) =>
    callDependency('dynamodb', async () => {
      const item = { ...itemOf(suspension), listed: { S: listedSuspensions } };
      await call('PutItem', { TableName: table, Item: item });
    });
}

/**
 * Ends a suspension, also one that is not there: the item stays until it is swept, as everything here does, and says who
 * ended it.
 */
export function createEndSuspension(
  call: CallDynamoDb,
  table: string,
): (ended: SuspendableName & { readonly at: number; readonly principal: string }) => Promise<void> {
  return (ended) =>
    callDependency('dynamodb', async () => {
      const item = itemOf({ ...ended, reason: 'ended', until: ended.at });
      await call('PutItem', { TableName: table, Item: item });
    });
}

/**
 * The suspensions that hold, by kind and name.
 * @param now epoch seconds
 */
export function createListSuspensions(
  call: CallDynamoDb,
  table: string,
  now: () => number,
): () => Promise<readonly Suspension[]> {
  const key = ({ kind, name }: SuspendableName): string => `${kind} ${name}`;
  return () =>
    callDependency('dynamodb', async () => {
      const found = (await queryListed(call, table, listedSuspensions)).map(suspensionOf);
      return found.filter((one) => holds(one, now())).sort((a, b) => (key(a) < key(b) ? -1 : 1));
    });
}

/** Whether an item is a suspension, by its key. */
export function isSuspension(item: Item): boolean {
  return isSuspendedKey(item['pk']?.S ?? '');
}

export function suspensionOf(item: Item): Suspension {
  const { kind, name, reason, until, at, principal } = item;
  return {
    kind: kind?.S as Suspension['kind'],
    name: name?.S ?? '',
    reason: reason?.S ?? '',
    ...(until?.N !== undefined && { until: Number(until.N) }),
    at: Number(at?.N),
    principal: principal?.S ?? '',
  };
}

/** `expiresAt` is there for the sweep alone: whether it holds is asked of `until`. */
function itemOf(suspension: Suspension): Item {
  const { kind, name, reason, until, at, principal } = suspension;
  const end = until === undefined ? undefined : { N: String(until) };
  return {
    pk: { S: suspendedKey(suspension) },
    kind: { S: kind },
    name: { S: name },
    reason: { S: reason },
    at: { N: String(at) },
    principal: { S: principal },
    ...(end && { until: end, expiresAt: end }),
  };
}
