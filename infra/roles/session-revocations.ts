// Revocable roles: the boundary they must have, and the one function that may write into them, alone and on a schedule.
import { Aws, Duration, RemovalPolicy, Stack, Token, Validations } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { type IManagedPolicy, type IRole, ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { AwsClients } from '../../shared/config.ts';
import { parseRoleArn } from '../../shared/policy/role-arn.ts';
import {
  defaultBoundary,
  revocableRoles,
  revocationStatements,
  revocationsRoleIn,
} from '../../shared/policy/session-revocation.ts';
import { inChunks } from '../arn-chunks.ts';
import { EndpointFunction, type Settings } from '../endpoints/endpoint-function.ts';
import type { RecordsTable } from '../records-table.ts';
import { boundaryProblems, boundarySizeProblems } from './boundary-check.ts';
import { arnOf, type RoleAccess } from './role-access.ts';

export interface SessionRevocationsProps extends RoleAccess {
  readonly policyValues: string | undefined;
  /** Of settings whose values only CloudFormation knows. */
  readonly digests: Settings;
  readonly records: RecordsTable;
  readonly logRetention: RetentionDays;
  readonly awsClients: AwsClients | undefined;
  readonly metricsNamespace: string | undefined;
  /** Roles from TypeScript, whose boundary synth can see. */
  readonly roles: Readonly<Record<string, IRole>>;
  readonly boundary: readonly PolicyStatement[] | undefined;
}

/** Nothing where the policy has no revocable role. */
export function makeSessionRevocations(
  scope: Construct,
  props: SessionRevocationsProps,
): SessionRevocations | undefined {
  if (revocableRoles(props.artifact).length === 0) return undefined;
  return new SessionRevocations(scope, 'SessionRevocations', props);
}

export class SessionRevocations extends Construct {
  readonly boundary: IManagedPolicy;
  readonly role: IRole;
  /** Of its alias. */
  readonly functionArn: string;
  readonly functionName: string;

  constructor(scope: Construct, id: string, props: SessionRevocationsProps) {
    super(scope, id);
    const boundary = new ManagedPolicy(this, 'Boundary', {
      // Never another: IAM would make a new policy, and the roles would be left with the old one.
      description: 'Permissions boundary of the roles whose sessions Cambio can revoke',
      statements: [...(props.boundary ?? defaultBoundary.map((statement) => PolicyStatement.fromJson(statement)))],
    });
    boundary.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    this.boundary = boundary;
    const { live, role, function: writer } = this.makeFunction(props);
    this.functionArn = live.functionArn;
    this.functionName = writer.functionName;
    // Roles of other accounts trust it.
    role.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    this.role = role;
    new Rule(this, 'Schedule', {
      description: 'Cambio: revoked AWS sessions end, and what is no longer needed goes',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(live as IFunction, { retryAttempts: 0 })],
    });
    live.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    const given = revocableRoles(props.artifact).flatMap(({ name }) => props.roles[name] ?? []);
    this.node.addValidation({
      validate: () => [...boundarySizeProblems(boundary), ...boundaryProblems(given, boundary)],
    });
    acknowledgeFindings(this);
  }

  /** Lets somebody run it now. */
  invokeStatement(): PolicyStatement {
    return new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [this.functionArn] });
  }

  private makeFunction(props: SessionRevocationsProps): EndpointFunction {
    const { artifact, values, digests, records, policyValues, logRetention, awsClients, metricsNamespace } = props;
    const arns = revocableRoles(artifact).map((role) => arnOf(role, values));
    const { own, others } = byAccount(this, arns);
    const { managedPolicyArn } = this.boundary;
    const writing = inChunks(own).flatMap((roles) => revocationStatements(roles, managedPolicyArn));
    return new EndpointFunction(this, 'Writer', {
      entry: 'session-revocations',
      description: 'Cambio: ends revoked sessions of AWS roles',
      settings: {
        accountId: Aws.ACCOUNT_ID,
        recordsTable: records.name,
        ...(policyValues && { policyValues }),
        ...(awsClients && { awsClients }),
        ...(metricsNamespace && { metrics: metricsNamespace }),
      },
      digests,
      policy: artifact,
      statements: [
        records.listedStatement(),
        ...writing.map((statement) => PolicyStatement.fromJson(statement)),
        ...assuming(others),
      ],
      timeout: Duration.seconds(60),
      logRetention,
      alone: true,
    });
  }
}

/** Where the stack's account is known only at deploy, a role of any account may be its own. */
function byAccount(scope: Construct, arns: readonly string[]) {
  const { account } = Stack.of(scope);
  const accountOf = (arn: string) => parseRoleArn(arn)?.accountId;
  if (!Token.isUnresolved(account)) {
    const isOwn = (arn: string) => [undefined, account].includes(accountOf(arn));
    return { own: arns.filter(isOwn), others: arns.filter((arn) => !isOwn(arn)) };
  }
  return { own: arns, others: arns.filter((arn) => accountOf(arn) !== undefined) };
}

function assuming(arns: readonly string[]): PolicyStatement[] {
  const chunks = inChunks([...new Set(arns.map(revocationsRoleIn))]);
  return chunks.map((resources) => new PolicyStatement({ actions: ['sts:AssumeRole'], resources: [...resources] }));
}

const boundaryActions = defaultBoundary
  .flatMap(({ Action }) => Action)
  .map((action) => `AwsSolutions-IAM5[Action::${action}]`);

function acknowledgeFindings(scope: Construct): void {
  Validations.of(scope).acknowledge(
    ...['AwsSolutions-IAM5[Resource::*]', ...boundaryActions].map((id) => ({
      id,
      reason: 'A permissions boundary grants nothing; it names what it does not let through.',
    })),
    ...['Serverless-EventBusDLQ', 'Serverless-LambdaAsyncFailureDestination'].map((id) => ({
      id,
      reason: 'The next run, a minute later, does all that this one would have done.',
    })),
  );
}
