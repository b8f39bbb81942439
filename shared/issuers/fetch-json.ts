// A small JSON document from a host we do not control, by GET or for a form that is posted, within hard limits. Network:
// node:https.
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { LookupFunction } from 'node:net';
import { withDeadline } from '../deadline.ts';
import type { IssuerNetwork } from '../policy/compiled-policy.ts';
import { type Address, findAddresses, hostOf, parseDestination, type ResolveHost, resolveHost } from './destination.ts';
import { asFetchJsonError, FetchJsonError } from './fetch-json-error.ts';

export interface FetchJsonRequest {
  readonly url: string;
  /** Which addresses the host may resolve to. */
  readonly network: IssuerNetwork;
  /** The URL comes from the policy, or has the origin of one that does: its port is meant. Default: 443 only. */
  readonly anyPort?: boolean;
  /** Milliseconds for everything from DNS to the last byte; default that of {@link FetchJsonOptions}. */
  readonly timeoutMs?: number;
  /** PEM of the certificate authorities to trust instead of Node's own, of which none is trusted then. */
  readonly ca?: string;
  /** Parameters to POST as a form; without it the document is fetched by GET. */
  readonly form?: Readonly<Record<string, string>>;
}

/** @throws FetchJsonError */
export type FetchJson = (request: FetchJsonRequest) => Promise<unknown>;

export interface FetchJsonOptions {
  /** Milliseconds; default 2,000. */
  readonly timeoutMs?: number;
  /** Bytes of body, and of what it inflates to; default 65,536. */
  readonly maxBytes?: number;
  readonly resolve?: ResolveHost;
}

type Limits = Required<FetchJsonOptions>;

/**
 * A function that fetches one JSON document, never twice: status 200 only, no redirect followed, no proxy, no compression
 * but gzip (asked for plain, some CDNs answer so), and only from addresses the network allows.
 */
export function createFetchJson(options: FetchJsonOptions = {}): FetchJson {
  const limits = { timeoutMs: 2000, maxBytes: 65_536, resolve: resolveHost, ...options };
  return async (request) => {
    const url = parseDestination(request.url, request.network, request.anyPort ?? false);
    const milliseconds = request.timeoutMs ?? limits.timeoutMs;
    const expired = () => new FetchJsonError('timeout', `no answer in ${milliseconds} ms`);
    try {
      // One deadline over all phases. When it passes, or the last phase ends, the socket is closed: no slow answer goes on.
      return await withDeadline({ milliseconds, expired }, (signal) => load(url, request, limits, signal()));
    } catch (error) {
      throw asFetchJsonError(error);
    }
  };
}

/** {@link createFetchJson} with the default limits and the system's resolver. */
export const fetchJson: FetchJson = /* @__PURE__ */ createFetchJson();

async function load(url: URL, request: FetchJsonRequest, limits: Limits, signal: AbortSignal): Promise<unknown> {
  const addresses = await findAddresses(url, request.network, limits.resolve);
  const form = request.form && new URLSearchParams(request.form).toString();
  const response = await send({ url, addresses, body: form, ca: request.ca }, signal);
  const encoding = encodingOfSuccess(response);
  const body = await readBody(response, limits.maxBytes);
  return parseJson(encoding === 'gzip' ? inflate(body, limits.maxBytes) : body);
}

/** A request whose addresses were checked. */
interface Sent {
  readonly url: URL;
  readonly addresses: readonly Address[];
  readonly body: string | undefined;
  readonly ca: string | undefined;
}

/**
 * `getBuiltinModule`, because an ESM import of `node:http` reads all its exports and so loads undici, 50 ms of a cold
 * start. `agent: false` is a connection of its own: keys are fetched every few minutes and a frozen Lambda's kept socket
 * would be dead by then; unlike the global agent it also ignores `NODE_USE_ENV_PROXY`.
 */
function send({ url, addresses, body, ca }: Sent, signal: AbortSignal): Promise<IncomingMessage> {
  const options: RequestOptions = {
    protocol: url.protocol,
    hostname: hostOf(url),
    port: url.port,
    path: url.pathname + url.search,
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(body !== undefined && formHeaders(body)),
      accept: 'application/json, application/jwk-set+json',
      'accept-encoding': 'identity',
      'user-agent': 'cambio',
    },
    agent: false,
    lookup: answerWith(addresses),
    rejectUnauthorized: true, // whatever NODE_TLS_REJECT_UNAUTHORIZED says
    signal,
    ...(ca !== undefined && { ca }),
  };
  const { request } = process.getBuiltinModule(url.protocol === 'http:' ? 'node:http' : 'node:https');
  return responseOf(request(options), body);
}

function formHeaders(body: string) {
  return { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) };
}

function responseOf(request: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
    request.end(body);
  });
}

/** The addresses that were checked are the ones connected to: no second DNS answer can come between. */
function answerWith(addresses: readonly Address[]): LookupFunction {
  return (_hostname, options, callback) => {
    const [first] = addresses;
    if (options.all || first === undefined) return callback(null, [...addresses]);
    return callback(null, first.address, first.family);
  };
}

function encodingOfSuccess({ statusCode = 0, headers }: IncomingMessage): 'identity' | 'gzip' {
  if (statusCode >= 300 && statusCode < 400) throw new FetchJsonError('redirect', `answered ${statusCode}`);
  if (statusCode !== 200) throw new FetchJsonError('status', `answered ${statusCode}`);
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === 'gzip') return encoding;
  throw new FetchJsonError('content', 'the answer is compressed, and not by gzip alone');
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () => new FetchJsonError('too_large', `the answer is over ${maxBytes} bytes`);
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** The decompressed size is bounded too, so that a compression bomb expands no further. */
function inflate(body: Buffer, maxBytes: number): Buffer {
  try {
    return process.getBuiltinModule('node:zlib').gunzipSync(body, { maxOutputLength: maxBytes });
  } catch (error) {
    const isTooLarge = error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    if (isTooLarge) throw new FetchJsonError('too_large', `the answer is over ${maxBytes} bytes`);
    throw new FetchJsonError('content', 'the answer is not what gzip makes');
  }
}

/** The parser's own error would quote the body, so it is not kept as cause. */
function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new FetchJsonError('content', 'the answer is not JSON in UTF-8');
  }
}
