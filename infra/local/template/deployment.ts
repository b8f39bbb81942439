// What a deployment of the template would know: pseudo parameters, physical names and ARNs. Pure.
import { createHash } from 'node:crypto';
import { uuidOf } from '../event-sources/mappings.ts';
import { createResolver, type References } from './intrinsics.ts';
import { asString, type StackTemplate, type TemplateResource } from './stack-template.ts';

export const accountId = '111122223333';
export const region = 'eu-west-1';
const stackName = 'cambio-local';

const suffix = 'amazonaws.com';
const stackId = `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/00000000-0000-4000-8000-000000000000`;

export const pseudoParameters: Readonly<Record<string, string>> = {
  'AWS::AccountId': accountId,
  'AWS::Partition': 'aws',
  'AWS::Region': region,
  'AWS::StackId': stackId,
  'AWS::StackName': stackName,
  'AWS::URLSuffix': suffix,
};

/** What creating a resource made known: its `Ref` and its attributes. */
export interface Physical {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface DeploymentOptions {
  readonly template: StackTemplate;
  /** Resolves a property of a resource; needed where a resource names itself. */
  readonly resolve: (value: unknown) => unknown;
  /** Resources that were really created: tables, keys, custom resources. */
  readonly created: ReadonlyMap<string, Physical>;
}

/** Looks up `Ref` and `Fn::GetAtt` of the template's resources; what it does not know is undefined, never a guess. */
export function referencesOf({ template, resolve, created }: DeploymentOptions): References {
  const find = (logicalId: string): Physical | undefined => {
    const resource = template.Resources[logicalId];
    return created.get(logicalId) ?? (resource && physicalOf(logicalId, resource, resolve));
  };
  return {
    ref: (logicalId) => find(logicalId)?.ref,
    attribute: (logicalId, name) => find(logicalId)?.attributes[name],
  };
}

type Identify = (id: string, property: (name: string) => string | undefined) => Physical;

// Only resources that others refer to. Tables, keys and custom resources are known once they exist.
const identities: Readonly<Record<string, Identify>> = {
  'AWS::Lambda::Function': (id, property) => {
    const name = property('FunctionName') ?? physicalName(id);
    return { ref: name, attributes: { Arn: arn('lambda', `function:${name}`) } };
  },
  'AWS::Lambda::Version': (_id, property) => {
    const ref = `${functionArn(property('FunctionName'))}:1`;
    return { ref, attributes: { Version: '1', FunctionArn: ref } };
  },
  'AWS::Lambda::Alias': (_id, property) => {
    const ref = `${functionArn(property('FunctionName'))}:${property('Name')}`;
    return { ref, attributes: { AliasArn: ref } };
  },
  'AWS::Lambda::EventSourceMapping': (id) => {
    const ref = uuidOf(id);
    return { ref, attributes: { Id: ref } };
  },
  'AWS::IAM::Role': (id, property) => {
    const name = property('RoleName') ?? physicalName(id);
    return { ref: name, attributes: { Arn: `arn:aws:iam::${accountId}:role/${name}` } };
  },
  'AWS::IAM::ManagedPolicy': (id, property) => {
    const ref = `arn:aws:iam::${accountId}:policy/${property('ManagedPolicyName') ?? physicalName(id)}`;
    return { ref, attributes: {} };
  },
  'AWS::ApiGateway::RestApi': (id) => {
    const ref = shortId(id);
    return { ref, attributes: { RestApiId: ref, RootResourceId: shortId(`${id}/`) } };
  },
  'AWS::ApiGateway::Resource': (id) => ({ ref: shortId(id), attributes: { ResourceId: shortId(id) } }),
  'AWS::ApiGateway::Deployment': (id) => ({ ref: shortId(id), attributes: { DeploymentId: shortId(id) } }),
  'AWS::ApiGateway::Stage': (id, property) => ({ ref: property('StageName') ?? shortId(id), attributes: {} }),
  'AWS::CloudFront::Distribution': (id) => {
    const ref = shortId(id).toUpperCase();
    return { ref, attributes: { Id: ref, DomainName: `d${shortId(id)}.cloudfront.net` } };
  },
  'AWS::Logs::LogGroup': (id, property) => {
    const name = property('LogGroupName') ?? physicalName(id);
    return { ref: name, attributes: { Arn: arn('logs', `log-group:${name}:*`) } };
  },
};

function physicalOf(
  logicalId: string,
  resource: TemplateResource,
  resolve: (value: unknown) => unknown,
): Physical | undefined {
  return identities[resource.Type]?.(logicalId, (name) => {
    const value = resolve(resource.Properties?.[name]);
    return value === undefined ? undefined : asString(value, `${logicalId}.${name}`);
  });
}

/** The name CloudFormation would give a resource that has none of its own. */
export function physicalName(logicalId: string, distinction = shortId(logicalId)): string {
  return `${stackName}-${logicalId.slice(0, 36)}-${distinction}`;
}

/** ARN of a resource in the account and region the stack plays. */
export function arn(service: string, resource: string): string {
  return `arn:aws:${service}:${region}:${accountId}:${resource}`;
}

function functionArn(nameOrArn = ''): string {
  return nameOrArn.startsWith('arn:') ? nameOrArn : arn('lambda', `function:${nameOrArn}`);
}

function shortId(seed: string): string {
  return createHash('sha256').update(seed).digest('hex').slice(0, 10);
}

export interface Deployment {
  /** The template without the resources its conditions leave out. */
  readonly template: StackTemplate;
  readonly resolve: (value: unknown) => unknown;
  /** What exists, by logical id; resources become known as they are made. */
  readonly created: Map<string, Physical>;
}

/** Begins the deployment of a template: nothing exists yet. */
export function openDeployment(whole: StackTemplate): Deployment {
  const created = new Map<string, Physical>();
  const resolve = (value: unknown): unknown => resolver.resolve(value);
  const references = referencesOf({ template: whole, resolve, created });
  const resolver = createResolver({ template: whole, pseudo: pseudoParameters, references });
  const kept = Object.entries(whole.Resources).filter(([, { Condition }]) => resolver.condition(Condition));
  return { template: { ...whole, Resources: Object.fromEntries(kept) }, resolve, created };
}
