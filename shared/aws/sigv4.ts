// AWS Signature Version 4 of a POST with a body and no query, over node:crypto. Pure.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
import { createHash, createHmac } from 'node:crypto';

/** Secrets, but for the id. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface PostToSign {
  readonly url: URL;
  readonly region: string;
  readonly service: string;
  readonly keys: AwsKeys;
  readonly now: Date;
  readonly body: string;
}

/** The headers to send with the request, `host` aside. */
export function signPost(post: PostToSign): Readonly<Record<string, string>> {
  const { keys, region, service, url } = post;
  const time = post.now.toISOString().replace(/\.\d+|[-:]/g, '');
  const added = {
    'x-amz-date': time,
    ...(keys.sessionToken !== undefined && { 'x-amz-security-token': keys.sessionToken }),
  };
  const headers = Object.entries({ host: url.host, ...added });
  const names = headers.map(([name]) => name).join(';');
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonicalRequest(post, headers, names))].join('\n');
  const signature = hmac(signingKey(post, time.slice(0, 8)), text).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...added, authorization };
}

/** @param headers in the order of their names */
function canonicalRequest({ url, body }: PostToSign, headers: readonly [string, string][], names: string): string {
  // The path as sent is encoded once more, as every service but S3 wants it.
  const path = url.pathname.split('/').map(encodeURIComponent).join('/');
  return ['POST', path, '', ...headers.map(([name, value]) => `${name}:${value}`), '', names, sha256(body)].join('\n');
}

function signingKey({ keys, region, service }: PostToSign, date: string): Buffer {
  const parts = [date, region, service, 'aws4_request'];
  return parts.reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${keys.secretAccessKey}`));
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
