// Buckets of the local S3: how they are made, whether they keep versions and lock them. Pure but for the store.

import { AwsError } from '../protocol/aws-error.ts';
import type { ServiceResponse } from '../protocol/http-service.ts';
import { xml } from '../protocol/xml.ts';
import { checkBody } from './checksums.ts';
import { malformedXml } from './errors.ts';
import { type Work, xmlAnswer } from './object-operations.ts';
import type { S3Request } from './request.ts';
import { element, parseLockRule } from './retention.ts';
import type { VersionStore } from './versions.ts';

/** @param at milliseconds */
export function createBucket({ store, request, at }: Omit<Work, 'bucket'>, region: string): ServiceResponse {
  const { bucket: name, headers, body } = request;
  checkBody(request);
  checkName(store, name);
  if (element(body.toString(), 'LocationConstraint') !== region) {
    const message =
      'The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.';
    throw new AwsError('IllegalLocationConstraintException', message, 400);
  }
  const isLocked = headers['x-amz-bucket-object-lock-enabled']?.toLowerCase() === 'true';
  store.keepBucket({ name, createdAt: at, isVersioned: isLocked, ...(isLocked && { lock: {} }) });
  return { status: 200, headers: { location: `/${name}` }, body: '' };
}

function checkName(store: VersionStore, name: string): void {
  if (!/^(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
    throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.', 400);
  }
  if (store.bucket(name)) {
    const message = 'Your previous request to create the named bucket succeeded and you already own it.';
    throw new AwsError('BucketAlreadyOwnedByYou', message, 409);
  }
}

export function headBucket(): ServiceResponse {
  return { status: 200, headers: {}, body: '' };
}

export function getBucketVersioning({ bucket }: Work): ServiceResponse {
  return xmlAnswer('VersioningConfiguration', bucket.isVersioned ? xml({ Status: 'Enabled' }) : '');
}

/** Versions are turned on and never off again. */
export function putBucketVersioning({ store, bucket, request }: Work): ServiceResponse {
  checkBody(request);
  if (statusIn(request) !== 'Enabled') {
    const message =
      'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.';
    throw bucket.lock ? new AwsError('InvalidBucketState', message, 409) : malformedXml();
  }
  store.keepBucket({ ...bucket, isVersioned: true });
  return { status: 200, headers: {}, body: '' };
}

function statusIn({ body }: S3Request): string | undefined {
  return element(body.toString(), 'Status');
}

export function getObjectLockConfiguration({ bucket }: Work): ServiceResponse {
  if (!bucket.lock) {
    const message = 'Object Lock configuration does not exist for this bucket';
    throw new AwsError('ObjectLockConfigurationNotFoundError', message, 404);
  }
  const { retention } = bucket.lock;
  const rule = retention && { Rule: { DefaultRetention: { Mode: retention.mode, Days: retention.days } } };
  return xmlAnswer('ObjectLockConfiguration', xml({ ObjectLockEnabled: 'Enabled', ...rule }));
}

export function putObjectLockConfiguration({ store, bucket, request }: Work): ServiceResponse {
  checkBody(request);
  if (!bucket.isVersioned) {
    const message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
    throw new AwsError('InvalidBucketState', message, 409);
  }
  store.keepBucket({ ...bucket, lock: parseLockRule(request.body) });
  return { status: 200, headers: {}, body: '' };
}
