// Revocations in DynamoDB: one item for each thing revoked, found by its name. A write is durable when it returns.
import { revokedHash } from '../../oauth/revocation/kept-value.ts';
import type { RecordRevocation, RevocableBy, Revocation } from '../../oauth/revocation/revocation.ts';
import { callDependency, unlessConditionFailed } from '../dependency.ts';
import type { CallDynamoDb, Item } from '../dynamodb.ts';
import { hourOf, listedRevocations, revocationNameOf, revokedKey } from './record-keys.ts';

/**
 * Writes a revocation; of two for the same thing the one that hits more, or for longer, stays, in whatever order they
 * come. Writing one again changes nothing.
 */
export function createRecordRevocation(call: CallDynamoDb, table: string): RecordRevocation {
  return (revocation) =>
    callDependency('dynamodb', async () => {
      const {
        by,
        value,
        kept = value,
        issuedBefore,
        expiresAt,
        reason,
        at,
        principal,
        listed,
        sufficient,
      } = revocation;
      const number = (n: number) => ({ N: String(n) });
      const item = {
        pk: { S: revocationKey(revocation) },
        by: { S: by },
        value: { S: kept },
        issuedBefore: number(issuedBefore),
        expiresAt: number(expiresAt),
        reason: { S: reason },
        at: number(at),
        principal: { S: principal },
        ...(listed && { listed: { S: listedRevocations(hourOf(at)) } }),
      };
      const write = call('PutItem', {
        TableName: table,
        Item: item,
        ...(sufficient === undefined
          ? {
              ConditionExpression:
                'attribute_not_exists(pk) OR expiresAt <= :now OR issuedBefore < :issuedBefore OR (issuedBefore = :issuedBefore AND expiresAt < :expiresAt)',
              ExpressionAttributeValues: {
                ':issuedBefore': number(issuedBefore),
                ':expiresAt': number(expiresAt),
                ':now': number(at),
              },
            }
          : {
              ConditionExpression:
                'attribute_not_exists(pk) OR expiresAt <= :now OR (issuedBefore < :issuedBefore AND (issuedBefore < :sufficient OR issuedBefore < #at))',
              ExpressionAttributeNames: { '#at': 'at' },
              ExpressionAttributeValues: {
                ':issuedBefore': number(issuedBefore),
                ':sufficient': number(sufficient),
                ':now': number(at),
              },
            }),
      });
      await unlessConditionFailed(write);
    });
}

/**
 * A revocation, from its item.
 * @param asked what was looked up by the item's key; what the item itself keeps of its value may be a hash
 */
export function revocationOf(item: Item, asked: Pick<RevocableBy, 'by' | 'value'> | undefined): Revocation {
  return {
    by: asked?.by ?? (item['by']?.S as Revocation['by']),
    value: asked?.value ?? item['value']?.S ?? '',
    issuedBefore: Number(item['issuedBefore']?.N),
    expiresAt: Number(item['expiresAt']?.N),
  };
}

/** The key of what revokes by this. */
export function revocationKey({ by, value }: Pick<RevocableBy, 'by' | 'value'>): string {
  return revokedKey(by, revokedHash(value));
}

/** What the record of a token says of one thing by which it can be revoked. */
export function revocationName(description: Pick<RevocableBy, 'by' | 'value'>): string {
  return revocationNameOf(revocationKey(description));
}
