// What may be used once, recorded by a conditional write to DynamoDB: of any number of uses at once, one wins.
import { createHash } from 'node:crypto';
import { DeleteItemCommand, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { ExchangeCapabilities } from '../oauth/capabilities.ts';
import type { OneTimeUse } from '../oauth/client-authentication.ts';
import { callDependency } from './dependency.ts';
import { usedKey } from './record-keys.ts';

/**
 * Records a use; false when it was used before and has not expired since, compared here because DynamoDB deletes late.
 * @param now seconds since the epoch
 */
export function createUseOnce(
  client: DynamoDBClient,
  table: string,
  now: () => number,
): ExchangeCapabilities['useOnce'] {
  return (use) =>
    callDependency('dynamodb', async () => {
      const command = new PutItemCommand({
        TableName: table,
        Item: { pk: { S: keyOf(use) }, expiresAt: { N: String(use.expiresAt) } },
        ConditionExpression: 'attribute_not_exists(pk) OR expiresAt < :now',
        ExpressionAttributeValues: { ':now': { N: String(now()) } },
      });
      return client.send(command).then(() => true, takenIsFalse);
    });
}

/** Takes a use back. A failure is let be: the use then stays used, which is safe, and it expires. */
export function createRelease(client: DynamoDBClient, table: string): ExchangeCapabilities['release'] {
  return async (use) => {
    const command = new DeleteItemCommand({ TableName: table, Key: { pk: { S: keyOf(use) } } });
    await client.send(command).catch(() => undefined);
  };
}

// Issuer and jti are other people's text of any length and alphabet: hashed, neither can end a segment of the key.
function keyOf({ issuer, jti }: OneTimeUse): string {
  return usedKey(
    createHash('sha256')
      .update(JSON.stringify([issuer, jti]))
      .digest('hex'),
  );
}

function takenIsFalse(error: unknown): boolean {
  if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
  throw error;
}
