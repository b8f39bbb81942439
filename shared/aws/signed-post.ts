// One signed request to an AWS service that no SDK client of ours is for. Network: node:https, or node:http where an endpoint
// variable names the local stack.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type AwsKeys, createSignPost } from './sigv4.ts';

export interface SignedPost {
  /** POST where it is not said. */
  readonly method?: 'POST' | 'GET' | 'PUT';
  /** With what query it has as a signature wants it. */
  readonly url: URL;
  readonly region: string;
  readonly service: string;
  readonly keys: AwsKeys;
  readonly headers: Readonly<Record<string, string>>;
  /** Headers that the signature covers too. */
  readonly signedHeaders?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** For everything from DNS to the last byte. */
  readonly timeoutMs: number;
  /** When it is signed. */
  readonly now: Date;
  /** Most bytes of an answer: 256 KiB where it is not said. */
  readonly maxBytes?: number;
}

export interface PostAnswer {
  readonly status: number;
  readonly body: string;
}

export interface BytesAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** No policy is as long. */
const mostBytes = 256 * 1024;

/** @throws Error when there is no whole answer in time */
export async function sendSigned(post: SignedPost): Promise<PostAnswer> {
  const { status, body } = await sendSignedForBytes(post);
  return { status, body: body.toString('utf8') };
}

/** @throws Error when there is no whole answer in time */
export async function sendSignedForBytes(post: SignedPost): Promise<BytesAnswer> {
  const { method = 'POST', url, body, timeoutMs, keys, now, maxBytes = mostBytes } = post;
  const signed = createSignPost(post)({
    ...{ method, path: url.pathname, query: url.search.slice(1), body, keys, now },
    headers: { host: url.host, ...post.signedHeaders },
  });
  const headers = {
    ...post.signedHeaders,
    ...post.headers,
    ...signed,
    'content-length': Buffer.byteLength(body),
    'user-agent': 'cambio',
  };
  const signal = AbortSignal.timeout(timeoutMs);
  // `getBuiltinModule`: an ESM import of node:http loads undici, 50 ms of a cold start.
  const { request } = process.getBuiltinModule(url.protocol === 'http:' ? 'node:http' : 'node:https');
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false, signal });
    sent.on('response', resolve);
    sent.on('error', reject);
    sent.end(body);
  });
  const { statusCode = 0, headers: answered } = response;
  return { status: statusCode, headers: answered, body: await bytesOf(response, maxBytes) };
}

async function bytesOf(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer is over ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
