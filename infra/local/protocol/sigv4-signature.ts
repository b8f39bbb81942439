// Signature Version 4 as S3 has it: the path is encoded once, and the hash of the body is a header. Other services take it
// where the path is `/`. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

import { createHmac, hash } from 'node:crypto';

export interface SignedRequest {
  readonly method: string;
  /** As sent: path and query, percent-encoded. */
  readonly path: string;
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the headers that are signed, sorted. */
  readonly signedHeaders: readonly string[];
  /** `20261127T010203Z`. */
  readonly time: string;
  readonly region: string;
  readonly service: string;
  readonly secretAccessKey: string;
}

/** The signature in hexadecimal. */
export function signatureOf(request: SignedRequest): string {
  const { time, region, service, secretAccessKey } = request;
  const day = time.slice(0, 8);
  const scope = [day, region, service, 'aws4_request'];
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope.join('/')}\n${hash('sha256', canonicalRequest(request))}`;
  const key = scope.reduce<Buffer>((secret, part) => hmac(secret, part), Buffer.from(`AWS4${secretAccessKey}`));
  return hmac(key, text).toString('hex');
}

function canonicalRequest({ method, path, headers, signedHeaders }: SignedRequest): string {
  const [whole = '', ...search] = path.split('?');
  const uri = whole.split('/').map(decodeURIComponent).map(encoded).join('/');
  const query = [...new URLSearchParams(search.join('?'))].map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  const lines = signedHeaders.map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}\n`);
  const parts = [method, uri, query.sort().join('&'), lines.join(''), signedHeaders.join(';')];
  return [...parts, headers['x-amz-content-sha256']].join('\n');
}

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface ToSign extends Pick<SignedRequest, 'method' | 'path' | 'headers' | 'region' | 'service'> {
  readonly body: string | Buffer;
  readonly keys: AwsKeys;
  readonly now: Date;
}

/** The headers of a request with its signature, which is over all of them. */
export function signedHeaders({ body, keys, now, ...request }: ToSign): Readonly<Record<string, string>> {
  const { accessKeyId, secretAccessKey } = keys;
  const time = now.toISOString().replace(/\.\d+|[-:]/g, '');
  const headers = { ...request.headers, 'x-amz-content-sha256': hash('sha256', body), 'x-amz-date': time };
  const names = Object.keys(headers).sort();
  const signature = signatureOf({ ...request, headers, signedHeaders: names, time, secretAccessKey });
  const credential = `${accessKeyId}/${time.slice(0, 8)}/${request.region}/${request.service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...headers, authorization };
}

/** Everything but unreserved characters is percent-encoded. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
