// The audit trail: its bucket, and the functions that write, sign and complete it.
import { Duration, Validations } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { Key } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { AwsClients, DecisionIndex } from '../../shared/config.ts';
import type { Settings } from '../endpoints/endpoint-function.ts';
import type { RecordsTable } from '../records-table.ts';
import type { AuditOptions } from './audit-options.ts';
import { TrailBucket } from './trail-bucket.ts';
import { TrailHeads } from './trail-heads.ts';
import { TrailSweep } from './trail-sweep.ts';
import { TrailWriter } from './trail-writer.ts';

export interface AuditTrailProps {
  readonly options: AuditOptions;
  readonly records: RecordsTable;
  readonly decisionIndex: DecisionIndex;
  readonly issuer: string;
  readonly digests: Settings;
  readonly logRetention: RetentionDays;
  readonly metricsNamespace: string | undefined;
  readonly awsClients: AwsClients | undefined;
}

export class AuditTrail extends Construct {
  readonly bucketName: string;
  /** Signs heads, for that role alone. */
  readonly headsKey: Key;
  readonly headsRole: IRole;
  /** Of what writes, signs and completes it. */
  readonly functionNames: readonly string[];

  constructor(scope: Construct, id: string, props: AuditTrailProps) {
    super(scope, id);
    const { options, decisionIndex, ...common } = props;
    const { retention = Duration.days(365), mode = 'governance', archiveAfter, sweepByScan = false } = options;
    const bucket = new TrailBucket(this, 'Trail', { retention, mode, archiveAfter });
    const writer = new TrailWriter(this, 'Writing', { bucket, ...common });
    const heads = new TrailHeads(this, 'Heads', { bucket, ...common });
    const sweeps = decisionIndex === 'all' || sweepByScan;
    const sweep = sweeps ? [new TrailSweep(this, 'Sweep', { bucket, decisionIndex, ...common })] : [];
    bucket.allowOnly([writer, heads, ...sweep].map(({ role }) => role));
    Validations.of(this).acknowledge(
      ...bucket.wildcards.map((id) => ({ id, reason: 'Objects of the trail are named by day, shard and number.' })),
    );
    this.bucketName = bucket.name;
    this.functionNames = [writer, heads, ...sweep].map(({ functionName }) => functionName);
    [this.headsKey, this.headsRole] = [heads.key, heads.role];
  }
}
