// AWS Signature Version 4 of one request, over node:crypto. Pure.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
import { createHash, createHmac } from 'node:crypto';
import type { Environment } from './environment.ts';
import { UsageError } from './usage.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface RequestToSign {
  readonly method: string;
  readonly url: URL;
  readonly region: string;
  readonly service: string;
  readonly credentials: Credentials;
  readonly date: Date;
  readonly body?: string;
  /** In lower case; each is signed. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Those of the variables every AWS tool reads. @throws UsageError */
export function credentialsFrom(environment: Environment): Credentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  if (!accessKeyId || !secretAccessKey) throw new UsageError('set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  return { accessKeyId, secretAccessKey, sessionToken: environment['AWS_SESSION_TOKEN'] || undefined };
}

/** The headers to send with the request, `host` aside. */
export function signRequest(request: RequestToSign): Readonly<Record<string, string>> {
  const { credentials, region, service } = request;
  const time = request.date.toISOString().replace(/\.\d+|[-:]/g, '');
  const { sessionToken } = credentials;
  const added = {
    ...request.headers,
    // S3 wants the hash of the body as a header, too.
    ...(service === 's3' && { 'x-amz-content-sha256': sha256(request.body ?? '') }),
    'x-amz-date': time,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  };
  const headers = { host: request.url.host, ...added };
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonicalRequest(request, headers))].join('\n');
  const signature = hmac(signingKey(request, time.slice(0, 8)), text).toString('hex');
  const names = Object.keys(headers).sort().join(';');
  const credential = `Credential=${credentials.accessKeyId}/${scope}`;
  return { ...added, authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names}, Signature=${signature}` };
}

function canonicalRequest(
  { method, url, body = '' }: RequestToSign,
  headers: Readonly<Record<string, string>>,
): string {
  const names = Object.keys(headers).sort();
  // The path as sent is encoded once more, as every service but S3 wants it.
  const path = url.pathname.split('/').map(encode).join('/');
  const query = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
  const lines = names.map((name) => `${name}:${headers[name]}`);
  return [method, path, query.join('&'), ...lines, '', names.join(';'), sha256(body)].join('\n');
}

function signingKey({ credentials, region, service }: RequestToSign, date: string): Buffer {
  const parts = [date, region, service, 'aws4_request'];
  return parts.reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${credentials.secretAccessKey}`));
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
