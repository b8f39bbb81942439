// What signs the heads of the audit trail every 15 minutes, and the key it signs with.
import { Duration, RemovalPolicy, Tags, Validations } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { AwsClients } from '../../shared/config.ts';
import { EndpointFunction } from '../endpoints/endpoint-function.ts';
import { onlyThese } from '../only-these.ts';
import type { TrailBucket } from './trail-bucket.ts';

export interface TrailHeadsProps {
  readonly bucket: TrailBucket;
  readonly logRetention: RetentionDays;
  readonly metricsNamespace: string | undefined;
  readonly awsClients: AwsClients | undefined;
}

export class TrailHeads extends Construct {
  readonly role: EndpointFunction['role'];
  readonly functionName: string;
  readonly key: Key;

  constructor(scope: Construct, id: string, { bucket, logRetention, awsClients, metricsNamespace }: TrailHeadsProps) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: 'Cambio signs the heads of its audit trail',
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      pendingWindow: Duration.days(30),
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    Tags.of(this.key).add('cambio:use', 'audit');
    const {
      live,
      role,
      function: made,
    } = new EndpointFunction(this, 'Signer', {
      entry: 'trail-heads',
      description: 'Cambio: signs where the chains of the audit trail end',
      settings: {
        ...{ trailBucket: bucket.name, trailKey: this.key.keyArn },
        ...(awsClients && { awsClients }),
        ...(metricsNamespace && { metrics: metricsNamespace }),
      },
      statements: [
        ...bucket.statements({ write: ['heads', 'keys'], read: ['events', 'heads'] }),
        new PolicyStatement({ actions: ['kms:GetPublicKey'], resources: [this.key.keyArn] }),
        new PolicyStatement({
          actions: ['kms:Sign'],
          resources: [this.key.keyArn],
          conditions: { StringEquals: { 'kms:SigningAlgorithm': 'ECDSA_SHA_256', 'kms:MessageType': 'RAW' } },
        }),
      ],
      // It lists the objects of three days, a thousand at a time.
      timeout: Duration.minutes(10),
      logRetention,
    });
    this.role = role;
    this.functionName = made.functionName;
    // Whatever IAM allows whom: who signs a head says what the trail was.
    this.key.addToResourcePolicy(onlyThese('OnlyHeadsAreSigned', [role], ['kms:Sign']));
    new Rule(this, 'Schedule', {
      description: 'Cambio: the ends of the audit trail are signed',
      schedule: Schedule.rate(Duration.minutes(15)),
      targets: [new LambdaFunction(live as IFunction, { retryAttempts: 2, maxEventAge: Duration.minutes(10) })],
    });
    acknowledgeSchedule(this, 'The next run, 15 minutes later, does all that this one would have done.');
  }
}

export function acknowledgeSchedule(scope: Construct, reason: string): void {
  Validations.of(scope).acknowledge(
    ...['Serverless-EventBusDLQ', 'Serverless-LambdaAsyncFailureDestination'].map((id) => ({ id, reason })),
  );
}
