// Reference tokens in DynamoDB: the claims, under the hash of the handle. Durable when the write returns.
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { ExchangeCapabilities } from '../oauth/capabilities.ts';
import { callDependency } from './dependency.ts';
import { referenceKey } from './record-keys.ts';

/** Writes a reference token; its key cannot be taken but by 256 equal random bits. */
export function createRecordReference(client: DynamoDBClient, table: string): ExchangeCapabilities['recordReference'] {
  return ({ handleHash, claims }) =>
    callDependency('dynamodb', async () => {
      const item = {
        pk: { S: referenceKey(handleHash) },
        jti: { S: claims.jti },
        claims: { S: JSON.stringify(claims) },
        expiresAt: { N: String(claims.exp) },
      };
      await client.send(new PutItemCommand({ TableName: table, Item: item }));
    });
}
