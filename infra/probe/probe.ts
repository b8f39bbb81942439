// The probe: a function that asks the deployment on a schedule what its callers ask, and two alarms on what it finds.
import { Duration, Validations } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { EndpointFunction, type Settings } from '../endpoints/endpoint-function.ts';
import { type Canary, type ProbeAlarms, requireCanary } from './canary.ts';

export interface ProbeProps {
  readonly canary: Canary;
  readonly artifact: PolicyArtifact;
  readonly issuer: string;
  readonly apiBase: string;
  /** Of settings whose values only CloudFormation knows. */
  readonly digests: Settings;
  readonly metricsNamespace: string | undefined;
  readonly logRetention: RetentionDays;
  /** Where the API is reached from its VPC alone. */
  readonly vpc: IVpc | undefined;
}

export class Probe extends Construct {
  /** Subject of the probe's tokens. */
  readonly role: IRole;
  readonly alarms: ProbeAlarms;
  private readonly down: Alarm;

  /** @throws PropsError for a canary that does not fit the policy */
  constructor(scope: Construct, id: string, props: ProbeProps) {
    super(scope, id);
    const { canary, artifact } = props;
    requireCanary(artifact, canary);
    const { rate = Duration.minutes(1) } = canary;
    const probing = this.makeFunction(props);
    const { live } = probing;
    this.role = probing.role;
    new Rule(this, 'Schedule', {
      description: 'Cambio: what callers do is tried',
      schedule: Schedule.rate(rate),
      targets: [new LambdaFunction(live as IFunction, { retryAttempts: 0 })],
    });
    // A late run says nothing of the minute it was for, and a second one is the next.
    live.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    const failed = {
      metric: probing.function.metricErrors({ period: rate }),
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    };
    const failing = new Alarm(this, 'Failing', {
      ...failed,
      alarmDescription:
        'Cambio: a check of the probe failed. While a new version is rolled out it is taken back. Action: the line `probe` of the probe’s log says which check, and what came instead (docs/runbooks/probe.md).',
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    this.down = new Alarm(this, 'Down', {
      ...failed,
      alarmDescription:
        'Cambio: three runs of the probe failed one after the other, or did not come: callers are refused, or what should be refused is not. Action: the line `probe` of the probe’s log says which check, and what came instead (docs/runbooks/probe.md).',
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.BREACHING,
    });
    this.alarms = { failing, down: this.down };
    acknowledgeFindings(this);
  }

  /** Of the alarm `down`, when it rings and when it ends. */
  tell(topic: ITopic): void {
    const action = new SnsAction(topic);
    this.down.addAlarmAction(action);
    this.down.addOkAction(action);
  }

  private makeFunction({
    canary,
    artifact,
    issuer,
    apiBase,
    digests,
    logRetention,
    vpc,
    metricsNamespace,
  }: ProbeProps) {
    const [identity = ''] = artifact.issuers[canary.issuer]?.audiences ?? [];
    return new EndpointFunction(this, 'Probing', {
      entry: 'probe',
      description: 'Cambio: probes the deployment',
      settings: {
        issuer,
        apiBase,
        probeAudience: canary.audience,
        probeClient: canary.client,
        probeIdentity: identity,
        ...(metricsNamespace && { metrics: metricsNamespace }),
      },
      digests,
      statements: [identityStatement(identity)],
      timeout: Duration.seconds(55),
      logRetention,
      roleName: canary.roleName,
      vpc,
    });
  }
}

/** Tokens of its own identity, for this deployment's audience alone. */
function identityStatement(audience: string): PolicyStatement {
  return new PolicyStatement({
    actions: ['sts:GetWebIdentityToken'],
    resources: ['*'],
    conditions: { 'ForAllValues:StringEquals': { 'sts:IdentityTokenAudience': [audience] } },
  });
}

function acknowledgeFindings(scope: Construct): void {
  Validations.of(scope).acknowledge(
    { id: 'AwsSolutions-IAM5[Resource::*]', reason: 'A token of one’s own identity is of no resource.' },
    ...['Serverless-EventBusDLQ', 'Serverless-LambdaAsyncFailureDestination'].map((id) => ({
      id,
      reason: 'The next run, a minute later, asks the same.',
    })),
  );
}
