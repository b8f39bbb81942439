import { runInNewContext } from 'node:vm';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { describe, expect, test } from 'vitest';
import { type Json, referencesOf, resourcesOf, templateOf } from './synthesized.ts';

interface Behavior {
  readonly PathPattern?: string;
  readonly ViewerProtocolPolicy: string;
  readonly OriginRequestPolicyId?: Json;
  readonly CachePolicyId: Json;
  readonly TargetOriginId: string;
  readonly FunctionAssociations: readonly [
    { readonly EventType: string; readonly FunctionARN: Json },
    { readonly EventType: string; readonly FunctionARN: Json }?,
  ];
}

interface DistributionConfig {
  readonly DefaultCacheBehavior: Behavior;
  readonly CacheBehaviors: readonly Behavior[];
  readonly Origins: readonly {
    readonly Id: string;
    readonly OriginPath?: string;
    readonly DomainName: Json;
    readonly CustomOriginConfig?: Json;
    readonly S3OriginConfig?: Json;
    readonly OriginAccessControlId?: Json;
  }[];
  readonly HttpVersion: string;
  readonly Aliases?: readonly string[];
  readonly ViewerCertificate?: Json;
}

function configOf(template: ReturnType<typeof templateOf>): DistributionConfig {
  const [distribution] = Object.values(resourcesOf(template, 'AWS::CloudFront::Distribution'));
  return distribution?.Properties['DistributionConfig'] as unknown as DistributionConfig;
}

const template = templateOf();
const config = configOf(template);
const edgeFunctions = resourcesOf(template, 'AWS::CloudFront::Function');

interface EdgeAnswer {
  readonly statusCode?: number;
  readonly uri?: string;
  readonly headers?: Readonly<Record<string, { readonly value: string }>>;
  readonly body?: string;
}

/** Runs the behaviour's edge function as CloudFront would. */
function viewerRequest(behavior: Behavior | undefined, method: string): EdgeAnswer {
  const [id = ''] = referencesOf(behavior?.FunctionAssociations[0].FunctionARN);
  const code = String(edgeFunctions[id]?.Properties['FunctionCode']);
  return runInNewContext(`${code}; handler(event)`, { event: { request: { method, uri: '/x' } } }) as EdgeAnswer;
}

const [documents] = config.CacheBehaviors;
const apiOf = ({ Origins }: DistributionConfig) => Origins.find(({ CustomOriginConfig }) => CustomOriginConfig);
const bucketOf = ({ Origins }: DistributionConfig) => Origins.find(({ S3OriginConfig }) => S3OriginConfig);
const pathsFrom = (of: DistributionConfig, origin: { readonly Id: string } | undefined) =>
  of.CacheBehaviors.filter(({ TargetOriginId }) => TargetOriginId === origin?.Id).map(({ PathPattern }) => PathPattern);

