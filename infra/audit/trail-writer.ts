// The one function that reads the stream of the records table and writes the audit trail; what it cannot write goes to a bucket of
// its own.
import { Duration, Validations } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { EndpointFunction, type Settings } from '../endpoints/endpoint-function.ts';
import type { RecordsTable } from '../records-table.ts';
import { guardedBucket, type TrailBucket, wildcardOf } from './trail-bucket.ts';

export interface TrailWriterProps {
  readonly bucket: TrailBucket;
  readonly records: RecordsTable;
  readonly issuer: string;
  readonly digests: Settings;
  readonly logRetention: RetentionDays;
  readonly metricsNamespace: string | undefined;
}

export class TrailWriter extends Construct {
  readonly role: EndpointFunction['role'];
  readonly functionName: string;

  constructor(scope: Construct, id: string, props: TrailWriterProps) {
    super(scope, id);
    const { bucket, records, issuer, digests, logRetention, metricsNamespace } = props;
    const { streamArn } = records;
    // Whole batches, which a queue would not get: by then the stream has forgotten them.
    const failures = guardedBucket(this, 'Failures', {
      // Whoever is told of them has delivered them again long before.
      lifecycleRules: [{ id: 'end', expiration: Duration.days(90) }],
    });
    const writer = new EndpointFunction(this, 'Writer', {
      entry: 'trail-writer',
      description: 'Cambio: puts every change of the records into the audit trail',
      settings: { issuer, trailBucket: bucket.name, ...(metricsNamespace && { metrics: metricsNamespace }) },
      digests,
      statements: [
        ...bucket.statements({ write: ['events'], read: ['events'] }),
        new PolicyStatement({
          actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
          resources: [streamArn],
        }),
        // It has no resource to name.
        new PolicyStatement({ actions: ['dynamodb:ListStreams'], resources: ['*'] }),
        new PolicyStatement({ actions: ['s3:ListBucket'], resources: [failures.bucketArn] }),
        new PolicyStatement({ actions: ['s3:PutObject'], resources: [failures.arnForObjects('*')] }),
      ],
      timeout: Duration.seconds(60),
      logRetention,
    });
    this.role = writer.role;
    this.functionName = writer.function.functionName;
    const source = new CfnEventSourceMapping(this, 'Source', {
      functionName: writer.live.functionArn,
      eventSourceArn: streamArn,
      startingPosition: 'TRIM_HORIZON',
      // Each batch is an object, and an object costs as a thousand events do.
      batchSize: 1_000,
      maximumBatchingWindowInSeconds: 10,
      bisectBatchOnFunctionError: true,
      // Four hours before the stream forgets it.
      maximumRecordAgeInSeconds: 20 * 3_600,
      maximumRetryAttempts: -1,
      // Only then does an event name its shard.
      tumblingWindowInSeconds: 900,
      destinationConfig: { onFailure: { destination: failures.bucketArn } },
    });
    // Lambda tries whether the role may read the stream when the source is made.
    source.node.addDependency(writer.role);
    acknowledgeFindings(this, wildcardOf(failures, '*'));
  }
}

function acknowledgeFindings(scope: Construct, wildcard: string): void {
  Validations.of(scope).acknowledge(
    { id: wildcard, reason: 'Lambda names what it puts there.' },
    {
      id: 'AwsSolutions-S1',
      reason:
        'What failed lies there until it is delivered again; CloudTrail has who read it, where it records data events.',
    },
  );
}
