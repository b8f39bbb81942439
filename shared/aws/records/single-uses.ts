// What may be used once, recorded by a conditional write to DynamoDB: of any number of uses at once, one wins.
import { hash } from 'node:crypto';
import {
  type Asserted,
  type ReleaseUse,
  retryWindow,
  type SingleUse,
  type Taken,
  type TakeUse,
  type Taking,
  type UsePurpose,
} from '../../oauth/verify/single-use.ts';
import { callDependency, unlessConditionFailed } from '../dependency.ts';
import type { CallDynamoDb, Item } from '../dynamodb.ts';
import { usedKey } from './record-keys.ts';

/** The table, and the time in seconds since the epoch. */
export interface UseStore {
  readonly call: CallDynamoDb;
  readonly table: string;
  readonly now: () => number;
}

/** Most requests that hold one use: answers are lost a few times, and the item must not grow without end. */
const mostHolders = 200;

/**
 * Takes a use. Whether an earlier one has expired is compared here, because DynamoDB deletes late. Another request joins
 * the holders of a use when it is identical and comes within {@link retryWindow} of the first. Holders are a set of
 * attempts: a write that is sent twice, because its answer was lost, does the same as once.
 */
export function createTakeUse(store: UseStore): TakeUse {
  const release = createRelease(store);
  return (taking) =>
    callDependency('dynamodb', async () => {
      try {
        if (await takeFirst(store, taking)) return { outcome: 'first' };
        return taking.purpose ? await joinHolders(store, taking, taking.purpose) : { outcome: 'used' };
      } catch (error) {
        // A write that seemed to fail may have arrived; it must not use up a token that nobody got an answer for.
        await release(taking);
        throw error;
      }
    });
}

/** Whether the use was free: never taken, expired, given back by all who held it, or taken by this very write. */
async function takeFirst({ call, table, now }: UseStore, { use, attempt, purpose }: Taking): Promise<boolean> {
  const write = call('PutItem', {
    TableName: table,
    Item: {
      ...keyOf(use),
      expiresAt: { N: String(use.expiresAt) },
      attempt: { S: attempt },
      holders: { SS: [attempt] },
      ...(purpose && itemOf(purpose)),
    },
    ConditionExpression:
      'attribute_not_exists(pk) OR expiresAt < :now OR attribute_not_exists(holders) OR (attempt = :attempt AND holders = :mine)',
    ExpressionAttributeValues: {
      ':now': { N: String(now()) },
      ':attempt': { S: attempt },
      ':mine': { SS: [attempt] },
    },
  });
  return (await unlessConditionFailed(write)) !== undefined;
}

function itemOf({ request, jti, at, status, asserted }: UsePurpose): Item {
  return {
    requestHash: { S: request },
    jti: { S: jti },
    at: { N: String(at) },
    ...(status && { statusList: { S: status.list }, statusIndex: { N: String(status.index) } }),
    ...(asserted && { asserted: { S: JSON.stringify(asserted) } }),
  };
}

/** The first request's answer is made again from what it left here. `at` needs an alias: it is a reserved word. */
async function joinHolders(
  { call, table, now }: UseStore,
  { use, attempt }: Taking,
  purpose: UsePurpose,
): Promise<Taken> {
  const write = call('UpdateItem', {
    TableName: table,
    Key: keyOf(use),
    UpdateExpression: 'ADD holders :mine',
    ConditionExpression:
      'requestHash = :request AND #at >= :since AND (attribute_not_exists(holders) OR size(holders) < :most)',
    ExpressionAttributeNames: { '#at': 'at' },
    ExpressionAttributeValues: {
      ':mine': { SS: [attempt] },
      ':request': { S: purpose.request },
      ':since': { N: String(now() - retryWindow) },
      ':most': { N: String(mostHolders) },
    },
    ReturnValues: 'ALL_NEW',
  });
  const Attributes = (await unlessConditionFailed(write))?.Attributes;
  if (!Attributes) return { outcome: 'used' };
  // Others joined before the second try of the first request’s own write.
  if (Attributes['attempt']?.S === attempt) return { outcome: 'first' };
  return { outcome: 'again', purpose: { ...purpose, ...firstOf(Attributes) } };
}

function firstOf(item: Item): Omit<UsePurpose, 'request'> {
  const { jti, at, statusList, statusIndex, asserted } = item;
  const status = statusList?.S === undefined ? undefined : { list: statusList.S, index: Number(statusIndex?.N) };
  // Without it, the assertion that came now is named.
  const first = asserted?.S === undefined ? {} : { asserted: JSON.parse(asserted.S) as Asserted };
  return { jti: jti?.S ?? '', at: Number(at?.N), status, ...first };
}

/**
 * Gives back this request's hold on a use; the use is free once nobody holds it. Identical requests hold it together, and one
 * that failed must not free what another was answered for. A failure here is ignored: the use then stays taken until it expires,
 * which is safe.
 */
export function createRelease({ call, table }: Pick<UseStore, 'call' | 'table'>): ReleaseUse {
  return async ({ use, attempt }) => {
    const write = call('UpdateItem', {
      TableName: table,
      Key: keyOf(use),
      UpdateExpression: 'DELETE holders :mine',
      // Without this condition, a release where there is no item would make one.
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':mine': { SS: [attempt] } },
    });
    await write.catch(() => undefined);
  };
}

// Issuer and jti are other people's text of any length and alphabet: hashed, neither can end a segment of the key.
function keyOf({ issuer, jti }: SingleUse): { readonly pk: { readonly S: string } } {
  return { pk: { S: usedKey(hash('sha256', JSON.stringify([issuer, jti]), 'hex')) } };
}
