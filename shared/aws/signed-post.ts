// One signed POST to an AWS service that no SDK client of ours is for. Network: node:https, or node:http where an endpoint
// variable names the local stack.
import type { IncomingMessage } from 'node:http';
import { type AwsKeys, createSignPost } from './sigv4.ts';

export interface SignedPost {
  readonly url: URL;
  readonly region: string;
  readonly service: string;
  readonly keys: AwsKeys;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For everything from DNS to the last byte. */
  readonly timeoutMs: number;
  /** When it is signed. */
  readonly now: Date;
}

export interface PostAnswer {
  readonly status: number;
  readonly body: string;
}

/** Most bytes of an answer: no policy is as long. */
const maxBytes = 256 * 1024;

/** @throws Error when there is no whole answer in time */
export async function sendSigned(post: SignedPost): Promise<PostAnswer> {
  const { url, body, timeoutMs, keys, now } = post;
  const signed = createSignPost(post)({ path: url.pathname, headers: { host: url.host }, body, keys, now });
  const headers = { ...post.headers, ...signed, 'content-length': Buffer.byteLength(body), 'user-agent': 'cambio' };
  const signal = AbortSignal.timeout(timeoutMs);
  // `getBuiltinModule`: an ESM import of node:http loads undici, 50 ms of a cold start.
  const { request } = process.getBuiltinModule(url.protocol === 'http:' ? 'node:http' : 'node:https');
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, agent: false, signal });
    sent.on('response', resolve);
    sent.on('error', reject);
    sent.end(body);
  });
  return { status: response.statusCode ?? 0, body: await textOf(response) };
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer is over ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
