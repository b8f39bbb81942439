// Revocations in DynamoDB: one item for each thing revoked, found by its name. A write is durable when it returns; a read is
// strongly consistent, so that what was revoked before it is seen on every instance.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type FindRevocations,
  maxRevocableBy,
  type RecordRevocation,
  type RevocableBy,
  type Revocation,
} from '../oauth/revocation/revocation.ts';
import { callDependency, unlessConditionFailed } from './dependency.ts';
import type { CallDynamoDb, DynamoDbOutput, Item, KeysToRead } from './dynamodb.ts';
import { listedRevocations, revocationNameOf, revokedKey } from './record-keys.ts';

/** Milliseconds before what DynamoDB left unread is asked for again, doubled each time. */
const firstDelay = 20;
const mostTries = 4;

/**
 * Writes a revocation; of two for the same thing the one that hits more, or for longer, stays, in whatever order they
 * come. Writing one again changes nothing.
 */
export function createRecordRevocation(call: CallDynamoDb, table: string): RecordRevocation {
  return (revocation) =>
    callDependency('dynamodb', async () => {
      const { by, value, issuedBefore, expiresAt, reason, at, principal } = revocation;
      const number = (n: number) => ({ N: String(n) });
      const item = {
        pk: { S: keyOf(revocation) },
        by: { S: by },
        value: { S: value },
        issuedBefore: number(issuedBefore),
        expiresAt: number(expiresAt),
        reason: { S: reason },
        at: number(at),
        principal: { S: principal },
        listed: { S: listedRevocations },
      };
      const write = call('PutItem', {
        TableName: table,
        Item: item,
        ConditionExpression:
          'attribute_not_exists(pk) OR issuedBefore < :issuedBefore OR (issuedBefore = :issuedBefore AND expiresAt < :expiresAt) OR expiresAt <= :now',
        ExpressionAttributeValues: {
          ':issuedBefore': number(issuedBefore),
          ':expiresAt': number(expiresAt),
          ':now': number(at),
        },
      });
      await unlessConditionFailed(write);
    });
}

/**
 * Finds the revocations that speak of any of `parts`, in reads of at most {@link maxRevocableBy} keys side by side.
 * What DynamoDB leaves unread is asked for again; what is still unread then is a failure, never an answer.
 */
export function createFindRevocations(call: CallDynamoDb, table: string, random: () => number): FindRevocations {
  return (parts) =>
    callDependency('dynamodb', async () => {
      const keys = [...new Set(parts.map(keyOf))];
      const chunks = Array.from({ length: Math.ceil(keys.length / maxRevocableBy) }, (_, index) =>
        keys.slice(index * maxRevocableBy, (index + 1) * maxRevocableBy),
      );
      const items = await Promise.all(chunks.map((chunk) => readAll(call, table, chunk, random)));
      return items.flat().map(fromItem);
    });
}

async function readAll(
  call: CallDynamoDb,
  table: string,
  keys: readonly string[],
  random: () => number,
): Promise<readonly Item[]> {
  const found: Item[] = [];
  let wanted: KeysToRead | undefined = {
    Keys: keys.map((pk) => ({ pk: { S: pk } })),
    ConsistentRead: true,
  };
  for (let attempt = 0; wanted; attempt += 1) {
    if (attempt === mostTries) throw new Error('keys are still unprocessed');
    if (attempt > 0) await delay(firstDelay * 2 ** attempt * random());
    const answer: DynamoDbOutput<'BatchGetItem'> = await call('BatchGetItem', { RequestItems: { [table]: wanted } });
    found.push(...(answer.Responses?.[table] ?? []));
    wanted = answer.UnprocessedKeys?.[table];
  }
  return found;
}

function fromItem(item: Item): Revocation {
  return {
    by: item['by']?.S as Revocation['by'],
    value: item['value']?.S ?? '',
    issuedBefore: Number(item['issuedBefore']?.N),
    expiresAt: Number(item['expiresAt']?.N),
  };
}

function keyOf({ by, value }: Pick<RevocableBy, 'by' | 'value'>): string {
  return revokedKey(by, createHash('sha256').update(value).digest('hex'));
}

/** What the record of a token says of one thing by which it can be revoked. */
export function revocationName(description: Pick<RevocableBy, 'by' | 'value'>): string {
  return revocationNameOf(keyOf(description));
}
