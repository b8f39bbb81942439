// One Lambda function: bundle, role with nothing but what it is given, log group, and the alias `live` everything calls.
import { type Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import { Effect, ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Alias,
  Architecture,
  type CfnFunction,
  Code,
  type IVersion,
  Function as LambdaFunction,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { environmentNames, type Setting } from '../../shared/config.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { withBundle } from '../bundle.ts';
import type { FunctionEntry } from '../function-entries.ts';
import { collectorUrl, type TracingOptions } from './tracing.ts';

export type Settings = Readonly<Partial<Record<Setting, string>>>;

export interface EndpointFunctionProps {
  readonly entry: FunctionEntry;
  readonly description: string;
  readonly settings: Settings;
  /** Of values among the settings that only CloudFormation knows: where one becomes another, so does the version. */
  readonly digests?: Settings;
  readonly policy?: PolicyArtifact;
  /** What else its code reads, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** All the function may do besides writing its logs and traces. */
  readonly statements?: readonly PolicyStatement[];
  readonly timeout: Duration;
  readonly logRetention: RetentionDays;
  readonly vpc?: IVpc | undefined;
  /** Of its role, where others have to know it before it is there. */
  readonly roleName?: string | undefined;
  readonly tracing?: TracingOptions | undefined;
  /** It never runs twice at a time. */
  readonly alone?: boolean;
  /** MB; 512 where it is not said. */
  readonly memorySize?: number;
}

/**
 * V8 would let the young generation grow to three times 17 MB on Lambda, and the heap with it, to what the peer's takes. 16 MB is
 * what an exchange under load is as fast with as without a bound; 8 MB would cost a tenth more CPU (docs/performance.md). Lambda's
 * own bound of the rest falls away where one of the two is given, so it is given too.
 */
const heapOptions = (memorySize: number): string =>
  `--max-semi-space-size=16 --max-old-space-size=${Math.floor(memorySize * 0.9)}`;

export class EndpointFunction extends Construct {
  readonly function: LambdaFunction;
  readonly live: Alias;
  readonly role: Role;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: EndpointFunctionProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Logs', {
      retention: props.logRetention,
      // Logs hold the audit events: they outlive the stack until their retention ends.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const { roleName } = props;
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      ...(roleName !== undefined && { roleName }),
    });
    const { role } = this;
    this.logGroup = logGroup;
    logGroup.grantWrite(role);
    for (const statement of [...(props.statements ?? []), ...(props.vpc ? networkStatements() : [])]) {
      role.addToPolicy(statement);
    }
    this.node.addValidation({ validate: () => rightsProblems(role) });
    this.function = this.makeFunction(props, role, logGroup);
    this.node.addValidation({ validate: () => environmentProblems(this.function) });
    this.live = new Alias(this, 'Live', { aliasName: 'live', version: this.function.currentVersion as IVersion });
    acknowledgeFindings(this);
  }

  private makeFunction(props: EndpointFunctionProps, role: Role, logGroup: LogGroup): LambdaFunction {
    const { entry, policy, files, description, timeout, vpc, tracing, memorySize = 512 } = props;
    const settings = { ...props.settings, ...(tracing && { traceCollector: collectorUrl }) };
    return withBundle(
      { entry, ...(policy && { policy }), ...(files && { files }) },
      (directory) =>
        new LambdaFunction(this, 'Function', {
          description,
          runtime: Runtime.NODEJS_24_X,
          architecture: Architecture.ARM_64,
          handler: 'index.handler',
          code: Code.fromAsset(directory),
          memorySize,
          timeout,
          environment: { ...environmentOf(settings), ...tracing?.environment, NODE_OPTIONS: heapOptions(memorySize) },
          tracing: Tracing.ACTIVE,
          // A version of an update that was taken back must go: the next update could not publish the same code again.
          currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, ...versionOf(props) },
          role,
          logGroup,
          ...(vpc ? { vpc } : {}),
          ...(tracing && { layers: [tracing.collector] }),
          ...(props.alone && { reservedConcurrentExecutions: 1 }),
        }),
    );
  }
}

/** Managed policies of one role, unless its account has asked for more. */
const maxManagedPolicies = 10;

/** CDK spreads rights that are too many for the role's own policy over managed ones. */
function rightsProblems(role: Role): string[] {
  const count = role.node.children.filter((child) => child instanceof ManagedPolicy).length;
  if (count <= maxManagedPolicies) return [];
  const what = `the rights of ${role.node.path} take ${count} managed policies besides its own, and IAM attaches ${maxManagedPolicies}`;
  return [`${what}: grant fewer roles, or divide them among several deployments`];
}

/** Bytes of the names and values of a function's environment, by Lambda. */
const maxEnvironment = 4 * 1_024;
/** What a value known only at deploy is counted as: a name, or what is the function's own of an ARN. */
const bytesOfUnknown = 64;

function environmentProblems(made: LambdaFunction): string[] {
  const { environment } = made.node.defaultChild as CfnFunction;
  const { variables = {} } = (Stack.of(made).resolve(environment) ?? {}) as { readonly variables?: object };
  const bytes = Object.entries(variables).reduce((sum, [name, value]) => sum + name.length + bytesOf(value), 0);
  if (bytes <= maxEnvironment) return [];
  const what = `the environment of ${made.node.path} takes about ${bytes} bytes, and Lambda takes ${maxEnvironment}`;
  return [`${what}: write some of the values known at deploy into the policy`];
}

/** @param value as CloudFormation gets it */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  const [[name, argument] = ['', undefined]] = Object.entries(Object(value) as object);
  if (name !== 'Fn::Join') return bytesOfUnknown;
  const [separator, parts] = argument as readonly [string, readonly unknown[]];
  return parts.reduce<number>((sum, part) => sum + bytesOf(part), separator.length * (parts.length - 1));
}

/** CloudFormation replaces a version whose description is another, after it has updated the function. */
function versionOf({ settings, digests = {} }: EndpointFunctionProps) {
  const named = (Object.keys(settings) as Setting[]).flatMap((name) => digests[name] ?? []);
  return named.length > 0 ? { description: `values ${named.join(' ')}` } : {};
}

function environmentOf(settings: Settings): Record<string, string> {
  const named = Object.entries(settings) as [Setting, string][];
  return Object.fromEntries(named.map(([setting, value]) => [environmentNames[setting], value]));
}

/**
 * What the Lambda service needs to attach a function to a VPC; its code is denied the same calls.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
 */
function networkStatements(): PolicyStatement[] {
  const actions = [
    'ec2:CreateNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:DeleteNetworkInterface',
    'ec2:AssignPrivateIpAddresses',
    'ec2:UnassignPrivateIpAddresses',
  ];
  const fromCode = { Null: { 'lambda:SourceFunctionArn': 'false' } };
  return [
    new PolicyStatement({ actions, resources: ['*'] }),
    new PolicyStatement({ effect: Effect.DENY, actions, resources: ['*'], conditions: fromCode }),
  ];
}

function acknowledgeFindings(scope: Construct): void {
  Validations.of(scope).acknowledge(
    {
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'X-Ray has no resources to name; neither have the calls by which Lambda attaches a function to a VPC.',
    },
    {
      id: 'Serverless-LambdaDLQ',
      reason:
        'Invoked synchronously, the seed by CloudFormation, which waits for its answer; what runs on a schedule does all of its work each time: no event is lost.',
    },
  );
}
