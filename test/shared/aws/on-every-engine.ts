// Storage tests run on every DynamoDB there is: each engine with an empty records table of its own.
import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, type TestAPI, test } from 'vitest';
import { clientOf, type DynamoDbEngine, engines } from '../../dynamodb-engines.ts';

export const table = 'records';

/** Tests against the table of one engine; `store()` is its client, `on` skips where the engine is not installed. */
export function onEveryEngine(
  body: (store: () => DynamoDBClient, on: TestAPI | ReturnType<TestAPI['skipIf']>) => void,
) {
  describe.each(engines)('on $name', (engine) => {
    let running: Awaited<ReturnType<DynamoDbEngine['start']>> | undefined;
    let client: DynamoDBClient | undefined;
    beforeAll(async () => {
      if (!engine.available) return;
      running = await engine.start();
      client = clientOf(running);
      await client.send(
        new CreateTableCommand({
          TableName: table,
          AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
        }),
      );
    });
    afterAll(() => running?.close());
    const store = (): DynamoDBClient => {
      if (!client) throw new Error('the engine is not running');
      return client;
    };
    body(store, test.skipIf(!engine.available));
  });
}
