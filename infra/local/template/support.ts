// What of a template the local stack runs and what it does not: every resource type and property is in one of the two. Pure.

import { isObject, type StackTemplate, TemplateError } from './stack-template.ts';

interface Support {
  /** Properties that are executed; `*` is all of them. */
  readonly run: readonly string[];
  /** Properties without effect here. */
  readonly notRun?: readonly string[];
}

/** Types whose resources are run. */
export const runTypes: Readonly<Record<string, Support>> = {
  'AWS::ApiGateway::GatewayResponse': {
    run: ['ResponseParameters', 'ResponseTemplates', 'ResponseType', 'RestApiId', 'StatusCode'],
  },
  'AWS::ApiGateway::Method': {
    run: ['AuthorizationType', 'HttpMethod', 'Integration', 'MethodResponses', 'ResourceId', 'RestApiId'],
  },
  'AWS::ApiGateway::Resource': { run: ['ParentId', 'PathPart', 'RestApiId'] },
  'AWS::ApiGateway::RestApi': {
    run: ['BinaryMediaTypes', 'Name'],
    notRun: ['Description', 'DisableExecuteApiEndpoint', 'EndpointConfiguration', 'Policy'],
  },
  'AWS::ApiGateway::Stage': {
    run: ['MethodSettings', 'RestApiId', 'StageName'],
    notRun: ['AccessLogSetting', 'DeploymentId', 'TracingEnabled'],
  },
  'AWS::CloudFormation::CustomResource': { run: ['*'] },
  'AWS::DynamoDB::GlobalTable': {
    run: [
      'AttributeDefinitions',
      'GlobalSecondaryIndexes',
      'KeySchema',
      'LocalSecondaryIndexes',
      'StreamSpecification',
      'TableName',
      'TimeToLiveSpecification',
    ],
    notRun: ['BillingMode', 'Replicas', 'SSESpecification', 'WriteOnDemandThroughputSettings'],
  },
  'AWS::Events::Rule': {
    run: ['ScheduleExpression', 'State', 'Targets'],
    notRun: ['Description', 'EventPattern', 'Name'],
  },
  'AWS::KMS::Alias': { run: ['AliasName', 'TargetKeyId'] },
  'AWS::KMS::Key': {
    run: ['Description', 'KeySpec', 'KeyUsage', 'MultiRegion', 'Tags'],
    notRun: ['EnableKeyRotation', 'KeyPolicy', 'PendingWindowInDays'],
  },
  'AWS::Lambda::Alias': {
    run: ['FunctionName', 'FunctionVersion', 'Name', 'RoutingConfig'],
    notRun: ['Description', 'ProvisionedConcurrencyConfig'],
  },
  'AWS::Lambda::EventSourceMapping': {
    run: [
      'BatchSize',
      'BisectBatchOnFunctionError',
      'DestinationConfig',
      'Enabled',
      'EventSourceArn',
      'FunctionName',
      'FunctionResponseTypes',
      'MaximumBatchingWindowInSeconds',
      'MaximumRecordAgeInSeconds',
      'MaximumRetryAttempts',
      'StartingPosition',
      'TumblingWindowInSeconds',
    ],
  },
  'AWS::Lambda::Function': {
    run: [
      'Code',
      'Environment',
      'FunctionName',
      'Handler',
      'LoggingConfig',
      'MemorySize',
      'ReservedConcurrentExecutions',
      'Role',
      'Runtime',
      'Timeout',
    ],
    notRun: ['Architectures', 'Description', 'Layers', 'TracingConfig', 'VpcConfig'],
  },
  'AWS::Lambda::Version': { run: ['FunctionName'], notRun: ['Description'] },
  'AWS::Logs::MetricFilter': { run: ['FilterPattern', 'LogGroupName', 'MetricTransformations'] },
  'AWS::S3::Bucket': {
    run: ['BucketName', 'ObjectLockConfiguration', 'ObjectLockEnabled', 'VersioningConfiguration'],
    notRun: [
      'BucketEncryption',
      'LifecycleConfiguration',
      'LoggingConfiguration',
      'OwnershipControls',
      'PublicAccessBlockConfiguration',
    ],
  },
};

