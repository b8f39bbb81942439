// The Lambda functions of the template, with the environment Lambda would give each of them. Pure.
import { createHash } from 'node:crypto';
import { region } from '../template/deployment.ts';
import {
  asObject,
  asString,
  asStringMap,
  resourcesOfType,
  type StackTemplate,
  TemplateError,
} from '../template/stack-template.ts';
import type { FunctionDefinition } from './execution-environment.ts';

export interface FunctionsOptions {
  readonly template: StackTemplate;
  readonly resolve: (value: unknown) => unknown;
  /** Asset object key (`<hash>.zip`) to the directory it was made from. */
  readonly assets: ReadonlyMap<string, string>;
  /** Base URLs of the deployment to the origin they have locally: the stand-in for DNS. */
  readonly origins: ReadonlyMap<string, string>;
  /** AWS_ENDPOINT_URL_DYNAMODB, _KMS, _STS, _S3, _IAM and _LAMBDA. */
  readonly endpoints: Readonly<Record<string, string>>;
}

/** @throws TemplateError for a function the local stack cannot run */
export function definitionsOf(options: FunctionsOptions): readonly FunctionDefinition[] {
  return resourcesOfType(options.template, 'AWS::Lambda::Function').map(([id]) => definitionOf(options, id));
}

function definitionOf(options: FunctionsOptions, logicalId: string): FunctionDefinition {
  const { template, resolve } = options;
  const properties = asObject(resolve(template.Resources[logicalId]?.Properties), logicalId);
  const name = asString(resolve({ Ref: logicalId }), `${logicalId} name`);
  const memory = Number(properties.MemorySize ?? 128);
  const handler = asString(properties.Handler, `${logicalId}.Handler`);
  const runtime = asString(properties.Runtime, `${logicalId}.Runtime`);
  if (!runtime.startsWith('nodejs')) throw new TemplateError(`${logicalId}: the local stack does not run ${runtime}`);
  const variables = asStringMap(asObject(properties.Environment, logicalId).Variables, `${logicalId}.Environment`);
  const directory = directoryOf(options, logicalId, properties.Code);
  const reservedConcurrency = properties.ReservedConcurrentExecutions;
  return {
    logicalId,
    name,
    arn: asString(resolve({ 'Fn::GetAtt': [logicalId, 'Arn'] }), `${logicalId} ARN`),
    handler,
    directory,
    timeout: Number(properties.Timeout ?? 3),
    memory,
    runtime,
    ...(reservedConcurrency !== undefined && { reserved: Number(reservedConcurrency) }),
    environment: {
      ...withLocalOrigins(variables, options.origins),
      ...reserved({ logicalId, name, memory, handler, directory, runtime }),
      ...options.endpoints,
    },
  };
}

function directoryOf({ assets }: FunctionsOptions, logicalId: string, code: unknown): string {
  const key = asString(asObject(code, `${logicalId}.Code`).S3Key, `${logicalId}.Code.S3Key`);
  const directory = assets.get(key);
  if (directory === undefined) throw new TemplateError(`${logicalId}: no asset ${key}`);
  return directory;
}

function withLocalOrigins(
  variables: Readonly<Record<string, string>>,
  origins: ReadonlyMap<string, string>,
): Record<string, string> {
  const local = (value: string) => [...origins].reduce((text, [from, to]) => text.replaceAll(from, to), value);
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, local(value)]));
}

type ReservedOptions = Omit<FunctionDefinition, 'arn' | 'timeout' | 'environment' | 'reserved'>;

// The variables of a managed runtime; AWS_LAMBDA_RUNTIME_API and the log stream belong to one environment.
function reserved({ logicalId, name, memory, handler, directory, runtime }: ReservedOptions): Record<string, string> {
  return {
    _HANDLER: handler,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '1',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_ACCESS_KEY_ID: accessKeyIdOf(logicalId),
    AWS_SECRET_ACCESS_KEY: functionSecret,
    AWS_SESSION_TOKEN: `local-stack-session-${logicalId}`,
    LAMBDA_TASK_ROOT: directory,
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    LANG: 'en_US.UTF-8',
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
    TZ: ':UTC',
  };
}

/** The secret that every function signs with. */
export const functionSecret = 'local-stack-secret-access-key-of-no-account';

/** Each function signs with an access key of its own, so that the emulators can tell who called. */
function accessKeyIdOf(logicalId: string): string {
  return `ASIA${createHash('sha256').update(logicalId).digest('hex').slice(0, 16).toUpperCase()}`;
}

/** Access key id to the ARN of the function's role. */
export function principalsOf(
  template: StackTemplate,
  resolve: (value: unknown) => unknown,
): ReadonlyMap<string, string> {
  return new Map(
    resourcesOfType(template, 'AWS::Lambda::Function').map(([id, { Properties }]) => [
      accessKeyIdOf(id),
      asString(resolve(Properties?.Role), `${id}.Role`),
    ]),
  );
}
