// AWS Signature Version 4 of a request with a whole body, over node:crypto. Pure.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

/** Secrets, but for the id. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** What a signature is for. */
export interface SignatureScope {
  readonly region: string;
  readonly service: string;
}

export interface PostToSign {
  /** POST where it is not said. */
  readonly method?: 'POST' | 'GET' | 'PUT';
  /** As sent. */
  readonly path: string;
  /** As sent, its parameters encoded and in the order of their names; none where it is not said. */
  readonly query?: string;
  /** In lower case, `host` among them; each is signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  readonly keys: AwsKeys;
  readonly now: Date;
}

/** The headers to send with the request beside its own. */
export type SignPost = (post: PostToSign) => Readonly<Record<string, string>>;

/** Signs for one service in one region. The key for it is derived once a day. */
export function createSignPost(scope: SignatureScope): SignPost {
  let last: { readonly day: string; readonly secret: string; readonly key: KeyObject } | undefined;
  const keyOf = (secret: string, day: string): KeyObject => {
    if (last?.day !== day || last.secret !== secret) last = { day, secret, key: signingKey(secret, day, scope) };
    return last.key;
  };
  return (post) => {
    const { accessKeyId, secretAccessKey, sessionToken } = post.keys;
    const time = post.now.toISOString().replace(/\.\d+|[-:]/g, '');
    const day = time.slice(0, 8);
    const added = {
      'x-amz-date': time,
      ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
    };
    const headers = Object.entries({ ...post.headers, ...added }).sort(([a], [b]) => (a < b ? -1 : 1));
    const names = headers.map(([name]) => name).join(';');
    const credential = `${day}/${scope.region}/${scope.service}/aws4_request`;
    const canonical = hash('sha256', canonicalRequest(post, headers, names));
    const signature = createHmac('sha256', keyOf(secretAccessKey, day))
      .update(`AWS4-HMAC-SHA256\n${time}\n${credential}\n${canonical}`)
      .digest('hex');
    const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${credential}, SignedHeaders=${names}, Signature=${signature}`;
    return { ...added, authorization };
  };
}

/** @param headers in the order of their names */
function canonicalRequest(
  { method = 'POST', path, query = '', body }: PostToSign,
  headers: readonly [string, string][],
  names: string,
): string {
  // The path as sent is encoded once more, as every service but S3 wants it; names in S3 that have nothing to encode are signed alike.
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  const lines = headers.map(([name, value]) => `${name}:${value}\n`).join('');
  return `${method}\n${encoded}\n${query}\n${lines}\n${names}\n${hash('sha256', body)}`;
}

/** As an object: of bytes, every signature would make one first, which costs nine times what the signature does. */
function signingKey(secret: string, day: string, { region, service }: SignatureScope): KeyObject {
  const parts = [day, region, service, 'aws4_request'];
  return createSecretKey(parts.reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secret}`)));
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
