// Calls of S3 by whoever deploys and by what stands for Lambda itself. Network.

import { hash } from 'node:crypto';
import { AwsError } from '../protocol/aws-error.ts';
import { element } from './retention.ts';
import { encoded, s3Signature } from './signature.ts';

export interface S3ClientOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string | undefined;
  };
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
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return async ({ method, bucket, key, query = {}, headers: own = {}, body = '' }) => {
    const search = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
    const name = [bucket, ...(key === undefined ? [] : key.split('/'))].map(encoded).join('/');
    const path = `/${name}${search.length > 0 ? `?${search.join('&')}` : ''}`;
    const time = new Date().toISOString().replace(/\.\d+|[-:]/g, '');
    const sha256 = hash('sha256', body, 'hex');
    const headers: Readonly<Record<string, string>> = {
      ...own,
      host: new URL(endpoint).host,
      'x-amz-content-sha256': sha256,
      'x-amz-date': time,
      ...(method === 'PUT' && {
        'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64'),
        'x-amz-sdk-checksum-algorithm': 'SHA256',
      }),
      ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
    };
    const signedHeaders = Object.keys(headers).sort();
    const signature = s3Signature({ method, path, headers, signedHeaders, time, region, secretAccessKey });
    const credential = `${accessKeyId}/${time.slice(0, 8)}/${region}/s3/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
    const answer = await fetch(new URL(path, endpoint), {
      method,
      headers: { ...headers, authorization },
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
