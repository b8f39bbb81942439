// The record of what was issued: one conditional write to DynamoDB, durable before the token leaves.
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { ExchangeCapabilities, IssuanceRecord } from '../oauth/exchange.ts';
import { callDependency } from './dependency.ts';
import { issuedKey } from './record-keys.ts';

type Item = Record<string, { S: string } | { N: string }>;

/** Seconds a record outlives its token, so that a late clock still finds it. */
const keepAfterExpiry = 300;

/**
 * Writes the record unless its key is taken. A retry whose first try did arrive finds its own record, by its
 * `decisionId`, and that is success.
 */
export function createRecord(client: DynamoDBClient, table: string): ExchangeCapabilities['record'] {
  return (issuance) =>
    callDependency('dynamodb', async () => {
      await client.send(
        new PutItemCommand({
          TableName: table,
          Item: toItem(issuance),
          ConditionExpression: 'attribute_not_exists(pk) OR decisionId = :decision',
          ExpressionAttributeValues: { ':decision': { S: issuance.decisionId } },
        }),
      );
    });
}

function toItem(issuance: IssuanceRecord): Item {
  const { jti, expiresAt: exp, ...facts } = issuance;
  const item: Item = {
    pk: { S: issuedKey(jti) },
    exp: { N: String(exp) },
    expiresAt: { N: String(exp + keepAfterExpiry) },
  };
  for (const [name, value] of Object.entries(facts)) {
    if (typeof value === 'number') item[name] = { N: String(value) };
    if (typeof value === 'string') item[name] = { S: value };
  }
  return item;
}
