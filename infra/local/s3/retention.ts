// Object Lock: how long a version is kept, and who may end that. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html

import { hasIntegrity } from './checksums.ts';
import { accessDenied, invalidArgument, invalidRequest, locked, malformedXml, noLock } from './errors.ts';
import type { S3Request } from './request.ts';
import type { Bucket, DefaultRetention, ObjectVersion, Retention } from './versions.ts';

const dayMs = 86_400_000;
const daysOfYear = 365;
const longestDays = 100 * daysOfYear;

/**
 * What the new object is kept by: what its headers say, else the bucket's default.
 * @param at milliseconds
 * @throws AwsError for headers that are no retention, or a body nothing vouches for
 */
export function retentionOf(
  bucket: Bucket,
  { headers }: Pick<S3Request, 'headers'>,
  at: number,
): Retention | undefined {
  const mode = headers['x-amz-object-lock-mode'];
  const until = headers['x-amz-object-lock-retain-until-date'];
  const asked = mode !== undefined || until !== undefined;
  if (asked && !bucket.lock) throw noLock();
  const own = asked ? parseRetention({ mode, until }, at) : undefined;
  const retention = own ?? defaultOf(bucket.lock?.retention, at);
  if (retention && !hasIntegrity(headers)) {
    throw invalidRequest(
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
    );
  }
  return retention;
}

function defaultOf(retention: DefaultRetention | undefined, at: number): Retention | undefined {
  return retention && { mode: retention.mode, until: at + retention.days * dayMs };
}

function parseRetention(
  { mode, until }: { readonly mode: string | undefined; readonly until: string | undefined },
  at: number,
): Retention {
  if (mode === undefined || until === undefined) {
    throw invalidArgument('x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied');
  }
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') throw invalidArgument('Unknown wormMode directive.');
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(until) ? Date.parse(until) : Number.NaN;
  if (Number.isNaN(time)) throw invalidArgument('The retain until date must be provided in ISO 8601 format');
  if (time <= at) throw invalidArgument('The retain until date must be in the future!');
  return { mode, until: time };
}

/** @throws AwsError unless the version may be deleted now */
export function checkDeletable(version: ObjectVersion, { headers }: Pick<S3Request, 'headers'>, at: number): void {
  const { retention } = version;
  if (!retention || retention.until <= at) return;
  if (retention.mode === 'COMPLIANCE' || !isBypass(headers)) throw locked();
}

/** The retention that a `PutObjectRetention` gives a version. @throws AwsError where it would be kept for less */
export function newRetention(version: ObjectVersion, { headers, body }: S3Request, at: number): Retention {
  const text = body.toString();
  const wanted = parseRetention({ mode: element(text, 'Mode'), until: element(text, 'RetainUntilDate') }, at);
  if (!hasIntegrity(headers)) throw invalidRequest('Missing required header for this request: Content-MD5');
  const { retention } = version;
  if (!retention || retention.until <= at) return wanted;
  const isLess = wanted.until < retention.until || wanted.mode !== retention.mode;
  if (isLess && (retention.mode === 'COMPLIANCE' || !isBypass(headers))) throw locked();
  return wanted;
}

/** Whether the caller wants to pass governance by, for which it needs a right. */
function isBypass(headers: S3Request['headers']): boolean {
  const bypass = headers['x-amz-bypass-governance-retention'];
  if (bypass !== undefined && !['true', 'false'].includes(bypass.toLowerCase())) throw accessDenied('Access Denied');
  return bypass?.toLowerCase() === 'true';
}

/** The rule of an `ObjectLockConfiguration`. @throws AwsError for what is none */
export function parseLockRule(body: Buffer): { readonly retention?: DefaultRetention } {
  const text = body.toString();
  if (element(text, 'ObjectLockEnabled') !== 'Enabled') throw malformedXml();
  if (!text.includes('<Rule>')) return {};
  const mode = element(text, 'Mode');
  const [days, years] = [Number(element(text, 'Days') ?? 0), Number(element(text, 'Years') ?? 0)];
  if ((mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') || days > 0 === years > 0) throw malformedXml();
  const all = days || years * daysOfYear;
  if (!Number.isSafeInteger(all) || all > longestDays) throw invalidArgument('Default retention period is too long');
  return { retention: { mode, days: all } };
}

/** Text of the first element of this name. */
export function element(text: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]?.trim();
}
