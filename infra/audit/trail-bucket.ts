// The bucket of the audit trail: nothing in it is changed or removed before its retention ends, and only the trail's functions write.
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  type LifecycleRule,
  ObjectLockRetention,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { onlyThese } from '../only-these.ts';

export interface TrailBucketProps {
  readonly retention: Duration;
  /** Of Object Lock: whether somebody with a right of their own may still delete. */
  readonly mode: 'governance' | 'compliance';
  readonly archiveAfter: Duration | undefined;
}

/** What lies in the bucket, by the first part of its name. */
type TrailPart = 'events' | 'heads' | 'keys';

export class TrailBucket extends Construct {
  private readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { retention, mode, archiveAfter }: TrailBucketProps) {
    super(scope, id);
    // Keys of heads stay: what was copied elsewhere is verified when all else here is gone.
    const expiring = ['events/', 'heads/'];
    this.bucket = guardedBucket(this, 'Bucket', {
      objectLockEnabled: true,
      objectLockDefaultRetention: ObjectLockRetention[mode](retention),
      versioned: true,
      lifecycleRules: expiring.map((prefix) => ruleOf(prefix, retention, archiveAfter)),
    });
    acknowledgeFindings(this);
  }

  get name(): string {
    return this.bucket.bucketName;
  }

  /** Allows to write what is not there yet, and to read, of these parts alone. */
  statements({ write, read }: { readonly write: readonly TrailPart[]; readonly read: readonly TrailPart[] }) {
    const objects = (parts: readonly TrailPart[]) => parts.map((part) => this.bucket.arnForObjects(`${part}/*`));
    return [
      new PolicyStatement({ actions: ['s3:PutObject'], resources: objects(write) }),
      new PolicyStatement({ actions: ['s3:GetObject'], resources: objects(read) }),
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [this.bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': read.map((part) => `${part}/*`) } },
      }),
    ];
  }

  /** What rights to objects look like to cdk-nag: names of objects are made at run time. */
  get wildcards(): readonly string[] {
    return (['events', 'heads', 'keys'] as const).map((part) => wildcardOf(this.bucket, `${part}/*`));
  }

  /** Whatever IAM allows whom, nobody else writes: a trail is of its functions. */
  allowOnly(writers: readonly IRole[]): void {
    // Object Lock keeps versions, but lets a marker be laid over them. What has ended S3 deletes itself, which no policy is asked for.
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'NobodyDeletes',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
        resources: [this.bucket.arnForObjects('*')],
      }),
    );
    this.bucket.addToResourcePolicy(
      onlyThese('OnlyFunctionsWrite', writers, ['s3:PutObject'], [this.bucket.arnForObjects('*')]),
    );
  }
}

/**
 * A bucket that nobody reads over plain HTTP or from outside. It stays when the stack goes, and so does its policy: what it lets
 * nobody do is as true then, and CloudFront goes on reading what it may.
 */
export function guardedBucket(scope: Construct, id: string, props: BucketProps): Bucket {
  const bucket = new Bucket(scope, id, { ...guarded, ...props });
  bucket.policy?.applyRemovalPolicy(guarded.removalPolicy);
  return bucket;
}

const guarded = {
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
} as const;

/** How cdk-nag names a right to objects of a bucket. */
export function wildcardOf(bucket: Bucket, objects: string): string {
  const {
    'Fn::GetAtt': [id],
  } = Stack.of(bucket).resolve(bucket.bucketArn) as { readonly 'Fn::GetAtt': readonly string[] };
  return `AwsSolutions-IAM5[Resource::<${id}.Arn>/${objects}]`;
}

function ruleOf(prefix: string, retention: Duration, archiveAfter: Duration | undefined): LifecycleRule {
  return {
    id: `${prefix.replace('/', '')}-end`,
    prefix,
    // A day later than the lock, whose hour is that of the write.
    expiration: Duration.days(retention.toDays() + 1),
    noncurrentVersionExpiration: Duration.days(1),
    // Readable at once: a trail that has to be restored first is verified by nobody.
    ...(archiveAfter && {
      transitions: [{ storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: archiveAfter }],
    }),
  };
}

function acknowledgeFindings(scope: Construct): void {
  Validations.of(scope).acknowledge({
    id: 'AwsSolutions-S1',
    reason:
      'Access to the trail is in CloudTrail, where data events are recorded; logs of S3 would be a bucket that nobody proves.',
  });
}
