// Objects of the local S3: put, get, head, delete and their retention. Pure but for the store.

import { createHash } from 'node:crypto';
import { AwsError } from '../protocol/aws-error.ts';
import type { ServiceResponse } from '../protocol/http-service.ts';
import { xml } from '../protocol/xml.ts';
import { checkBody, checksumHeader } from './checksums.ts';
import {
  accessDenied,
  invalidArgument,
  methodNotAllowed,
  noLock,
  noSuchKey,
  noSuchVersion,
  notImplemented,
  preconditionFailed,
} from './errors.ts';
import type { S3Request } from './request.ts';
import { checkDeletable, newRetention, retentionOf } from './retention.ts';
import type { Bucket, ObjectVersion, VersionStore } from './versions.ts';

/** One request of an operation. */
export interface Work {
  readonly store: VersionStore;
  readonly bucket: Bucket;
  readonly request: S3Request;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const maxKeyBytes = 1024;
const maxMetadataBytes = 2048;
/** Headers of an object that are kept and given back. */
const kept = [
  'content-type',
  'content-encoding',
  'content-disposition',
  'content-language',
  'cache-control',
  'expires',
];
const metadataPrefix = 'x-amz-meta-';
/** What a put may say beside metadata and checksums. */
const understood = [
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-security-token',
  'x-amz-user-agent',
];

export function putObject({ store, bucket, request, at }: Work): ServiceResponse {
  const { key, headers, body } = request;
  checkHeaders(request);
  checkBody(request);
  checkCondition(store.versions(bucket.name, key)[0], headers);
  const retention = retentionOf(bucket, request, at);
  const version: ObjectVersion = {
    key,
    id: bucket.isVersioned ? store.nextId() : 'null',
    at,
    isDeleteMarker: false,
    size: body.length,
    etag: `"${createHash('md5').update(body).digest('hex')}"`,
    headers: { 'content-type': 'binary/octet-stream', ...ownHeaders(headers), ...checksumHeader(headers) },
    ...(retention && { retention }),
  };
  store.add(bucket.name, version, body);
  return {
    status: 200,
    headers: { etag: version.etag, ...versionHeader(version), ...encrypted, ...checksumHeader(headers) },
    body: '',
  };
}

function checkHeaders({ key, headers }: S3Request): void {
  if (Buffer.byteLength(key) > maxKeyBytes) throw new AwsError('KeyTooLongError', 'Your key is too long', 400);
  const unknown = Object.keys(headers).filter(
    (name) =>
      name.startsWith('x-amz-') &&
      !name.startsWith(metadataPrefix) &&
      !name.startsWith('x-amz-checksum-') &&
      !understood.includes(name),
  );
  if (unknown.length > 0) throw notImplemented(`The local S3 does not know ${unknown.join(', ')}`);
  if (headers['if-match'] !== undefined) throw notImplemented('The local S3 does not know If-Match of PutObject');
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith(metadataPrefix));
  const size = metadata.reduce((sum, [name, value]) => sum + name.length - metadataPrefix.length + value.length, 0);
  if (size > maxMetadataBytes) {
    throw new AwsError('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', 400);
  }
}

/** A delete marker is no object. */
function checkCondition(current: ObjectVersion | undefined, headers: S3Request['headers']): void {
  const condition = headers['if-none-match'];
  if (condition === undefined) return;
  if (condition !== '*') throw notImplemented('If-None-Match of PutObject is * or nothing');
  if (current && !current.isDeleteMarker) throw preconditionFailed();
}

function ownHeaders(headers: S3Request['headers']): Readonly<Record<string, string>> {
  const own = Object.entries(headers).filter(([name]) => kept.includes(name) || name.startsWith(metadataPrefix));
  return Object.fromEntries(own);
}

export function getObject(work: Work): ServiceResponse {
  const version = readable(work);
  const body = work.store.body(work.bucket.name, version);
  return { status: 200, headers: headersOf(work, version), body };
}

/** As a get, without the body: the length is that of the object. */
export function headObject(work: Work): ServiceResponse {
  const version = readable(work);
  return { status: 200, headers: { ...headersOf(work, version), 'content-length': String(version.size) }, body: '' };
}

