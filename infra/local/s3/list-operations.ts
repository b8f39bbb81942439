// Lists of objects and of their versions, page by page. Pure but for the store.

import type { ServiceResponse } from '../protocol/http-service.ts';
import { type Xml, xml } from '../protocol/xml.ts';
import { invalidArgument, notImplemented } from './errors.ts';
import { type Work, xmlAnswer } from './object-operations.ts';
import type { S3Request } from './request.ts';
import type { ObjectVersion } from './versions.ts';

const pageLimit = 1000;

/** The newest versions that are objects. */
export function listObjectsV2({ store, bucket, request }: Work): ServiceResponse {
  const { query } = request;
  if (query.get('list-type') !== '2') throw notImplemented('The local S3 lists objects by version 2 only');
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const after = tokenIn(query) ?? query.get('start-after') ?? '';
  const limit = limitOf(query);
  const current = store.keys(bucket.name).flatMap(([, [newest]]) => (newest && !newest.isDeleteMarker ? [newest] : []));
  const entries = grouped(
    current.filter(({ key }) => key.startsWith(prefix)),
    { prefix, delimiter },
  ).filter(({ name }) => isAfter(name, after));
  const page = entries.slice(0, limit);
  const isTruncated = entries.length > page.length && limit > 0;
  const show = encoderOf(query);
  const last = page.at(-1)?.name;
  const content: Xml = {
    Name: bucket.name,
    Prefix: show(prefix),
    ...(query.has('delimiter') && { Delimiter: show(delimiter) }),
    ...(query.has('start-after') && { StartAfter: show(query.get('start-after') ?? '') }),
    ...(query.has('continuation-token') && { ContinuationToken: query.get('continuation-token') ?? '' }),
    ...(isTruncated && last !== undefined && { NextContinuationToken: Buffer.from(last).toString('base64url') }),
    ...(query.has('encoding-type') && { EncodingType: 'url' }),
    KeyCount: page.length,
    MaxKeys: limit,
    IsTruncated: isTruncated,
    Contents: page.flatMap(({ version }) => (version ? [contents(version, show)] : [])),
    CommonPrefixes: page.flatMap(({ name, version }) => (version ? [] : [{ Prefix: show(name) }])),
  };
  return xmlAnswer('ListBucketResult', xml(content));
}

interface Entry {
  readonly name: string;
  /** Undefined for a prefix that stands for several. */
  readonly version?: ObjectVersion;
}

function grouped(
  versions: readonly ObjectVersion[],
  { prefix, delimiter }: { readonly prefix: string; readonly delimiter: string },
): readonly Entry[] {
  const entries = new Map<string, Entry>();
  for (const version of versions) {
    const at = delimiter === '' ? -1 : version.key.indexOf(delimiter, prefix.length);
    const name = at < 0 ? version.key : version.key.slice(0, at + delimiter.length);
    entries.set(name, at < 0 ? { name, version } : { name });
  }
  return [...entries.values()];
}

/** Every version and marker, of each key the newest first. */
export function listObjectVersions({ store, bucket, request }: Work): ServiceResponse {
  const { query } = request;
  const prefix = query.get('prefix') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get('version-id-marker');
  if (idMarker !== undefined && keyMarker === '') {
    throw invalidArgument('A version-id marker cannot be specified without a key marker.');
  }
  const limit = limitOf(query);
  const all = store.keys(bucket.name).flatMap(([key, versions]) => {
    if (!key.startsWith(prefix)) return [];
    const ordered = versions.map((version, index) => ({ version, isLatest: index === 0 }));
    if (key !== keyMarker) return isAfter(key, keyMarker) ? ordered : [];
    const marked = versions.findIndex(({ id }) => id === idMarker);
    return marked < 0 ? [] : ordered.slice(marked + 1);
  });
  const page = all.slice(0, limit);
  const isTruncated = all.length > page.length && limit > 0;
  const show = encoderOf(query);
  const last = page.at(-1)?.version;
  const head: Xml = {
    Name: bucket.name,
    Prefix: show(prefix),
    KeyMarker: show(keyMarker),
    VersionIdMarker: idMarker ?? '',
    ...(isTruncated && last && { NextKeyMarker: show(last.key), NextVersionIdMarker: last.id }),
    ...(query.has('encoding-type') && { EncodingType: 'url' }),
    MaxKeys: limit,
    IsTruncated: isTruncated,
  };
  // In one order, as they come: elements of two names among each other.
  const entries = page.map(({ version, isLatest }) => {
    const about = { VersionId: version.id, IsLatest: isLatest };
    if (!version.isDeleteMarker) return xml({ Version: { ...contents(version, show), ...about } });
    return xml({ DeleteMarker: { Key: show(version.key), LastModified: time(version), ...about } });
  });
  return xmlAnswer('ListVersionsResult', `${xml(head)}${entries.join('')}`);
}

function contents(version: ObjectVersion, show: (text: string) => string): { readonly [name: string]: Xml } {
  return {
    Key: show(version.key),
    LastModified: time(version),
    ETag: version.etag,
    Size: version.size,
    StorageClass: 'STANDARD',
  };
}

function time({ at }: ObjectVersion): string {
  return new Date(at).toISOString();
}

function isAfter(key: string, marker: string): boolean {
  return marker === '' || Buffer.compare(Buffer.from(key), Buffer.from(marker)) > 0;
}

function limitOf(query: S3Request['query']): number {
  const given = query.get('max-keys') ?? String(pageLimit);
  if (!/^\d{1,9}$/.test(given)) throw invalidArgument('Provided max-keys not an integer or within integer range');
  return Math.min(Number(given), pageLimit);
}

function tokenIn(query: S3Request['query']): string | undefined {
  const token = query.get('continuation-token');
  if (token === undefined) return undefined;
  const key = Buffer.from(token, 'base64url').toString();
  if (key === '' || Buffer.from(key).toString('base64url') !== token) {
    throw invalidArgument('The continuation token provided is incorrect');
  }
  return key;
}

function encoderOf(query: S3Request['query']): (text: string) => string {
  const type = query.get('encoding-type');
  if (type === undefined) return (text) => text;
  if (type !== 'url') throw invalidArgument('Invalid Encoding Method specified in Request');
  return (text) => encodeURIComponent(text).replaceAll('%2F', '/');
}