describe('behaviours', () => {
  test('status lists, and what is no document, come from the stage, over TLS', () => {
    expect(pathsFrom(config, apiOf(config))).toEqual(['/.well-known/*', '/status-lists/*']);
    expect(apiOf(config)).toMatchObject({
      OriginPath: '/live',
      CustomOriginConfig: { OriginProtocolPolicy: 'https-only', OriginSSLProtocols: ['TLSv1.2'] },
    });
    const [api] = Object.keys(resourcesOf(template, 'AWS::ApiGateway::RestApi'));
    expect(referencesOf(apiOf(config)?.DomainName)).toEqual([api, 'AWS::Region', 'AWS::URLSuffix']);
  });

  test('what has a name that the account knows once, in whatever Region, is named by its own Region or stack', () => {
    const nameOf = (properties: Readonly<Record<string, Json>>) =>
      Object.values(properties).flatMap((value) => Object(value).Name ?? [])[0] ?? properties['Name'];
    for (const type of ['CachePolicy', 'Function', 'OriginAccessControl']) {
      const made = Object.values(resourcesOf(template, `AWS::CloudFront::${type}`));
      expect(made.length).toBeGreaterThan(0);
      for (const { Properties } of made) {
        const [of] = referencesOf(nameOf(Properties));
        expect(['AWS::Region', 'AWS::StackId']).toContain(of);
      }
    }
  });

  test('discovery and keys come from a bucket that CloudFront alone reads, before what the API has', () => {
    const paths = ['oauth-authorization-server', 'openid-configuration', 'jwks.json'].map(
      (name) => `/.well-known/${name}`,
    );
    expect(pathsFrom(config, bucketOf(config))).toEqual(paths);
    expect(config.CacheBehaviors.slice(0, 3).map(({ PathPattern }) => PathPattern)).toEqual(paths);
    const [bucket = ''] = referencesOf(bucketOf(config)?.DomainName);
    const [control = ''] = referencesOf(bucketOf(config)?.OriginAccessControlId);
    expect(resourcesOf(template, 'AWS::CloudFront::OriginAccessControl')[control]?.Properties).toMatchObject({
      OriginAccessControlConfig: { OriginAccessControlOriginType: 's3', SigningBehavior: 'always' },
    });
    const policies = Object.values(resourcesOf(template, 'AWS::S3::BucketPolicy'));
    const policy = policies.find(({ Properties }) => referencesOf(Properties['Bucket']).includes(bucket));
    const [distribution] = Object.keys(resourcesOf(template, 'AWS::CloudFront::Distribution'));
    const { Statement } = policy?.Properties['PolicyDocument'] as unknown as { Statement: Record<string, Json>[] };
    const allowed = Statement.filter(({ Effect }) => Effect === 'Allow');
    expect(allowed).toMatchObject([
      { Action: 's3:GetObject', Principal: { Service: 'cloudfront.amazonaws.com' }, Condition: expect.anything() },
    ]);
    expect(referencesOf(allowed[0]?.['Condition'])).toContain(distribution);
    const [denied] = Statement.filter(({ Sid }) => Sid === 'OnlyFunctionsPublish');
    // Without a version that was published last the one before it would be.
    const Action = ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:PutObject'];
    expect(denied).toMatchObject({ Effect: 'Deny', Action });
    // At deploy, and by rotation.
    expect(referencesOf(denied?.['Condition'])).toEqual([
      expect.stringContaining('DocumentsWriterRole'),
      expect.stringContaining('EndpointsKeysRole'),
    ]);
  });

  test('with staticDocuments false they are written and come from the API; on trial there is no bucket', () => {
    const before = templateOf({ staticDocuments: false });
    expect(pathsFrom(configOf(before), apiOf(configOf(before)))).toEqual(['/.well-known/*', '/status-lists/*']);
    expect(configOf(before).Origins).toHaveLength(1);
    const written = (of: ReturnType<typeof templateOf>) =>
      Object.keys(resourcesOf(of, 'AWS::CloudFormation::CustomResource')).filter((id) => id.includes('Documents'));
    expect(written(before)).toEqual(written(template));
    expect(written(template)).toHaveLength(1);
    const onTrial = templateOf({ removalPolicy: RemovalPolicy.DESTROY });
    expect([written(onTrial), Object.keys(resourcesOf(onTrial, 'AWS::S3::Bucket'))]).toEqual([[], []]);
    expect(configOf(onTrial).Origins).toHaveLength(1);
  });

  test('viewers come by https alone, HTTP/2 or 3, and none of their headers reaches the origin', () => {
    expect(config.HttpVersion).toBe('http2and3');
    for (const behavior of [config.DefaultCacheBehavior, ...config.CacheBehaviors]) {
      expect(behavior.ViewerProtocolPolicy).toBe('https-only');
      expect(behavior.OriginRequestPolicyId).toBeUndefined();
    }
  });

  test('the origin decides how long its documents are cached', () => {
    const [policy] = Object.values(resourcesOf(template, 'AWS::CloudFront::CachePolicy'));
    expect(policy?.Properties['CachePolicyConfig']).toMatchObject({
      MinTTL: 0,
      DefaultTTL: 0,
      ParametersInCacheKeyAndForwardedToOrigin: {
        CookiesConfig: { CookieBehavior: 'none' },
        HeadersConfig: { HeaderBehavior: 'none' },
        QueryStringsConfig: { QueryStringBehavior: 'none' },
        EnableAcceptEncodingGzip: true,
      },
    });
  });
});

