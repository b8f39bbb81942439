// What must be known at once is read from DynamoDB strongly consistent: no engine that runs here lags, so the requests are read.
import { expect, test } from 'vitest';
import type { CallDynamoDb, DynamoDbInput } from '../../../../shared/aws/dynamodb.ts';
import { createFindDecision } from '../../../../shared/aws/records/decision-records.ts';
import { createFindHolds } from '../../../../shared/aws/records/holds.ts';
import { createFindReference } from '../../../../shared/aws/records/reference-tokens.ts';
import { createCountPositions } from '../../../../shared/aws/records/status-positions.ts';
import { table } from '../on-every-engine.ts';

const reference = { claims: { S: '{}' }, jti: { S: 'j' }, repeatable: { BOOL: true }, handleHash: { S: 'hash' } };

/** Answers every read, and keeps the `ConsistentRead` of each. */
function reading() {
  const consistent: unknown[] = [];
  const call = async (operation: string, input: object) => {
    if (operation === 'BatchGetItem') {
      const { RequestItems } = input as DynamoDbInput<'BatchGetItem'>;
      consistent.push(...Object.values(RequestItems).map(({ ConsistentRead }) => ConsistentRead));
    }
    if (operation === 'GetItem') consistent.push((input as DynamoDbInput<'GetItem'>).ConsistentRead);
    return { Item: reference, Responses: {} };
  };
  return { call: call as CallDynamoDb, consistent };
}

test.each<[string, number, (call: CallDynamoDb) => Promise<unknown>]>([
  [
    'revocations',
    1,
    (call) => createFindHolds(call, table, () => 0)({ parts: [{ by: 'jti', value: 'j', issuedAt: 1 }], names: [] }),
  ],
  ['a reference token, and which of its handles is alive', 2, (call) => createFindReference(call, table)('hash')],
  ['a decision', 1, (call) => createFindDecision(call, table)('d')],
  ['the positions of a series', 1, (call) => createCountPositions({ call, table, now: () => 1 })('es256-a')],
])('%s', async (_what, reads, read) => {
  const { call, consistent } = reading();
  await read(call);
  expect(consistent).toEqual(Array.from({ length: reads }, () => true));
});
