// What holds a request back, in DynamoDB: revocations and suspensions by their keys, in one read. It is strongly consistent, so
// that what was revoked or suspended before it is seen on every instance.
import { setTimeout as delay } from 'node:timers/promises';
import { type FindHolds, maxRevocableBy, type RevocableBy } from '../../oauth/revocation/revocation.ts';
import { callDependency } from '../dependency.ts';
import type { CallDynamoDb, DynamoDbOutput, Item, KeysToRead } from '../dynamodb.ts';
import { suspendedKey } from './record-keys.ts';
import { revocationKey, revocationOf } from './revocations.ts';
import { isSuspension, suspensionOf } from './suspensions.ts';

/** Milliseconds before what DynamoDB left unread is asked for again, doubled each time. */
const firstDelay = 20;
const mostTries = 4;

/**
 * Finds what holds back, in reads of at most {@link maxRevocableBy} keys side by side; nothing is read where nothing can be
 * held. What DynamoDB leaves unread is asked for again; what is still unread then is a failure, never an answer.
 */
export function createFindHolds(call: CallDynamoDb, table: string, random: () => number): FindHolds {
  return ({ parts, names }) =>
    callDependency('dynamodb', async () => {
      const revocable = new Map<string, RevocableBy | undefined>();
      for (const part of parts) revocable.set(revocationKey(part), part);
      for (const name of names) revocable.set(suspendedKey(name), undefined);
      const keys = [...revocable.keys()];
      const chunks = Array.from({ length: Math.ceil(keys.length / maxRevocableBy) }, (_, index) =>
        keys.slice(index * maxRevocableBy, (index + 1) * maxRevocableBy),
      );
      const items = (await Promise.all(chunks.map((chunk) => readAll(call, table, chunk, random)))).flat();
      return {
        revocations: items
          .filter((item) => !isSuspension(item))
          .map((item) => revocationOf(item, revocable.get(item['pk']?.S ?? ''))),
        suspensions: items.filter(isSuspension).map(suspensionOf),
      };
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
