// What looks, once a day, for decisions that the audit trail lacks.
import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { AwsClients, DecisionIndex } from '../../shared/config.ts';
import { EndpointFunction, type Settings } from '../endpoints/endpoint-function.ts';
import type { RecordsTable } from '../records-table.ts';
import type { TrailBucket } from './trail-bucket.ts';
import { acknowledgeSchedule } from './trail-heads.ts';

export interface TrailSweepProps {
  readonly bucket: TrailBucket;
  readonly records: RecordsTable;
  readonly decisionIndex: DecisionIndex;
  readonly issuer: string;
  readonly digests: Settings;
  readonly logRetention: RetentionDays;
  readonly metricsNamespace: string | undefined;
  readonly awsClients: AwsClients | undefined;
}

export class TrailSweep extends Construct {
  readonly role: EndpointFunction['role'];
  readonly functionName: string;

  constructor(scope: Construct, id: string, props: TrailSweepProps) {
    super(scope, id);
    const { bucket, records, decisionIndex, issuer, digests, logRetention, awsClients, metricsNamespace } = props;
    const {
      live,
      role,
      function: made,
    } = new EndpointFunction(this, 'Sweeper', {
      entry: 'trail-sweep',
      description: 'Cambio: delivers decisions that the audit trail lacks',
      settings: {
        ...{ issuer, decisionIndex, recordsTable: records.name, trailBucket: bucket.name },
        ...(awsClients && { awsClients }),
        ...(metricsNamespace && { metrics: metricsNamespace }),
      },
      digests,
      statements: [
        ...bucket.statements({ write: ['events'], read: ['events'] }),
        records.statement('decision', ['GetItem']),
        decisionIndex === 'all' ? records.decidedStatement() : records.scanStatement(),
      ],
      timeout: Duration.minutes(15),
      // It holds the id of each of the day's decisions.
      memorySize: 2_048,
      logRetention,
    });
    this.role = role;
    this.functionName = made.functionName;
    new Rule(this, 'Schedule', {
      description: 'Cambio: yesterday’s decisions are looked for in the audit trail',
      // When a stream that is a little behind has come to the end of yesterday.
      schedule: Schedule.cron({ hour: '3', minute: '10' }),
      targets: [new LambdaFunction(live as IFunction, { retryAttempts: 2, maxEventAge: Duration.hours(2) })],
    });
    acknowledgeSchedule(
      this,
      'A run that fails rings audit-errors, and is repeated by hand: yesterday is there for 30 days.',
    );
  }
}
