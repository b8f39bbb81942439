// An Amazon S3 on loopback, as far as an archive needs one: objects, their versions, Object Lock, conditional puts, at least
// as strict as AWS. Bucket policies are not enforced, who calls is recorded. I/O: one socket, and files when told.

import { randomUUID, timingSafeEqual } from 'node:crypto';
import { AwsError, suffer } from '../protocol/aws-error.ts';
import type { EmulatorOptions } from '../protocol/calls.ts';
import { type HttpService, type ServiceRequest, type ServiceResponse, serveHttp } from '../protocol/http-service.ts';
import { findCaller, type Unauthenticated } from '../protocol/sigv4-caller.ts';
import { signatureOf } from '../protocol/sigv4-signature.ts';
import { xml } from '../protocol/xml.ts';
import {
  createBucket,
  getBucketVersioning,
  getObjectLockConfiguration,
  headBucket,
  putBucketVersioning,
  putObjectLockConfiguration,
} from './bucket-operations.ts';
import { absenceCall, s3Calls } from './calls.ts';
import { accessDenied, noSuchBucket } from './errors.ts';
import { listObjectsV2, listObjectVersions } from './list-operations.ts';
import {
  checkOwner,
  deleteObject,
  getObject,
  getObjectRetention,
  headObject,
  putObject,
  putObjectRetention,
  type Work,
} from './object-operations.ts';
import { type OperationName, parseS3Request } from './request.ts';
import { openVersionStore, type VersionStore } from './versions.ts';

export interface S3Options extends EmulatorOptions {
  /** Where buckets and objects are kept; absent means in memory. */
  readonly directory?: string | undefined;
  /** Secret of an access key; a signature whose secret is not known here is not verified. */
  readonly secretOf?: ((accessKeyId: string) => string | undefined) | undefined;
}

/** AWS takes 5 GB in one put. */
const maxBodyBytes = 32 * 1024 * 1024;

const operations: Readonly<Record<Exclude<OperationName, 'CreateBucket'>, (work: Work) => ServiceResponse>> = {
  HeadBucket: headBucket,
  ListObjectsV2: listObjectsV2,
  ListObjectVersions: listObjectVersions,
  GetBucketVersioning: getBucketVersioning,
  PutBucketVersioning: putBucketVersioning,
  GetObjectLockConfiguration: getObjectLockConfiguration,
  PutObjectLockConfiguration: putObjectLockConfiguration,
  PutObject: putObject,
  GetObject: getObject,
  HeadObject: headObject,
  DeleteObject: deleteObject,
  GetObjectRetention: getObjectRetention,
  PutObjectRetention: putObjectRetention,
};

/**
 * Starts the S3 of one account in one region. `clock` moves retentions.
 * @throws Error when the port is taken
 */
export async function startS3(options: S3Options): Promise<HttpService> {
  const { port = 0, directory, clock = Date.now } = options;
  const store = openVersionStore(directory, clock);
  return serveHttp(port, maxBodyBytes, async (http) => {
    const requestId = randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase();
    const { status, headers, body } = await answer(options, store, http).catch((error: unknown) =>
      errorAnswer(error, http),
    );
    return { status, headers: { 'x-amz-request-id': requestId, server: 'AmazonS3', ...headers }, body };
  });
}

async function answer(options: S3Options, store: VersionStore, http: ServiceRequest): Promise<ServiceResponse> {
  const at = (options.clock ?? Date.now)();
  const principal = authenticated(options, http);
  const request = parseS3Request(http);
  const asked = { principal, request, at };
  const calls = s3Calls(asked);
  calls.forEach(options.record);
  await suffer(options.fault, calls);
  checkOwner(request, options.accountId);
  try {
    return perform({ store, request, at }, options.region);
  } catch (error) {
    if (error instanceof AwsError && error.code === 'NoSuchKey') options.record(absenceCall(asked));
    throw error;
  }
}

function perform(work: Omit<Work, 'bucket'>, region: string): ServiceResponse {
  const { store, request } = work;
  if (request.operation === 'CreateBucket') return createBucket(work, region);
  const bucket = store.bucket(request.bucket);
  if (!bucket) throw noSuchBucket();
  return operations[request.operation]({ ...work, bucket });
}

const refusals: Readonly<Record<Unauthenticated, readonly [code: string, status: number]>> = {
  'missing-token': ['AccessDenied', 403],
  'incomplete-signature': ['AuthorizationHeaderMalformed', 400],
  'wrong-scope': ['AuthorizationHeaderMalformed', 400],
  'unknown-key': ['InvalidAccessKeyId', 403],
};

function authenticated({ region, principalOf, secretOf }: S3Options, request: ServiceRequest): string {
  const { headers } = request;
  const caller = findCaller(headers, { service: 's3', regions: [region], principalOf });
  if ('reason' in caller) {
    const [code, status] = refusals[caller.reason];
    throw new AwsError(code, caller.message, status);
  }
  const unsigned = unsignedHeaders(headers);
  if (unsigned.length > 0) {
    throw accessDenied(`There were headers present in the request which were not signed: ${unsigned.join(', ')}`);
  }
  const secretAccessKey = secretOf?.(caller.accessKeyId);
  if (secretAccessKey !== undefined) checkSignature(request, { region, secretAccessKey });
  return caller.principal;
}

/** The other services take a signature as it is; that of S3 is made in a way of its own, which is easy to get wrong. */
function checkSignature(
  { method, path, headers }: ServiceRequest,
  key: { readonly region: string; readonly secretAccessKey: string },
): void {
  const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  const { authorization = '', 'x-amz-date': time = '' } = texts;
  const [, given = ''] = /Signature=([0-9a-f]{64})$/.exec(authorization) ?? [];
  const is = signatureOf({
    method,
    path,
    headers: texts,
    signedHeaders: signedIn(authorization),
    time,
    ...key,
    service: 's3',
  });
  if (given === '' || !timingSafeEqual(Buffer.from(is), Buffer.from(given))) {
    const message =
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.';
    throw new AwsError('SignatureDoesNotMatch', message, 403);
  }
}

function signedIn(authorization: string): readonly string[] {
  const [, list = ''] = /SignedHeaders=([^,\s]+)/.exec(authorization) ?? [];
  return list.split(';');
}

/** A signature has to be over the host and over whatever tells S3 what to do. */
function unsignedHeaders(headers: ServiceRequest['headers']): readonly string[] {
  const signed = signedIn(headers.authorization ?? '');
  return Object.keys(headers).filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signed.includes(name),
  );
}

/** Anything but an AwsError is a mistake of the emulator and is thrown on. */
function errorAnswer(error: unknown, { method, path }: ServiceRequest): ServiceResponse {
  if (!(error instanceof AwsError)) throw error;
  const { code, message, status } = error;
  const resource = path.split('?')[0] ?? '';
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${xml({ Code: code, Message: message, Resource: resource })}</Error>`;
  return { status, headers: { 'content-type': 'application/xml' }, body: method === 'HEAD' ? '' : body };
}