describe('edge functions', () => {
  test.each(['GET', 'HEAD'])('%s of a document goes to the origin', (method) => {
    expect(viewerRequest(documents, method)).toEqual({ method, uri: '/x' });
  });

  test('a page of another origin may read what comes from the bucket', () => {
    const [id = ''] = referencesOf(documents?.FunctionAssociations[1]?.FunctionARN);
    const code = String(edgeFunctions[id]?.Properties['FunctionCode']);
    const event = { response: { statusCode: 200, headers: { 'content-type': { value: 'application/json' } } } };
    expect(documents?.FunctionAssociations[1]?.EventType).toBe('viewer-response');
    expect(runInNewContext(`${code}; handler(event)`, { event })).toEqual({
      statusCode: 200,
      headers: { 'content-type': { value: 'application/json' }, 'access-control-allow-origin': { value: '*' } },
    });
  });

  test.each(['POST', 'OPTIONS', 'DELETE'])('%s of a document is 405 in JSON', (method) => {
    const answer = viewerRequest(documents, method);
    expect(answer.statusCode).toBe(405);
    expect(answer.headers?.['allow']?.value).toBe('GET, HEAD');
    expect(answer.headers?.['cache-control']?.value).toBe('no-store');
    expect(JSON.parse(answer.body ?? '').error).toBe('invalid_request');
  });

  test.each(['GET', 'POST'])('%s of anything else is 404 in JSON', (method) => {
    const answer = viewerRequest(config.DefaultCacheBehavior, method);
    expect(answer.statusCode).toBe(404);
    expect(answer.headers?.['content-type']?.value).toBe('application/json');
    expect(JSON.parse(answer.body ?? '').error).toBe('invalid_request');
  });
});

describe('issuer domain', () => {
  const certificateArn = 'arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000';
  const withDomain = templateOf((stack) => ({
    issuerDomain: {
      domainName: 'issuer.acme.example',
      certificate: Certificate.fromCertificateArn(stack, 'Certificate', certificateArn),
    },
  }));
  const issuersOf = (of: ReturnType<typeof templateOf>) =>
    Object.values(resourcesOf(of, 'AWS::Lambda::Function')).flatMap(({ Properties }) => {
      const variables = (Properties['Environment'] as { Variables: Readonly<Record<string, Json>> }).Variables;
      return variables['ISSUER'] ?? [];
    });

  test('with one, it is the issuer and TLS begins at 1.2', () => {
    expect(configOf(withDomain)).toMatchObject({
      Aliases: ['issuer.acme.example'],
      ViewerCertificate: { AcmCertificateArn: certificateArn, MinimumProtocolVersion: 'TLSv1.2_2021' },
    });
    expect(new Set(issuersOf(withDomain))).toEqual(new Set(['https://issuer.acme.example']));
  });

  test("without one, the distribution's own name is the issuer", () => {
    const [id] = Object.keys(resourcesOf(template, 'AWS::CloudFront::Distribution'));
    const ownName = { 'Fn::Join': ['', ['https://', { 'Fn::GetAtt': [id, 'DomainName'] }]] };
    expect(config.Aliases).toBeUndefined();
    expect(issuersOf(template)).toEqual(issuersOf(template).map(() => ownName));
    expect(issuersOf(template).length).toBeGreaterThan(1);
  });
});
