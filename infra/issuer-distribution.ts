// CloudFront in front of the issuer's public documents: its domain name is the issuer, chosen once, whatever becomes of the API.
import { Aws, CfnResource, Duration, Fn, RemovalPolicy, Validations } from 'aws-cdk-lib';
import {
  AllowedMethods,
  type BehaviorOptions,
  CachePolicy,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HttpVersion,
  type ICachePolicy,
  OriginProtocolPolicy,
  OriginSslPolicy,
  S3OriginAccessControl,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Api } from './api/api.ts';
import type { Domain } from './api/domain.ts';
import { documentPaths } from './documents/documents-bucket.ts';

/** Of the id of the stack: another one of the same name, here or in another Region, has another. */
const stackPart = Fn.select(2, Fn.split('/', Aws.STACK_ID));

/** What the issuer serves; everything else is served by the API base alone. */
const issuerPaths = ['/.well-known/*', '/status-lists/*'];

export interface IssuerDistributionProps {
  readonly api: Api;
  /** Where the documents lie; without it the API serves them. */
  readonly documents?: IBucket | undefined;
  /** The certificate must be in us-east-1. */
  readonly domain?: Domain | undefined;
}

export class IssuerDistribution extends Construct {
  readonly distribution: Distribution;
  readonly domainName: string;

  constructor(scope: Construct, id: string, props: IssuerDistributionProps) {
    super(scope, id);
    const { api, domain, documents } = props;
    const origin = originOf(api.origin);
    const cachePolicy = this.makeCachePolicy();
    const fromApi = this.behavior(origin, 'ReadOnly', { code: readOnlyCode, cachePolicy });
    this.distribution = new Distribution(this, 'Distribution', {
      comment: 'Cambio: issuer documents',
      httpVersion: HttpVersion.HTTP2_AND_3,
      defaultBehavior: this.behavior(origin, 'NotFound', {
        code: notFoundCode,
        cachePolicy: CachePolicy.CACHING_DISABLED,
      }),
      // The first that fits counts.
      additionalBehaviors: {
        ...(documents && this.fromBucket(documents, fromApi)),
        ...Object.fromEntries(issuerPaths.map((path) => [path, fromApi])),
      },
      errorResponses: errorStatuses.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
      ...(domain ? customDomain(domain) : {}),
    });
    this.domainName = domain?.domainName ?? this.distribution.distributionDomainName;
    retain(this);
    acknowledgeFindings(this);
  }

  /** The same, of what lies in a bucket: S3 answers cross-origin requests alone with what allows them, and not by object. */
  private fromBucket(bucket: IBucket, fromApi: BehaviorOptions): Readonly<Record<string, BehaviorOptions>> {
    const originAccessControl = new S3OriginAccessControl(this, 'DocumentsAccess', {
      // The account has one of a name, whatever the Region, and it stays when the stack goes.
      originAccessControlName: Fn.join('-', ['cambio', this.node.addr.slice(-8), stackPart]),
    });
    const origin = S3BucketOrigin.withOriginAccessControl(bucket, { originAccessControl });
    const allowOrigin = this.edgeFunction('AllowOrigin', allowOriginCode);
    const { functionAssociations = [] } = fromApi;
    const behavior = {
      ...fromApi,
      origin,
      functionAssociations: [
        ...functionAssociations,
        { function: allowOrigin, eventType: FunctionEventType.VIEWER_RESPONSE },
      ],
    };
    return Object.fromEntries(Object.values(documentPaths).map((path) => [path, behavior]));
  }

  /** All methods reach the edge function: those a behaviour does not allow, CloudFront refuses with a page of HTML. */
  private behavior(origin: HttpOrigin, id: string, { code, cachePolicy }: EdgeBehavior): BehaviorOptions {
    const edge = this.edgeFunction(id, code);
    return {
      origin,
      allowedMethods: AllowedMethods.ALLOW_ALL,
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      cachePolicy,
      functionAssociations: [{ function: edge, eventType: FunctionEventType.VIEWER_REQUEST }],
    };
  }

  private edgeFunction(id: string, code: string): EdgeFunction {
    return new EdgeFunction(this, id, { code: FunctionCode.fromInline(code), runtime: FunctionRuntime.JS_2_0 });
  }

  /** The documents' own Cache-Control decides; nothing of the request but its path reaches the origin or the cache key. */
  private makeCachePolicy(): CachePolicy {
    return new CachePolicy(this, 'CachePolicy', {
      comment: 'Cambio: as the origin says',
      minTtl: Duration.seconds(0),
      defaultTtl: Duration.seconds(0),
      maxTtl: Duration.days(1),
      enableAcceptEncodingGzip: true,
      enableAcceptEncodingBrotli: true,
    });
  }
}

/**
 * The name of a distribution comes once and never again, and tokens, trust policies and verifiers have it. It stays when the
 * stack goes, with what it is made of, which CloudFront would not let go; a first deployment that fails leaves nothing.
 */
function retain(scope: Construct): void {
  for (const child of scope.node.findAll()) {
    if (CfnResource.isCfnResource(child)) child.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
  }
}

interface EdgeBehavior {
  readonly code: string;
  readonly cachePolicy: ICachePolicy;
}

/** Errors CloudFront would otherwise keep for ten seconds. */
const errorStatuses = [400, 403, 404, 405, 500, 502, 503, 504];

function originOf({ host, basePath }: Api['origin']): HttpOrigin {
  return new HttpOrigin(host, {
    originPath: basePath,
    protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
    originSslProtocols: [OriginSslPolicy.TLS_V1_2],
  });
}

function customDomain({ domainName, certificate }: Domain) {
  return {
    domainNames: [domainName],
    certificate,
    minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
  };
}

const notFoundCode = `function handler() { return ${edgeAnswer(404, 'Not Found', 'no such document', {})}; }`;

const readOnlyCode = `function handler(event) {
  var method = event.request.method;
  if (method === 'GET' || method === 'HEAD') return event.request;
  return ${edgeAnswer(405, 'Method Not Allowed', 'method not allowed', { allow: { value: 'GET, HEAD' } })};
}`;

const allowOriginCode = `function handler(event) {
  var response = event.response;
  response.headers['access-control-allow-origin'] = { value: '*' };
  return response;
}`;

function edgeAnswer(statusCode: number, statusDescription: string, description: string, headers: object): string {
  const always = { 'content-type': { value: 'application/json' }, 'cache-control': { value: 'no-store' } };
  const body = JSON.stringify({ error: 'invalid_request', error_description: description });
  return JSON.stringify({ statusCode, statusDescription, headers: { ...always, ...headers }, body });
}

function acknowledgeFindings(scope: Construct): void {
  Validations.of(scope).acknowledge(
    { id: 'AwsSolutions-CFR1', reason: 'Verification keys are for verifiers anywhere.' },
    {
      id: 'AwsSolutions-CFR2',
      reason: 'Public documents, read only and cached: there is nothing for a web ACL to protect.',
    },
    {
      id: 'AwsSolutions-CFR3',
      reason: 'Public documents without callers to account for; the API behind has an access log.',
    },
    {
      id: 'AwsSolutions-CFR4',
      reason: 'CloudFront fixes the minimum of its default certificate at TLS 1.0; issuerDomain sets TLSv1.2_2021.',
    },
  );
}
