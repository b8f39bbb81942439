// Whether the body of a request is the one its headers speak of. Pure.

import { createHash, hash, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsError } from '../protocol/aws-error.ts';
import { invalidRequest, notImplemented } from './errors.ts';
import type { S3Request } from './request.ts';

type Headers = S3Request['headers'];

/** Those of S3 that Node can compute. */
const algorithms: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  crc32: (body) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(crc32(body));
    return bytes;
  },
  sha1: (body) => createHash('sha1').update(body).digest(),
  sha256: (body) => createHash('sha256').update(body).digest(),
};
const prefix = 'x-amz-checksum-';
/** Headers of that prefix that are no checksums. */
const settings = ['x-amz-checksum-mode'];

/**
 * Holds the body against `x-amz-content-sha256`, `Content-MD5` and `x-amz-checksum-*`.
 * @throws AwsError as S3 says it
 */
export function checkBody({ headers, body }: Pick<S3Request, 'headers' | 'body'>): void {
  checkSigned(headers, body);
  checkMd5(headers['content-md5'], body);
  const [checksum, second] = checksumsIn(headers);
  if (second)
    throw invalidRequest('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.');
  const announced = headers['x-amz-sdk-checksum-algorithm']?.toLowerCase();
  if (announced !== undefined && announced !== checksum?.algorithm) {
    throw invalidRequest(
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  if (checksum) checkOne(checksum, body);
}

/** Name and value of the header in which the object keeps its checksum. */
export function checksumHeader(headers: Headers): Readonly<Record<string, string>> {
  return Object.fromEntries(checksumsIn(headers).map(({ algorithm, value }) => [`${prefix}${algorithm}`, value]));
}

/** A request that retains an object has to prove what it sends. */
export function hasIntegrity(headers: Headers): boolean {
  return headers['content-md5'] !== undefined || checksumsIn(headers).length > 0;
}

interface Checksum {
  readonly algorithm: string;
  readonly value: string;
}

function checksumsIn(headers: Headers): readonly Checksum[] {
  return Object.entries(headers)
    .filter(([name]) => name.startsWith(prefix) && !settings.includes(name))
    .map(([name, value]) => ({ algorithm: name.slice(prefix.length), value }));
}

function checkSigned(headers: Headers, body: Buffer): void {
  const signed = headers['x-amz-content-sha256'];
  if (signed === undefined) throw invalidRequest('Missing required header for this request: x-amz-content-sha256');
  if (signed === 'UNSIGNED-PAYLOAD') return;
  if (signed.startsWith('STREAMING-')) throw notImplemented('The local S3 takes no chunked bodies');
  if (!/^[0-9a-f]{64}$/.test(signed)) {
    throw invalidRequest('x-amz-content-sha256 must be UNSIGNED-PAYLOAD or a valid sha256 value.');
  }
  if (signed !== hash('sha256', body)) {
    const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    throw new AwsError('XAmzContentSHA256Mismatch', message, 400);
  }
}

function checkMd5(given: string | undefined, body: Buffer): void {
  if (given === undefined) return;
  const wanted = Buffer.from(given, 'base64');
  if (wanted.length !== 16) throw new AwsError('InvalidDigest', 'The Content-MD5 you specified was invalid.', 400);
  const is = createHash('md5').update(body).digest();
  if (!timingSafeEqual(is, wanted)) {
    throw new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.', 400);
  }
}

function checkOne({ algorithm, value }: Checksum, body: Buffer): void {
  const compute = Object.hasOwn(algorithms, algorithm) ? algorithms[algorithm] : undefined;
  if (!compute) throw notImplemented(`The local S3 does not compute ${algorithm}`);
  const is = compute(body);
  if (Buffer.from(value, 'base64').length !== is.length) {
    throw invalidRequest(`Value for ${prefix}${algorithm} header is invalid.`);
  }
  if (is.toString('base64') !== value) {
    const message = `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`;
    throw new AwsError('BadDigest', message, 400);
  }
}
