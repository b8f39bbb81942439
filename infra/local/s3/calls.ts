// A request of S3 as the calls IAM would evaluate. Pure.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html

import type { RecordedCall } from '../protocol/calls.ts';
import type { OperationName, S3Request } from './request.ts';

export interface Asked {
  readonly principal: string;
  readonly request: S3Request;
  /** Milliseconds. */
  readonly at: number;
}

const actions: Readonly<Partial<Record<OperationName, string>>> = {
  HeadBucket: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  ListObjectVersions: 'ListBucketVersions',
  GetObjectLockConfiguration: 'GetBucketObjectLockConfiguration',
  PutObjectLockConfiguration: 'PutBucketObjectLockConfiguration',
  HeadObject: 'GetObject',
};
/** Actions that another one takes the place of where a version is named. */
const ofVersions: Readonly<Record<string, string>> = {
  GetObject: 'GetObjectVersion',
  DeleteObject: 'DeleteObjectVersion',
};

/** One call for each right the request needs. */
export function s3Calls(asked: Asked): readonly RecordedCall[] {
  const { operation, key, query, headers } = asked.request;
  const action = actions[operation] ?? operation;
  const own = query.has('versionId') ? (ofVersions[action] ?? action) : action;
  const setsRetention = operation === 'PutObject' && headers['x-amz-object-lock-mode'] !== undefined;
  const bypasses = headers['x-amz-bypass-governance-retention']?.toLowerCase() === 'true';
  return [
    own,
    ...(setsRetention ? ['PutObjectRetention'] : []),
    ...(bypasses ? ['BypassGovernanceRetention'] : []),
  ].map((name) => callOf(asked, name, key));
}

/** Only who may list the bucket is told that an object is not there; to others it is AccessDenied. */
export function absenceCall(asked: Asked): RecordedCall {
  return callOf(asked, 'ListBucket', '');
}

function callOf({ principal, request, at }: Asked, action: string, key: string): RecordedCall {
  return {
    at,
    service: 's3',
    principal,
    action: `s3:${action}`,
    resource: `arn:aws:s3:::${request.bucket}${key === '' ? '' : `/${key}`}`,
    context: contextOf(request),
  };
}

const fromQuery = {
  prefix: 's3:prefix',
  delimiter: 's3:delimiter',
  'max-keys': 's3:max-keys',
  versionId: 's3:VersionId',
};
const fromHeaders = {
  'if-none-match': 's3:if-none-match',
  'x-amz-content-sha256': 's3:x-amz-content-sha256',
  'x-amz-object-lock-mode': 's3:object-lock-mode',
  'x-amz-object-lock-retain-until-date': 's3:object-lock-retain-until-date',
};

function contextOf({ query, headers }: S3Request): Readonly<Record<string, string>> {
  const given = [
    ...Object.entries(fromQuery).map(([name, key]) => [key, query.get(name)] as const),
    ...Object.entries(fromHeaders).map(([name, key]) => [key, headers[name]] as const),
  ];
  return Object.fromEntries(given.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
