// What a request asks of S3: operation, bucket and key, from method, host, path and query. Pure.

import type { ServiceRequest } from '../protocol/http-service.ts';
import { invalidArgument, notImplemented } from './errors.ts';

export interface S3Request {
  readonly operation: OperationName;
  readonly bucket: string;
  /** Empty for what is about the bucket. */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** By method, by whether there is a key, and by the query parameter that says more. */
const operations = {
  'PUT bucket': 'CreateBucket',
  'HEAD bucket': 'HeadBucket',
  'GET bucket list-type': 'ListObjectsV2',
  'GET bucket versions': 'ListObjectVersions',
  'GET bucket versioning': 'GetBucketVersioning',
  'PUT bucket versioning': 'PutBucketVersioning',
  'GET bucket object-lock': 'GetObjectLockConfiguration',
  'PUT bucket object-lock': 'PutObjectLockConfiguration',
  'PUT object': 'PutObject',
  'GET object': 'GetObject',
  'HEAD object': 'HeadObject',
  'DELETE object': 'DeleteObject',
  'GET object retention': 'GetObjectRetention',
  'PUT object retention': 'PutObjectRetention',
} as const;

export type OperationName = (typeof operations)[keyof typeof operations];

const subresources = ['list-type', 'versions', 'versioning', 'object-lock', 'retention'];
/** Parameters with which an operation is asked for in more detail. */
const known: Readonly<Partial<Record<OperationName, readonly string[]>>> = {
  ListObjectsV2: ['prefix', 'start-after', 'continuation-token', 'max-keys', 'delimiter', 'encoding-type'],
  ListObjectVersions: ['prefix', 'key-marker', 'version-id-marker', 'max-keys', 'encoding-type'],
  GetObject: ['versionId'],
  HeadObject: ['versionId'],
  DeleteObject: ['versionId'],
  GetObjectRetention: ['versionId'],
  PutObjectRetention: ['versionId'],
};

/** @throws AwsError for what S3 or this S3 does not know */
export function parseS3Request({ method, path, headers: raw, body }: ServiceRequest): S3Request {
  const [whole = '', search = ''] = split(path, '?');
  const pairs = [...new URLSearchParams(search)];
  const query = new Map(pairs);
  if (query.size < pairs.length) throw invalidArgument('A query parameter is given more than once');
  const { bucket, key } = namesIn(whole, raw.host ?? '');
  const [subresource, second] = [...query.keys()].filter((name) => subresources.includes(name));
  const form = [method, key === '' ? 'bucket' : 'object', subresource].filter(Boolean).join(' ');
  if (!isOperation(form) || second !== undefined || bucket === '') {
    throw notImplemented(`The local S3 does not know ${method} of this resource`);
  }
  const operation = operations[form];
  // SDKs name the operation in `x-id`.
  const parameters = [...query.keys()].filter((name) => name !== subresource && name !== 'x-id');
  const unknown = parameters.filter((name) => !known[operation]?.includes(name));
  if (unknown.length > 0) throw notImplemented(`The local S3 does not know ${unknown.join(', ')} of ${operation}`);
  const headers = Object.fromEntries(
    Object.entries(raw).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value].flat().join(',')]])),
  );
  return { operation, bucket, key, query, headers, body };
}

function isOperation(form: string): form is keyof typeof operations {
  return Object.hasOwn(operations, form);
}

/** Path style, or virtual-hosted style where the host begins with the bucket. */
function namesIn(path: string, host: string): { readonly bucket: string; readonly key: string } {
  const [, hosted] = /^(.+)\.(?:localhost|127\.0\.0\.1|s3[.-][a-z0-9.-]*amazonaws\.com)(?::\d+)?$/.exec(host) ?? [];
  if (hosted !== undefined) return { bucket: hosted, key: decoded(path.slice(1)) };
  const [bucket = '', key = ''] = split(path.slice(1), '/');
  return { bucket, key: decoded(key) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidArgument('The path is not percent-encoded UTF-8');
  }
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
