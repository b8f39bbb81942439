// The audit trail in the template: nothing of it is deleted before its time, and nobody but its functions writes it.
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import type { AuditOptions } from '../../../infra/audit/audit-options.ts';
import { resourcesOf, templateOf } from '../synthesized.ts';

type Synthesized = ReturnType<typeof templateOf>;

const template = templateOf();
const bucketOf = (of: Synthesized) =>
  Object.entries(resourcesOf(of, 'AWS::S3::Bucket')).find(([id]) => id.includes('TrailBucket'))?.[1];
const withAudit = (audit: AuditOptions) => templateOf({ audit });
const rolesNamed = (part: string) => expect.objectContaining({ 'Fn::GetAtt': [expect.stringContaining(part), 'Arn'] });

describe('the bucket', () => {
  test('is locked for a year, versioned, encrypted, private and kept', () => {
    expect(bucketOf(template)).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      Properties: {
        ObjectLockEnabled: true,
        ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 365 } } },
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: { ServerSideEncryptionConfiguration: [expect.anything()] },
        PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
        LifecycleConfiguration: {
          Rules: [
            { Prefix: 'events/', ExpirationInDays: 366 },
            { Prefix: 'heads/', ExpirationInDays: 366 },
          ],
        },
      },
    });
    expect(JSON.stringify(bucketOf(template))).not.toContain('Transitions');
  });

  test('is locked, kept and archived as it is told', () => {
    const audit = { retention: Duration.days(2_555), mode: 'compliance', archiveAfter: Duration.days(90) } as const;
    expect(bucketOf(withAudit(audit))?.Properties).toMatchObject({
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 2_555 } } },
      LifecycleConfiguration: {
        Rules: ['events/', 'heads/'].map((Prefix) => ({
          ...{ Prefix, ExpirationInDays: 2_556 },
          Transitions: [{ StorageClass: 'GLACIER_IR', TransitionInDays: 90 }],
        })),
      },
    });
  });

  test('is written by the trail’s functions alone, over TLS', () => {
    const policies = JSON.stringify(resourcesOf(template, 'AWS::S3::BucketPolicy'));
    const [deny] = Object.values(resourcesOf(template, 'AWS::S3::BucketPolicy')).flatMap(({ Properties }) => {
      const { Statement } = Properties['PolicyDocument'] as unknown as {
        Statement: readonly { Sid?: string; Condition?: object }[];
      };
      return Statement.filter(({ Sid }) => Sid === 'OnlyFunctionsWrite');
    });
    expect(deny).toMatchObject({ Effect: 'Deny', Action: 's3:PutObject', Principal: { AWS: '*' } });
    expect(deny?.Condition).toEqual({
      StringNotEquals: { 'aws:PrincipalArn': ['WriterRole', 'SignerRole', 'SweeperRole'].map(rolesNamed) },
    });
    expect(policies).toContain('"aws:SecureTransport":"false"');
  });

  test('lets nobody delete, not even by a marker', () => {
    const policies = JSON.stringify(resourcesOf(template, 'AWS::S3::BucketPolicy'));
    expect(policies).toContain(
      '"Action":["s3:DeleteObject","s3:DeleteObjectVersion"],"Effect":"Deny","Principal":{"AWS":"*"}',
    );
  });

  test.each<[string, AuditOptions | false, string]>([
    ['no whole days', { retention: Duration.hours(36) }, 'audit.retention is whole days'],
    ['no days at all', { archiveAfter: Duration.days(0) }, 'audit.archiveAfter is whole days'],
    ['another mode', { mode: 'none' as 'governance' }, 'audit.mode must be governance or compliance'],
    [
      'an archive after the end',
      { retention: Duration.days(30), archiveAfter: Duration.days(30) },
      'archiveAfter is not before',
    ],
  ])('is not made with %s', (_what, audit, problem) => {
    expect(() => templateOf({ audit })).toThrow(problem);
  });
});

describe('the stream', () => {
  test('is read in order, for 20 hours, by halves where it fails, and what fails is kept whole', () => {
    const [source] = Object.values(resourcesOf(template, 'AWS::Lambda::EventSourceMapping'));
    expect(source?.Properties).toMatchObject({
      FunctionName: { Ref: expect.stringContaining('WriterLive') },
      EventSourceArn: { 'Fn::GetAtt': [expect.stringContaining('RecordsTable'), 'StreamArn'] },
      ...{ StartingPosition: 'TRIM_HORIZON', BisectBatchOnFunctionError: true },
      ...{ MaximumRecordAgeInSeconds: 72_000, MaximumRetryAttempts: -1, TumblingWindowInSeconds: 900 },
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [expect.stringContaining('Failures'), 'Arn'] } } },
    });
    expect(source?.Properties).not.toHaveProperty('ParallelizationFactor');
  });
});

test('heads are signed every 15 minutes by a key that one role may sign with', () => {
  const rules = Object.entries(resourcesOf(template, 'AWS::Events::Rule')).flatMap(([id, { Properties }]) =>
    id.includes('Audit') ? [Properties['ScheduleExpression']] : [],
  );
  expect(rules.sort()).toEqual(['cron(10 3 * * ? *)', 'rate(15 minutes)']);
  const [key] = Object.values(resourcesOf(template, 'AWS::KMS::Key')).filter(({ Properties }) =>
    JSON.stringify(Properties['Tags'] ?? []).includes('"audit"'),
  );
  expect(key).toMatchObject({
    DeletionPolicy: 'RetainExceptOnCreate',
    Properties: { KeySpec: 'ECC_NIST_P256', Tags: [{ Key: 'cambio:use', Value: 'audit' }] },
  });
  expect(JSON.stringify(key)).toContain('OnlyHeadsAreSigned');
});

test('the sweep reads the list of decisions; where not all are in it, the whole table if it is told to, and nothing otherwise', () => {
  const sweepOf = (of: Synthesized) => {
    const policies = Object.entries(resourcesOf(of, 'AWS::IAM::Policy')).filter(([id]) => id.includes('Sweeper'));
    const text = JSON.stringify(policies);
    return [policies.length, text.includes('dynamodb:Query'), text.includes('dynamodb:Scan')];
  };
  expect(sweepOf(template)).toEqual([1, true, false]);
  expect(sweepOf(templateOf({ decisionIndex: 'refusals' }))).toEqual([0, false, false]);
  expect(sweepOf(templateOf({ decisionIndex: 'refusals', audit: { sweepByScan: true } }))).toEqual([1, false, true]);
});

test('there is none where it is switched off, or the stack is on trial', () => {
  const partsOf = (of: Synthesized) => {
    const text = JSON.stringify(of.toJSON());
    return ['ObjectLockEnabled', 'StreamSpecification', 'EventSourceMapping'].map((part) => text.includes(part));
  };
  expect(partsOf(template)).toEqual([true, true, true]);
  expect(partsOf(templateOf({ audit: false }))).toEqual([false, false, false]);
  expect(partsOf(templateOf({ removalPolicy: RemovalPolicy.DESTROY }))).toEqual([false, false, false]);
  expect(() => templateOf({ removalPolicy: RemovalPolicy.DESTROY, audit: {} })).toThrow('a stack on trial has none');
});