const unsupportedConditions = ['range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];

function readable({ store, bucket, request }: Work): ObjectVersion {
  const unsupported = unsupportedConditions.filter((name) => request.headers[name] !== undefined);
  if (unsupported.length > 0) throw notImplemented(`The local S3 does not know ${unsupported.join(', ')} of a get`);
  const version = asked(store, bucket, request);
  if (version.isDeleteMarker) throw request.query.has('versionId') ? methodNotAllowed() : noSuchKey();
  return version;
}

/** The version a request names, or the newest. */
function asked(store: VersionStore, bucket: Bucket, { key, query }: S3Request): ObjectVersion {
  const versions = store.versions(bucket.name, key);
  const id = query.get('versionId');
  const found = id === undefined ? versions[0] : versions.find((one) => one.id === id);
  if (!found) throw id === undefined ? noSuchKey() : noSuchVersion();
  return found;
}

/** Every bucket is encrypted by S3's own keys. */
const encrypted = { 'x-amz-server-side-encryption': 'AES256' };

function headersOf({ request }: Work, version: ObjectVersion): Readonly<Record<string, string>> {
  const wantsChecksum = request.headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED';
  const own = Object.entries(version.headers).filter(([name]) => wantsChecksum || !name.startsWith('x-amz-checksum-'));
  const { retention } = version;
  return {
    ...Object.fromEntries(own),
    ...encrypted,
    ...versionHeader(version),
    ...(retention && {
      'x-amz-object-lock-mode': retention.mode,
      'x-amz-object-lock-retain-until-date': new Date(retention.until).toISOString(),
    }),
    etag: version.etag,
    'last-modified': new Date(version.at).toUTCString(),
    'accept-ranges': 'bytes',
  };
}

function versionHeader({ id }: ObjectVersion): Readonly<Record<string, string>> {
  return id === 'null' ? {} : { 'x-amz-version-id': id };
}

/** Without a version, an object of a versioned bucket is covered by a marker; a version is gone for good. */
export function deleteObject({ store, bucket, request, at }: Work): ServiceResponse {
  const { key, query } = request;
  const id = query.get('versionId');
  const versions = store.versions(bucket.name, key);
  if (id === undefined && bucket.isVersioned) {
    const marker = markerOf(key, store.nextId(), at);
    store.add(bucket.name, marker, Buffer.alloc(0));
    return deleted(marker);
  }
  const version = versions.find((one) => one.id === (id ?? 'null'));
  if (!version) return { status: 204, headers: {}, body: '' };
  checkDeletable(version, request, at);
  store.remove(bucket.name, version);
  return deleted(version);
}

function markerOf(key: string, id: string, at: number): ObjectVersion {
  return { key, id, at, isDeleteMarker: true, size: 0, etag: '', headers: {} };
}

function deleted(version: ObjectVersion): ServiceResponse {
  const marker = version.isDeleteMarker ? { 'x-amz-delete-marker': 'true' } : {};
  return { status: 204, headers: { ...versionHeader(version), ...marker }, body: '' };
}

export function putObjectRetention(work: Work): ServiceResponse {
  const { store, bucket, request, at } = work;
  if (!bucket.lock) throw noLock();
  checkBody(request);
  const version = asked(store, bucket, request);
  if (version.isDeleteMarker) throw methodNotAllowed();
  store.replace(bucket.name, { ...version, retention: newRetention(version, request, at) });
  return { status: 200, headers: {}, body: '' };
}

export function getObjectRetention({ store, bucket, request }: Work): ServiceResponse {
  if (!bucket.lock) throw noLock();
  const { retention } = asked(store, bucket, request);
  if (!retention) {
    const message = 'The specified object does not have a ObjectLock configuration';
    throw new AwsError('NoSuchObjectLockConfiguration', message, 404);
  }
  const content = { Mode: retention.mode, RetainUntilDate: new Date(retention.until).toISOString() };
  return xmlAnswer('Retention', xml(content));
}

/** @throws AwsError for a request that is meant for the bucket of somebody else */
export function checkOwner({ headers }: S3Request, accountId: string): void {
  const owner = headers['x-amz-expected-bucket-owner'];
  if (owner === undefined) return;
  if (!/^\d{12}$/.test(owner)) throw invalidArgument('The value of the expected bucket owner is invalid');
  if (owner !== accountId) throw accessDenied('Access Denied');
}

export function xmlAnswer(root: string, content: string): ServiceResponse {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${root}>`;
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}
