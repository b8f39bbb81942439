// Reference tokens in DynamoDB: the claims, under the hash of the handle. A write is durable when it returns, a read is
// strongly consistent.
import type { IssuedClaims } from '../../oauth/tokens/issued-token.ts';
import type { FindReference, RecordReference } from '../../oauth/tokens/reference-handle.ts';
import { callDependency } from '../dependency.ts';
import type { CallDynamoDb } from '../dynamodb.ts';
import { decisionKey, referenceKey } from './record-keys.ts';

/** Writes a reference token; its key cannot be taken but by 256 equal random bits. */
export function createRecordReference(call: CallDynamoDb, table: string): RecordReference {
  return ({ handleHash, claims, repeatable }) =>
    callDependency('dynamodb', async () => {
      const item = {
        pk: { S: referenceKey(handleHash) },
        jti: { S: claims.jti },
        claims: { S: JSON.stringify(claims) },
        expiresAt: { N: String(claims.exp) },
        ...(repeatable === true && { repeatable: { BOOL: true } }),
      };
      await call('PutItem', { TableName: table, Item: item });
    });
}

/**
 * Finds a reference token by the hash of its handle; expiry is the caller's to compare. Of several handles of one token
 * only the one its record names is alive.
 */
export function createFindReference(call: CallDynamoDb, table: string): FindReference {
  const get = async (pk: string) =>
    (await call('GetItem', { TableName: table, Key: { pk: { S: pk } }, ConsistentRead: true })).Item;
  return (handleHash) =>
    callDependency('dynamodb', async () => {
      const item = await get(referenceKey(handleHash));
      if (!item) return undefined;
      const isDead =
        item['repeatable']?.BOOL && (await get(decisionKey(item['jti']?.S ?? '')))?.['handleHash']?.S !== handleHash;
      return isDead ? undefined : (JSON.parse(item['claims']?.S ?? '') as IssuedClaims);
    });
}
