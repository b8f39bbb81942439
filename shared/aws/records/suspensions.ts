// Suspensions in DynamoDB: one item for each name. A write is durable when it returns. Which names have one is
// asked of the index `listed`, eventually consistent; whether a request is held back is read from the table.
import type { FindHolds } from '../../oauth/revocation/revocation.ts';
import { holds, type SuspendableName, type Suspension } from '../../oauth/revocation/suspension.ts';
import { callDependency } from '../dependency.ts';
import type { CallDynamoDb, Item } from '../dynamodb.ts';
import { queryListed } from './listed-items.ts';
import { isSuspendedKey, listedSuspensions, suspendedKey, suspendedName } from './record-keys.ts';

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

export interface SuspensionsList {
  readonly call: CallDynamoDb;
  readonly table: string;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly findHolds: FindHolds;
}

/** The suspensions that hold, by kind and name: the index says of which names there are any, the table what they are. */
export function createListSuspensions({ call, table, now, findHolds }: SuspensionsList) {
  const key = ({ kind, name }: SuspendableName): string => `${kind} ${name}`;
  return async (): Promise<readonly Suspension[]> => {
    const listed = await callDependency('dynamodb', () => queryListed(call, table, listedSuspensions));
    const names = listed.map((item) => suspendedName(item['pk']?.S ?? '') as SuspendableName);
    const { suspensions } = await findHolds({ parts: [], names });
    return suspensions.filter((one) => holds(one, now())).sort((a, b) => (key(a) < key(b) ? -1 : 1));
  };
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
