// One GET on node:http or node:https, for what is asked for once an hour. Network.
import type { IncomingMessage } from 'node:http';

const timeoutMs = 1_000;
const maxBytes = 64 * 1024;

/** @throws Error when there is no whole answer of 200 in time */
export async function getText(url: URL, authorization: string | undefined): Promise<string> {
  // `getBuiltinModule`: an ESM import of node:http loads undici, 50 ms of a cold start.
  const { request } = process.getBuiltinModule(url.protocol === 'http:' ? 'node:http' : 'node:https');
  const headers = authorization === undefined ? {} : { authorization };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, { headers, agent: false, signal: AbortSignal.timeout(timeoutMs) });
    sent.on('response', resolve).on('error', reject).end();
  });
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBytes) throw new Error(`the answer is over ${maxBytes} bytes`);
    parts.push(part);
  }
  if (response.statusCode !== 200) throw new Error(`the answer has status ${response.statusCode}`);
  return Buffer.concat(parts).toString('utf8');
}
