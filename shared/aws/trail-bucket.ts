// The audit trail in its bucket: three operations of S3, signed by hand because a client of the SDK would be most of the function.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { TrailStore } from '../audit/append.ts';
import { type BytesAnswer, sendSignedForBytes } from './signed-post.ts';
import type { AwsKeys } from './sigv4.ts';

export interface TrailBucketOptions {
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

const mostTries = 4;
const timeoutMs = 10_000;
/** Milliseconds before the second try, doubled before each further one. */
const firstDelay = 100;
/** Of an object, and of a page of a list: what is written is far smaller. */
const maxBytes = 64 * 1024 * 1024;

/** Names hold nothing that a URL, a signature or XML has to encode: letters, digits, `.`, `-`, `_` and `/`. */
export function createTrailBucket(options: TrailBucketOptions): TrailStore {
  const call = (request: S3Request) => retried(request, options);
  const list = async (prefix: string, after?: string): Promise<readonly string[]> => {
    const names: string[] = [];
    for (let from = after; ; from = names.at(-1)) {
      const { status, body } = await call({ method: 'GET', query: listQuery(prefix, from) });
      if (status !== 200) throw s3Error('ListObjectsV2', { status, body });
      const xml = body.toString('utf8');
      const page = [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, name = '']) => name);
      names.push(...page);
      if (page.length === 0 || !xml.includes('<IsTruncated>true</IsTruncated>')) return names;
    }
  };
  return {
    list,
    get: async (name) => {
      const { status, body } = await call({ method: 'GET', name });
      if (status === 404) return undefined;
      if (status !== 200) throw s3Error('GetObject', { status, body });
      return body;
    },
    put: async (name, bytes) => {
      const { status, body } = await call({ method: 'PUT', name, bytes });
      if (status === 412) return false;
      if (status !== 200) throw s3Error('PutObject', { status, body });
      return true;
    },
  };
}

interface S3Request {
  readonly method: 'GET' | 'PUT';
  readonly name?: string;
  readonly query?: string;
  readonly bytes?: Uint8Array;
}

function listQuery(prefix: string, after: string | undefined): string {
  const from = after === undefined ? [] : [`start-after=${encodeURIComponent(after)}`];
  return ['list-type=2', `prefix=${encodeURIComponent(prefix)}`, ...from].join('&');
}

async function retried(request: S3Request, options: TrailBucketOptions): Promise<BytesAnswer> {
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

function send({ method, name = '', query, bytes = new Uint8Array() }: S3Request, options: TrailBucketOptions) {
  const { bucket, region, endpoint, keys, clock } = options;
  const base = endpoint ? `${endpoint.replace(/\/$/, '')}/${bucket}/` : `https://${bucket}.s3.${region}.amazonaws.com/`;
  const digest = createHash('sha256').update(bytes).digest();
  return sendSignedForBytes({
    method,
    url: new URL(`${base}${name}${query === undefined ? '' : `?${query}`}`),
    ...{ region, service: 's3', keys: keys(), timeoutMs, maxBytes, now: new Date(clock()) },
    headers: {},
    signedHeaders: {
      'x-amz-content-sha256': digest.toString('hex'),
      // A bucket with Object Lock takes nothing without a checksum.
      ...(method === 'PUT' && { 'if-none-match': '*', 'x-amz-checksum-sha256': digest.toString('base64') }),
    },
    body: bytes,
  });
}

function s3Error(operation: string, { status, body }: BytesAnswer): Error {
  const code = /<Code>([\w.]+)<\/Code>/.exec(body.toString('utf8', 0, 2_000))?.[1];
  return new Error(`S3 answered ${operation} with ${status}${code === undefined ? '' : ` ${code}`}`);
}