/** Types, or services with a star, whose resources only have a name here, and what stands in for them. */
export const notRunTypes: Readonly<Record<string, string>> = {
  'AWS::ApiGateway::Account': 'there is no log of the API itself',
  'AWS::ApiGateway::BasePathMapping': 'the stack has one origin of its own',
  'AWS::ApiGateway::BasePathMappingV2': 'the stack has one origin of its own',
  'AWS::ApiGateway::Deployment': 'the API is served as the template has it',
  'AWS::ApiGateway::DomainName': 'the stack has one origin of its own',
  'AWS::ApiGateway::DomainNameAccessAssociation': 'the stack has one origin of its own',
  'AWS::ApiGateway::DomainNameV2': 'the stack has one origin of its own',
  'AWS::ApplicationAutoScaling::*': 'environments start when requests need them',
  'AWS::Athena::*': 'tests read the objects themselves',
  'AWS::CDK::Metadata': 'it does nothing',
  'AWS::CertificateManager::*': 'everything is on loopback',
  'AWS::CloudFront::*': 'the API answers for it, and the front door what lies in a bucket, with its functions',
  'AWS::CloudTrail::*': '`stack.calls` has who called what',
  'AWS::CloudWatch::*': 'tests evaluate the expressions of alarms and dashboards over `stack.metrics()`',
  'AWS::CodeDeploy::*': '`stack.shift` weights aliases',
  'AWS::EC2::*': 'everything is on loopback',
  'AWS::Glue::*': 'tests read the objects themselves',
  'AWS::IAM::*': 'rights are not enforced; tests hold them against `stack.calls`',
  'AWS::Lambda::EventInvokeConfig': 'a schedule that fails is not repeated',
  'AWS::Lambda::Permission': 'whatever the template wires may call',
  'AWS::Logs::LogGroup': '`stack.logs` has the lines',
  'AWS::Logs::QueryDefinition': '`stack.logs` has the lines',
  'AWS::Logs::ResourcePolicy': '`stack.logs` has the lines',
  'AWS::Route53::*': 'everything is on loopback',
  'AWS::S3::BucketPolicy': 'rights are not enforced; tests hold them against `stack.calls`',
  'AWS::SNS::*': 'nobody is told',
  'AWS::WAFv2::*': 'no request is filtered',
};

/** What of a template is in neither list, as `type` or `type property`. */
export function unsupportedIn({ Resources }: Pick<StackTemplate, 'Resources'>): readonly string[] {
  const found = Object.values(Resources).flatMap(({ Type, Properties = {} }) => {
    // Their properties are the functions' own.
    const support = Type.startsWith('Custom::') ? { run: ['*'] } : runTypes[Type];
    if (!support) return isNotRun(Type) ? [] : [Type];
    const { run, notRun = [] } = support;
    const unknown = Object.keys(Properties).filter((name) => !run.includes(name) && !notRun.includes(name));
    return run.includes('*') ? [] : unknown.map((name) => `${Type} ${name}`);
  });
  return [...new Set(found)].sort();
}

function isNotRun(type: string): boolean {
  return Object.hasOwn(notRunTypes, type) || Object.hasOwn(notRunTypes, type.replace(/[^:]+$/, '*'));
}

/** @throws TemplateError for a template that says something of which nobody has thought here */
export function checkSupport(template: StackTemplate): void {
  const unsupported = unsupportedIn(template);
  if (unsupported.length > 0) {
    throw new TemplateError(`the local stack does not know whether to run: ${unsupported.join(', ')}`);
  }
}

/** Names of the intrinsic functions in a value. */
export function intrinsicsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(intrinsicsIn);
  if (!isObject(value)) return [];
  const [name, second] = Object.keys(value);
  const own = name && second === undefined && /^(Ref|Condition|Fn::.+)$/.test(name) ? [name] : [];
  return [...own, ...Object.values(value).flatMap(intrinsicsIn)];
}
