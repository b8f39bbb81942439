// The bucket that CloudFront serves the issuer's documents from: whoever can write it can publish keys, so only functions can.
import { Duration, Validations } from 'aws-cdk-lib';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { guardedBucket } from '../audit/trail-bucket.ts';
import { onlyThese } from '../only-these.ts';

/** Below the issuer; what else is in `/.well-known/` the API answers. */
export const documentPaths = {
  serverMetadata: '/.well-known/oauth-authorization-server',
  openidConfiguration: '/.well-known/openid-configuration',
  keySet: '/.well-known/jwks.json',
} as const;

type DocumentName = keyof typeof documentPaths;

export class DocumentsBucket extends Construct {
  private readonly bucket: Bucket;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.bucket = guardedBucket(this, 'Bucket', {
      // What was published when is seen for a while; the distribution serves the newest.
      versioned: true,
      lifecycleRules: [{ id: 'former-versions-end', noncurrentVersionExpiration: Duration.days(90) }],
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Public documents that CloudFront alone reads; who writes is in CloudTrail, where data events are recorded.',
    });
  }

  /** CloudFront's. */
  get origin(): IBucket {
    return this.bucket as IBucket;
  }

  get name(): string {
    return this.bucket.bucketName;
  }

  /** Allows to write these documents and to read none. */
  writeStatement(...names: readonly DocumentName[]): PolicyStatement {
    const resources = names.map((name) => this.bucket.arnForObjects(documentPaths[name].slice(1)));
    return new PolicyStatement({ actions: ['s3:PutObject'], resources });
  }

  /** Whatever IAM allows whom, nobody else writes or deletes: with its newest version gone, the keys of an earlier time are published. */
  allowOnly(writers: readonly IRole[]): void {
    const changes = ['s3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion'];
    this.bucket.addToResourcePolicy(
      onlyThese('OnlyFunctionsPublish', writers, changes, [this.bucket.arnForObjects('*')]),
    );
  }
}
