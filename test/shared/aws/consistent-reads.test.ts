// What must be known at once is read from DynamoDB strongly consistent: no engine that runs here lags, so the requests are read.
import { BatchGetItemCommand, type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { createFindDecision } from '../../../shared/aws/decision-records.ts';
import { createFindReference } from '../../../shared/aws/reference-tokens.ts';
import { createFindRevocations } from '../../../shared/aws/revocations.ts';
import { createCountPositions } from '../../../shared/aws/status-positions.ts';
import { table } from './on-every-engine.ts';

const reference = { claims: { S: '{}' }, jti: { S: 'j' }, repeatable: { BOOL: true }, handleHash: { S: 'hash' } };

/** A client that answers every read, and the `ConsistentRead` of each. */
function readingClient() {
  const consistent: unknown[] = [];
  const send = async (command: unknown) => {
    if (command instanceof BatchGetItemCommand) {
      consistent.push(...Object.values(command.input.RequestItems ?? {}).map(({ ConsistentRead }) => ConsistentRead));
    }
    if (command instanceof GetItemCommand) consistent.push(command.input.ConsistentRead);
    return { Item: reference, Responses: {} };
  };
  return { client: { send } as unknown as DynamoDBClient, consistent };
}

test.each<[string, number, (client: DynamoDBClient) => Promise<unknown>]>([
  [
    'revocations',
    1,
    (client) => createFindRevocations(client, table, () => 0)([{ by: 'jti', value: 'j', issuedAt: 1 }]),
  ],
  ['a reference token, and which of its handles is alive', 2, (client) => createFindReference(client, table)('hash')],
  ['a decision', 1, (client) => createFindDecision(client, table)('d')],
  ['the positions of a series', 1, (client) => createCountPositions({ client, table, now: () => 1 })('es256-a')],
])('%s', async (_what, reads, read) => {
  const { client, consistent } = readingClient();
  await read(client);
  expect(consistent).toEqual(Array.from({ length: reads }, () => true));
});
