// A name of the API for callers with a certificate (RFC 8705). API Gateway lets nobody in without one there, so that it is a second
// name; the certificates it trusts lie in a bucket, and the version it trusts is in the template.
import { hash } from 'node:crypto';
import { Annotations, CfnCustomResource, Duration, Token, Validations } from 'aws-cdk-lib';
import { DomainName, EndpointType, type IRestApi, type RestApi, SecurityPolicy } from 'aws-cdk-lib/aws-apigateway';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import type { Domain } from '../api/domain.ts';
import { guardedBucket } from '../audit/trail-bucket.ts';
import { EndpointFunction } from '../endpoints/endpoint-function.ts';
import { onlyThese } from '../only-these.ts';
import { PropsError } from '../props-error.ts';
import { type TrustStore, trustStoreOf } from './trust-store.ts';

/** A second name of the API, on which API Gateway asks every caller for a certificate. */
export interface MutualTls {
  /** Other than `domain`. Its certificate is one that ACM has issued, of this Region. */
  readonly domain: Domain;
  /**
   * A PEM file with the certificates of the authorities that clients' certificates come from, each up to its root. Those that
   * clients of the policy sign themselves are added; without others it may be left out.
   */
  readonly truststore?: string;
}

/** A domain with mutual TLS of your own making, mapped to this API, and a trust store of your own. */
export interface OwnMutualTls {
  readonly domainName: string;
}

export interface CheckedMutualTlsProps {
  readonly mtls?: MutualTls | OwnMutualTls | undefined;
  readonly domain?: Domain | undefined;
  readonly issuerDomain?: Domain | undefined;
  readonly privateEndpoint?: object | undefined;
  readonly removalPolicy?: string | undefined;
}

/** Of two labels or more, without scheme, port, path or a dot at its end. */
const hostName = /^[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)+$/;

/** @throws PropsError */
export function checkMutualTls(props: CheckedMutualTlsProps): void {
  const { mtls, domain, issuerDomain, privateEndpoint, removalPolicy } = props;
  if (!mtls) return;
  if (privateEndpoint)
    throw new PropsError('mtls does not go with privateEndpoint: API Gateway has it for Regional APIs alone');
  if (removalPolicy && 'domain' in mtls) {
    throw new PropsError('mtls is not for a stack on trial, whose bucket has to be empty to go');
  }
  const name = mutualTlsName(mtls);
  if (!Token.isUnresolved(name)) checkHostName(name);
  const taken = [domain, issuerDomain].some((other) => other?.domainName.toLowerCase() === name.toLowerCase());
  if (taken) throw new PropsError(`mtls is a name of its own, and ${name} is one for callers without a certificate`);
}

/** @throws PropsError */
function checkHostName(name: string): void {
  // As API Gateway says where a request came to, and as a URL is normalised.
  if (name !== name.toLowerCase()) throw new PropsError(`mtls is a name in small letters, and "${name}" is not`);
  if (!hostName.test(name)) throw new PropsError(`mtls is the name of a host, and "${name}" is not`);
}

export function mutualTlsName(mtls: MutualTls | OwnMutualTls): string {
  return 'domain' in mtls ? mtls.domain.domainName : mtls.domainName;
}

/** Where no connection has a certificate, whoever needs one gets nothing. */
export function warnOfNoCertificates(scope: Construct, { clients, audiences, local }: PolicyArtifact): void {
  const names = [
    ...Object.values(clients).flatMap(({ name, auth }) => (auth.method.endsWith('tls_client_auth') ? [name] : [])),
    ...Object.values(audiences).flatMap(({ name, binding }) => (binding === 'mtls' ? [name] : [])),
  ];
  if (local || names.length === 0) return;
  const text = `without "mtls" no connection has a certificate, and what needs one is refused: ${names.join(', ')}`;
  Annotations.of(scope).addWarningV2('cambio:mtls', text);
}

/**
 * What API Gateway is to trust; nothing where it is none of ours.
 * @param own PEM of the certificates that clients of the policy sign themselves
 * @throws PropsError
 */
export function trustStoreFor(
  mtls: MutualTls | OwnMutualTls | undefined,
  own: readonly string[],
): TrustStore | undefined {
  if (!mtls || !('domain' in mtls)) return undefined;
  return trustStoreOf({ file: mtls.truststore, own, now: Math.floor(Date.now() / 1_000) });
}

export interface MutualTlsDomainProps {
  readonly restApi: RestApi;
  readonly domain: Domain;
  readonly trustStore: TrustStore;
  readonly logRetention: RetentionDays;
}

export class MutualTlsDomain extends Construct {
  /** Where its DNS record has to point. */
  readonly domainTarget: string;

  constructor(scope: Construct, id: string, { restApi, domain, trustStore, logRetention }: MutualTlsDomainProps) {
    super(scope, id);
    for (const finding of trustStore.findings) Annotations.of(this).addWarningV2('cambio:trust-store', finding);
    const stored = new StoredTrustStore(this, 'TrustStore', { trustStore, logRetention });
    const { domainName, certificate } = domain;
    const name = new DomainName(this, 'Domain', {
      ...{ domainName, certificate, mtls: stored.pinned },
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
      mapping: restApi as IRestApi,
    });
    this.domainTarget = name.domainNameAliasDomainName;
  }
}

interface StoredTrustStoreProps {
  readonly trustStore: TrustStore;
  readonly logRetention: RetentionDays;
}

class StoredTrustStore extends Construct {
  /** The very version that was put. */
  readonly pinned: { readonly bucket: IBucket; readonly key: string; readonly version: string };

  constructor(scope: Construct, id: string, { trustStore, logRetention }: StoredTrustStoreProps) {
    super(scope, id);
    // No version ends: a rollback trusts an earlier one again.
    const bucket = guardedBucket(this, 'Bucket', { versioned: true });
    const [key, objects] = ['truststore.pem', bucket.arnForObjects('*')];
    const writer = new EndpointFunction(this, 'Writer', {
      entry: 'trust-store',
      description: 'Cambio: puts the trust store of certificates at deploy',
      settings: { trustStoreBucket: bucket.bucketName },
      files: { [key]: trustStore.pem },
      statements: [new PolicyStatement({ actions: ['s3:PutObject'], resources: [bucket.arnForObjects(key)] })],
      timeout: Duration.seconds(60),
      logRetention,
    });
    const changes = ['s3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion'];
    bucket.addToResourcePolicy(onlyThese('OnlyTheDeployTrusts', [writer.role], changes, [objects]));
    const put = new CfnCustomResource(this, 'Put', {
      // The function, not its alias: CloudFormation sends a delete to the service token the resource was made with.
      serviceToken: writer.function.functionArn,
      serviceTimeout: 120,
    });
    // It is put again when it is another, not whenever the function is.
    put.addPropertyOverride('Digest', hash('sha256', trustStore.pem, 'hex'));
    put.node.addDependency(writer);
    this.pinned = { bucket: bucket as IBucket, key, version: put.getAtt('Version').toString() };
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Certificates are public, and API Gateway reads them once; who writes is in CloudTrail.',
    });
  }
}
