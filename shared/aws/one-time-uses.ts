// What may be used once, recorded by a conditional write to DynamoDB: of any number of uses at once, one wins.
import { createHash } from 'node:crypto';
import {
  type AttributeValue,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { ExchangeCapabilities } from '../oauth/capabilities.ts';
import { type OneTimeUse, retryWindow, type Taken, type UseClaim } from '../oauth/one-time-use.ts';
import { callDependency, isConditionFailed, unlessConditionFailed } from './dependency.ts';
import { usedKey } from './record-keys.ts';

/** The table, and the clock in seconds since the epoch. */
export interface UseStore {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly now: () => number;
}

/**
 * Takes a use. Whether an earlier one has expired is compared here, because DynamoDB deletes late; a second try of the
 * same write (`attempt`) finds its own and is the first still. Another request joins the holders of a use when it is
 * identical and comes within {@link retryWindow} of the first.
 */
export function createTakeUse(store: UseStore): ExchangeCapabilities['takeUse'] {
  return ({ use, attempt, claim }) =>
    callDependency('dynamodb', async () => {
      if (await takeFirst(store, use, { attempt, ...claim })) return { outcome: 'first' };
      return claim ? joinHolders(store, use, claim) : { outcome: 'used' };
    });
}

async function takeFirst(
  { client, table, now }: UseStore,
  use: OneTimeUse,
  held: { readonly attempt: string } & Partial<UseClaim>,
): Promise<boolean> {
  const { attempt, request, jti, at, status } = held;
  const command = new PutItemCommand({
    TableName: table,
    Item: {
      ...keyOf(use),
      expiresAt: { N: String(use.expiresAt) },
      attempt: { S: attempt },
      holders: { N: '1' },
      ...(request !== undefined && { requestHash: { S: request }, jti: { S: jti ?? '' }, at: { N: String(at) } }),
      ...(status && { statusList: { S: status.list }, statusIndex: { N: String(status.index) } }),
    },
    ConditionExpression: 'attribute_not_exists(pk) OR expiresAt < :now OR attempt = :attempt',
    ExpressionAttributeValues: { ':now': { N: String(now()) }, ':attempt': { S: attempt } },
  });
  return client.send(command).then(
    () => true,
    async (error: unknown) => {
      if (isConditionFailed(error)) return false;
      await forget({ client, table }, use, attempt);
      throw error;
    },
  );
}

/** A write that seemed to fail may have arrived: a token nobody was answered for must not be used up by it. */
async function forget({ client, table }: Pick<UseStore, 'client' | 'table'>, use: OneTimeUse, attempt: string) {
  const command = new DeleteItemCommand({
    TableName: table,
    Key: keyOf(use),
    ConditionExpression: 'attempt = :attempt AND holders = :one',
    ExpressionAttributeValues: { ':attempt': { S: attempt }, ':one': { N: '1' } },
  });
  await client.send(command).catch(() => undefined);
}

/** The first request's answer is made again from what it left here. `at` needs an alias: it is a reserved word. */
async function joinHolders({ client, table, now }: UseStore, use: OneTimeUse, claim: UseClaim): Promise<Taken> {
  const command = new UpdateItemCommand({
    TableName: table,
    Key: keyOf(use),
    UpdateExpression: 'ADD holders :one',
    ConditionExpression: 'requestHash = :request AND #at >= :since',
    ExpressionAttributeNames: { '#at': 'at' },
    ExpressionAttributeValues: {
      ':one': { N: '1' },
      ':request': { S: claim.request },
      ':since': { N: String(now() - retryWindow) },
    },
    ReturnValues: 'ALL_NEW',
  });
  const joined = await unlessConditionFailed(client.send(command));
  if (!joined?.Attributes) return { outcome: 'used' };
  const { Attributes } = joined;
  return { outcome: 'again', claim: { ...claim, ...firstOf(Attributes) } };
}

function firstOf(item: Readonly<Record<string, AttributeValue>>): Omit<UseClaim, 'request'> {
  const { jti, at, statusList, statusIndex } = item;
  const status = statusList?.S === undefined ? undefined : { list: statusList.S, index: Number(statusIndex?.N) };
  return { jti: jti?.S ?? '', at: Number(at?.N), status };
}

/**
 * Gives a use back. It is free again once nobody holds it: identical requests hold it together, and one that failed must
 * not free what another was answered for. A failure is let be: the use then stays taken, which is safe, and it expires.
 */
export function createRelease({ client, table }: Pick<UseStore, 'client' | 'table'>): ExchangeCapabilities['release'] {
  return async ({ use }) => {
    const left = new UpdateItemCommand({
      TableName: table,
      Key: keyOf(use),
      UpdateExpression: 'ADD holders :minusOne',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':minusOne': { N: '-1' } },
    });
    const free = new DeleteItemCommand({
      TableName: table,
      Key: keyOf(use),
      ConditionExpression: 'holders <= :none',
      ExpressionAttributeValues: { ':none': { N: '0' } },
    });
    await client
      .send(left)
      .then(() => client.send(free))
      .catch(() => undefined);
  };
}

// Issuer and jti are other people's text of any length and alphabet: hashed, neither can end a segment of the key.
function keyOf({ issuer, jti }: OneTimeUse): { readonly pk: { readonly S: string } } {
  const hash = createHash('sha256')
    .update(JSON.stringify([issuer, jti]))
    .digest('hex');
  return { pk: { S: usedKey(hash) } };
}
