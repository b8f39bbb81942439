// Calls of Amazon S3 on one bucket, signed by hand because a client of the SDK would be most of the function. One request each.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type BytesAnswer, sendSignedForBytes } from './signed-post.ts';
import type { AwsKeys } from './sigv4.ts';

export interface BucketOptions {
  readonly bucket: string;
  readonly region: string;
  /** Takes the place of S3's own, where it is set; the bucket is then in the path. */
  readonly endpoint: string | undefined;
  readonly keys: () => AwsKeys;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** Names hold nothing that a URL, a signature or XML has to encode: letters, digits, `.`, `-`, `_` and `/`. */
export interface S3Request {
  readonly method: 'GET' | 'PUT';
  readonly name?: string;
  readonly query?: string;
  /** In lower case; the signature covers them. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly bytes?: Uint8Array;
}

const mostTries = 4;
const timeoutMs = 10_000;
/** Milliseconds before the second try, doubled before each further one. */
const firstDelay = 100;
/** Of an object, and of a page of a list: what is written is far smaller. */
const maxBytes = 64 * 1024 * 1024;

/** Calls again what failed in passing. @throws Error of a call without an answer */
export async function callS3(request: S3Request, options: BucketOptions): Promise<BytesAnswer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await send(request, options).catch((error: unknown) => {
      if (tries === mostTries) throw error;
      return undefined;
    });
    if (answer && (tries === mostTries || !isTransient(answer))) return answer;
    await delay(firstDelay * 2 ** (tries - 1) * options.random());
  }
}

/** Busy, or another write of the same name was under way. */
function isTransient({ status }: BytesAnswer): boolean {
  return status >= 500 || status === 429 || status === 409;
}

function send({ method, name = '', query, headers, bytes = new Uint8Array() }: S3Request, options: BucketOptions) {
  const { bucket, region, endpoint, keys, clock } = options;
  const base = endpoint ? `${endpoint.replace(/\/$/, '')}/${bucket}/` : `https://${bucket}.s3.${region}.amazonaws.com/`;
  const digest = createHash('sha256').update(bytes).digest();
  return sendSignedForBytes({
    method,
    url: new URL(`${base}${name}${query === undefined ? '' : `?${query}`}`),
    ...{ region, service: 's3', keys: keys(), timeoutMs, maxBytes, now: new Date(clock()) },
    headers: {},
    signedHeaders: {
      ...headers,
      'x-amz-content-sha256': digest.toString('hex'),
      // A bucket with Object Lock takes nothing without a checksum.
      ...(method === 'PUT' && { 'x-amz-checksum-sha256': digest.toString('base64') }),
    },
    body: bytes,
  });
}

/** Named as S3 names what is wrong. */
export function s3Error(operation: string, { status, body }: Pick<BytesAnswer, 'status' | 'body'>): Error {
  const code = /<Code>([\w.]+)<\/Code>/.exec(body.toString('utf8', 0, 2_000))?.[1];
  const error = new Error(`S3 answered ${operation} with ${status}${code === undefined ? '' : ` ${code}`}`);
  if (code !== undefined) error.name = code;
  return error;
}
