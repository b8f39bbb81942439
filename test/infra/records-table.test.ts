import { expect, test } from 'vitest';
import { resourcesOf, templateOf } from './synthesized.ts';

const tables = Object.values(resourcesOf(templateOf(), 'AWS::DynamoDB::GlobalTable'));

test('one table on demand in the Region of the stack, encrypted, recoverable to a point in time, and hard to delete', () => {
  expect(tables).toHaveLength(1);
  expect(tables[0]?.Properties).toEqual({
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'listed', AttributeType: 'S' },
      { AttributeName: 'decided', AttributeType: 'S' },
      { AttributeName: 'at', AttributeType: 'N' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'listed',
        KeySchema: [{ AttributeName: 'listed', KeyType: 'HASH' }],
        Projection: {
          ProjectionType: 'INCLUDE',
          NonKeyAttributes: ['statusIndex', 'revocationKeys', 'issuedBefore', 'expiresAt'],
        },
      },
      {
        IndexName: 'decided',
        KeySchema: [
          { AttributeName: 'decided', KeyType: 'HASH' },
          { AttributeName: 'at', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['reason', 'expiresAt'] },
      },
    ],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
    Replicas: [
      {
        Region: { Ref: 'AWS::Region' },
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        GlobalSecondaryIndexes: [{ IndexName: 'listed' }, { IndexName: 'decided' }],
      },
    ],
  });
  expect(tables[0]?.DeletionPolicy).toBe('Retain');
});
