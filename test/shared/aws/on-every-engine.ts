// Storage tests run on every DynamoDB there is, and in both ways in which functions call it: each with an empty records table of
// its own.
import { afterAll, beforeAll, describe, type TestAPI, test } from 'vitest';
import type { CallDynamoDb } from '../../../shared/aws/dynamodb.ts';
import { clientOf, createTable, type DynamoDbEngine, stores } from '../../dynamodb-engines.ts';

export const table = 'records';

type Test = TestAPI | ReturnType<TestAPI['skipIf']>;

/** Tests against the table of one engine; `store()` calls it, `on` skips where the engine is not installed. */
export function onEveryEngine(
  body: (store: () => CallDynamoDb, on: Test, engine: { readonly name: string }) => void,
  among = stores,
) {
  describe.each(among)('on $name', ({ name, engine, callOf }) => {
    let running: Awaited<ReturnType<DynamoDbEngine['start']>> | undefined;
    let call: CallDynamoDb | undefined;
    beforeAll(async () => {
      if (!engine.available) return;
      running = await engine.start();
      call = callOf(running);
      await createTable(clientOf(running), {
        TableName: table,
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'listed', AttributeType: 'S' },
        ],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'listed',
            KeySchema: [{ AttributeName: 'listed', KeyType: 'HASH' }],
            Projection: {
              ProjectionType: 'INCLUDE',
              NonKeyAttributes: ['statusIndex', 'revocationKeys', 'issuedBefore', 'expiresAt'],
            },
          },
        ],
        BillingMode: 'PAY_PER_REQUEST',
      });
    });
    afterAll(() => running?.close());
    const store = (): CallDynamoDb => {
      if (!call) throw new Error('the engine is not running');
      return call;
    };
    body(store, test.skipIf(!engine.available), { name });
  });
}
