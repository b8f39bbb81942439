// Calls of S3 by whoever deploys and by what stands for Lambda itself. Network.

import { hash } from 'node:crypto';
import { AwsError } from '../protocol/aws-error.ts';
import { type AwsKeys, encoded, signedHeaders } from '../protocol/sigv4-signature.ts';
import { element } from './retention.ts';

export interface S3ClientOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: AwsKeys;
}

export interface S3Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  readonly bucket: string;
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** In lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** @throws AwsError as S3 answers it */
export type CallS3 = (call: S3Call) => Promise<S3Answer>;

/** Calls in path style, with a body's SHA-256 as its checksum. */
export function createS3Client({ endpoint, region, credentials }: S3ClientOptions): CallS3 {
  return async ({ method, bucket, key, query = {}, headers: own = {}, body = '' }) => {
    const search = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
    const name = [bucket, ...(key === undefined ? [] : key.split('/'))].map(encoded).join('/');
    const path = `/${name}${search.length > 0 ? `?${search.join('&')}` : ''}`;
    const checksum = {
      'x-amz-checksum-sha256': hash('sha256', body, 'base64'),
      'x-amz-sdk-checksum-algorithm': 'SHA256',
    };
    const headers = signedHeaders({
      method,
      path,
      headers: { ...own, host: new URL(endpoint).host, ...(method === 'PUT' && checksum) },
      body,
      region,
      service: 's3',
      keys: credentials,
      now: new Date(),
    });
    const answer = await fetch(new URL(path, endpoint), {
      method,
      headers,
      ...(method === 'PUT' && { body: Buffer.from(body) }),
    });
    const content = Buffer.from(await answer.arrayBuffer());
    if (!answer.ok) throw errorOf(answer.status, content.toString());
    return { status: answer.status, headers: answer.headers, body: content };
  };
}

function errorOf(status: number, text: string): AwsError {
  return new AwsError(element(text, 'Code') ?? `Status${status}`, element(text, 'Message') ?? '', status);
}
