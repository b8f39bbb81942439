// CloudFront for what lies in a bucket: its behaviours, its functions, the object. What else it serves is the API's, whose one
// URL is the issuer's here, too. Nothing is cached. I/O: S3.
import { runInNewContext } from 'node:vm';
import type { GatewayAnswer, GatewayRequest } from './gateway/message.ts';
import { AwsError } from './protocol/aws-error.ts';
import { createS3Client } from './s3/client.ts';
import type { ClientConfig } from './template/provision.ts';
import {
  asArray,
  asObject,
  asString,
  type Properties,
  resourcesOfType,
  type StackTemplate,
  TemplateError,
} from './template/stack-template.ts';

export interface DistributionOptions {
  readonly template: StackTemplate;
  readonly resolve: (value: unknown) => unknown;
  readonly s3: ClientConfig;
}

/** Answers what a behaviour has in a bucket; undefined for all else. */
export type AnswerFromBucket = (request: GatewayRequest) => Promise<GatewayAnswer | undefined>;

interface Behavior {
  readonly fits: (path: string) => boolean;
  readonly bucket: string;
  /** Code by event type. */
  readonly functions: ReadonlyMap<string, string>;
}

/** @throws TemplateError for a distribution that it cannot read */
export function createDistribution({ template, resolve, s3 }: DistributionOptions): AnswerFromBucket {
  const behaviors = behaviorsOf(template, resolve);
  const call = createS3Client(s3);
  return async ({ method, path }) => {
    const behavior = behaviors.find(({ fits }) => fits(path));
    // The API says which methods it takes as CloudFront does.
    if (!behavior?.bucket || (method !== 'GET' && method !== 'HEAD')) return undefined;
    const uri = edgeRequest(behavior, { method, uri: path });
    try {
      // Of a HEAD the front door sends the length alone.
      const { status, headers, body } = await call({ method: 'GET', bucket: behavior.bucket, key: uri.slice(1) });
      return { status, headers: edgeResponse(behavior, status, shown(headers)), body };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return {
        status: error.status,
        headers: [['content-type', 'application/xml']],
        body: `<Code>${error.code}</Code>`,
      };
    }
  };
}

/** As the template orders them; the first that fits counts. One without a bucket is the API's. */
function behaviorsOf(template: StackTemplate, resolve: DistributionOptions['resolve']): readonly Behavior[] {
  const code = new Map(
    resourcesOfType(template, 'AWS::CloudFront::Function').map(([id, { Properties }]) => [
      id,
      asString(Properties?.FunctionCode, `${id}.FunctionCode`),
    ]),
  );
  return resourcesOfType(template, 'AWS::CloudFront::Distribution').flatMap(([id, { Properties = {} }]) => {
    const config = asObject(Properties.DistributionConfig, id);
    const origins = asArray(config.Origins, `${id}.Origins`).map((origin) => asObject(origin, `${id}.Origins`));
    return asArray(config.CacheBehaviors, `${id}.CacheBehaviors`).map((value) => {
      const behavior = asObject(value, `${id}.CacheBehaviors`);
      const origin = origins.find(({ Id }) => Id === behavior.TargetOriginId);
      if (!origin) throw new TemplateError(`${id} has a behaviour without an origin`);
      return {
        fits: pathPattern(asString(behavior.PathPattern, `${id}.PathPattern`)),
        bucket: bucketOf(origin, resolve),
        functions: functionsOf(behavior, code),
      };
    });
  });
}

/** The stars of a pattern fit anything. */
function pathPattern(pattern: string): (path: string) => boolean {
  const [first = '', ...rest] = pattern.split('*').map((text) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const expression = new RegExp(`^${[first, ...rest].join('.*')}$`);
  return (path) => expression.test(path);
}

/** Empty for an origin that is none. */
function bucketOf({ S3OriginConfig, DomainName }: Properties, resolve: DistributionOptions['resolve']): string {
  if (S3OriginConfig === undefined) return '';
  return asString(resolve(DomainName), 'DomainName').replace(/\.s3[.-].*$/, '');
}

function functionsOf(behavior: Properties, code: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const associations = asArray(behavior.FunctionAssociations, 'FunctionAssociations');
  return new Map(
    associations.map((value) => {
      const { EventType, FunctionARN } = asObject(value, 'FunctionAssociations');
      const [id] = asArray(asObject(FunctionARN, 'FunctionARN')['Fn::GetAtt'], 'FunctionARN');
      const text = code.get(String(id));
      if (text === undefined) throw new TemplateError(`the template has no function ${String(id)}`);
      return [asString(EventType, 'EventType'), text];
    }),
  );
}

interface EdgeRequest {
  readonly method: string;
  readonly uri: string;
}

/** What the function makes of the request: its path. */
function edgeRequest({ functions }: Behavior, request: EdgeRequest): string {
  const code = functions.get('viewer-request');
  if (code === undefined) return request.uri;
  const { uri } = runInNewContext(`${code}; handler(event)`, { event: { request } }, { timeout: 1_000 }) as EdgeRequest;
  return uri;
}

type EdgeHeaders = Readonly<Record<string, { readonly value: string }>>;

/** What the function makes of the answer: its headers. */
function edgeResponse({ functions }: Behavior, statusCode: number, headers: EdgeHeaders): GatewayAnswer['headers'] {
  const code = functions.get('viewer-response');
  const given = { response: { statusCode, headers } };
  const made =
    code === undefined
      ? headers
      : (runInNewContext(`${code}; handler(event)`, { event: given }, { timeout: 1_000 }) as { headers: EdgeHeaders })
          .headers;
  return Object.entries(made).map(([name, { value }]) => [name, value]);
}

/** Of S3's headers those that are the object's. */
function shown(headers: Headers): EdgeHeaders {
  const names = ['content-type', 'cache-control', 'etag', 'last-modified'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, { value }]];
    }),
  );
}
