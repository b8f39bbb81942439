// Calls of AWS that only read, signed with the operator's credentials. Network, through fetch.
import { CallFailed } from '../call-failed.ts';
import type { Environment } from '../environment.ts';
import { regionOf } from '../environment.ts';
import { type Answered, fetchWithRetries } from '../fetch.ts';
import type { Machine } from '../machine.ts';
import { assertPrivate, isLocal } from '../server.ts';
import { credentialsFrom, signRequest } from '../sigv4.ts';
import { UsageError } from '../usage.ts';

type Document = Readonly<Record<string, unknown>>;

/** What tells the services' protocols apart. The host is `NAME.REGION.amazonaws.com` unless another is named. */
const jsonServices = {
  cloudtrail: { target: 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101', version: '1.1' },
  dynamodb: { target: 'DynamoDB_20120810', version: '1.0' },
  kms: { target: 'TrentService', version: '1.1' },
  logs: { target: 'Logs_20140328', version: '1.1' },
  monitoring: { target: 'GraniteServiceVersion20100801', version: '1.0' },
  tagging: { target: 'ResourceGroupsTaggingAPI_20170126', version: '1.1' },
  wafv2: { target: 'AWSWAF_20190729', version: '1.1' },
} as const;

/** By which `AWS_ENDPOINT_URL_…` names a service, where that is not its host. */
const variables: Readonly<Record<string, string>> = {
  monitoring: 'CLOUDWATCH',
  apigateway: 'API_GATEWAY',
  tagging: 'RESOURCE_GROUPS_TAGGING_API',
};
/** Whose prefix in IAM is another. */
const prefixes: Readonly<Record<string, string>> = { monitoring: 'cloudwatch', tagging: 'tag' };

export type JsonService = keyof typeof jsonServices;

export interface Aws {
  readonly region: string;
  /** One operation of a service that speaks JSON. @throws CallFailed, UsageError without credentials */
  readonly json: (service: JsonService, operation: string, input: Document) => Promise<Document>;
  /** One operation of CloudFormation, which answers XML. @throws likewise */
  readonly cloudFormation: (operation: string, input: Readonly<Record<string, string>>) => Promise<string>;
  /** A resource of a service that speaks REST and JSON. @throws likewise */
  readonly get: (service: 'apigateway' | 'lambda', path: string) => Promise<Document>;
  /** The objects of a bucket under a prefix, as S3's XML has them: a thousand at most. @throws likewise */
  readonly objects: (bucket: string, prefix: string) => Promise<string>;
}

/** @param base whose host says the Region, where it is one of API Gateway */
export function awsOf(base: URL, machine: Machine): Aws {
  const region = regionOf(base, machine.environment);
  const send = async (service: string, call: Call): Promise<Answered> => {
    const url = endpointOf(service, region, { base, environment: machine.environment }, call.path);
    const credentials = credentialsFrom(machine.environment);
    const { method, body } = call;
    const signed = { method, url, region, service, credentials, date: new Date(machine.clock()) };
    const headers = { ...call.headers, ...signRequest({ ...signed, ...(body !== undefined && { body }) }) };
    const request = { method, url, headers, ...(body !== undefined && { body }) };
    return fetchWithRetries(request, machine, { attempts: 2 }).catch((error) => explain(error, call.action));
  };
  return {
    region,
    json: async (service, operation, input) => {
      const { target, version } = jsonServices[service];
      const headers = {
        'content-type': `application/x-amz-json-${version}`,
        'x-amz-target': `${target}.${operation}`,
      };
      const action = `${prefixes[service] ?? service}:${operation}`;
      return (await send(service, { action, method: 'POST', path: '/', headers, body: JSON.stringify(input) })).json;
    },
    cloudFormation: async (operation, input) => {
      const body = new URLSearchParams({ Action: operation, Version: '2010-05-15', ...input }).toString();
      const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', accept: 'text/xml' };
      const action = `cloudformation:${operation}`;
      return (await send('cloudformation', { action, method: 'POST', path: '/', headers, body })).text;
    },
    get: async (service, path) => {
      const action = service === 'lambda' ? 'lambda:GetAccountSettings' : `${service}:GET`;
      return (await send(service, { action, method: 'GET', path, headers: { accept: 'application/json' } })).json;
    },
    objects: async (bucket, prefix) => {
      if (!/^[a-z0-9][a-z0-9.-]{2,62}$/.test(bucket)) throw new UsageError('the output of the bucket is none');
      const path = `/${bucket}?${new URLSearchParams({ 'list-type': '2', prefix })}`;
      return (await send('s3', { action: 's3:ListBucket', method: 'GET', path, headers: {} })).text;
    },
  };
}

interface Call {
  /** As IAM names it. */
  readonly action: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Place {
  readonly base: URL;
  readonly environment: Environment;
}

function explain(error: unknown, action: string): never {
  if (!(error instanceof CallFailed)) throw error;
  throw new CallFailed({ ...error.facts, description: `${action}: ${error.message}` });
}

/** The account beside a local stack is nobody's, unless an endpoint says whose. @throws UsageError */
function endpointOf(service: string, region: string, { base, environment }: Place, path: string): URL {
  const variable = `AWS_ENDPOINT_URL_${variables[service] ?? service.toUpperCase()}`;
  const named = environment[variable] || environment['AWS_ENDPOINT_URL'];
  if (named === undefined && isLocal(base)) throw new UsageError('a local stack has no account of AWS');
  if (!/^[a-z0-9-]+$/.test(region)) throw new UsageError('AWS_REGION is no Region');
  const text = named ?? `https://${service}.${region}.amazonaws.com`;
  if (!URL.canParse(text)) throw new UsageError(`${variable} is no URL`);
  const url = new URL(path, text);
  assertPrivate(url, `the endpoint of ${service}`);
  return url;
}
