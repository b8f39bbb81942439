// One HTTP request and its whole answer: no redirect is followed, size and time are bounded. Network: node:http, node:https.
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { Environment } from './environment.ts';
import { hostOf, proxyOf } from './proxy.ts';
import { TunnelRefused, tunnelAgent } from './tunnel.ts';

/** PEM, of the certificate and its key. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds for everything; default 10,000. */
  readonly timeoutMs?: number;
  /** How the answer's bytes are read: UTF-8, or each as one character. */
  readonly encoding?: 'utf8' | 'latin1';
  /** Most bytes of an answer; default 1 MiB. */
  readonly maxBytes?: number;
  /** Shown where the server asks for one: inside a tunnel, never to its proxy. */
  readonly certificate?: ClientCertificate | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** @throws NoAnswer */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

/** There was no whole answer. The message names the host and the cause, nothing of the request. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  /** Whether it would be the same next time: a certificate nobody vouches for, a proxy that wants another password. */
  readonly isFinal: boolean;

  constructor(message: string, isFinal: boolean) {
    super(message);
    this.isFinal = isFinal;
  }
}

/** The server had closed a kept connection before it saw the request. */
class StaleConnection extends Error {}

const defaultTimeout = 10_000;
const mostBytes = 1_048_576;
/** At a time, to one host. */
const maxSockets = 64;

/** Connections are kept for the next request, which matters to the agent; an idle one keeps no process alive. */
export function createSend(environment: Environment): Send {
  const agents = new Map<string, Agent>();
  const agentFor = (url: URL): Agent => {
    const proxy = proxyOf(url, environment);
    const key = proxy?.href ?? url.protocol;
    const agent = agents.get(key) ?? (proxy ? tunnelAgent(proxy, defaultTimeout, maxSockets) : directAgent(url));
    agents.set(key, agent);
    return agent;
  };
  return async (request) => {
    const agent = agentFor(request.url);
    const { timeoutMs = defaultTimeout, url } = request;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await Promise.race([answerTo(request, agent, signal), abortOf(signal)]);
    } catch (cause) {
      const why = signal.aborted ? `nothing for ${timeoutMs / 1_000} s` : causeOf(cause);
      // A server that does not take it ends the connection, most of them without a word.
      const shown = request.certificate && isEnded(cause) ? ' to the client certificate' : '';
      throw new NoAnswer(`no answer from ${url.host}: ${why}${shown}`, !signal.aborted && isFinal(cause));
    }
  };
}

/** A request that has no connection yet does not hear its signal. */
function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

// `getBuiltinModule`: an ESM import of node:http loads undici, ten times the start of a command.
function directAgent({ protocol }: URL): Agent {
  const { Agent } = process.getBuiltinModule(protocol === 'http:' ? 'node:http' : 'node:https');
  return new Agent({ keepAlive: true, maxSockets });
}

async function answerTo(request: HttpRequest, agent: Agent, signal: AbortSignal): Promise<HttpAnswer> {
  const { url, method = 'GET', headers = {}, body, certificate } = request;
  const options: RequestOptions & Partial<ClientCertificate> & { rejectUnauthorized: true } = {
    method,
    protocol: url.protocol,
    hostname: hostOf(url),
    port: url.port,
    path: url.pathname + url.search,
    headers: {
      accept: 'application/json',
      'user-agent': 'cambio',
      ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
      ...headers,
    },
    agent,
    signal,
    // Node keeps connections of other certificates apart.
    ...certificate,
    rejectUnauthorized: true, // whatever NODE_TLS_REJECT_UNAUTHORIZED says
  };
  const { request: open } = process.getBuiltinModule(url.protocol === 'http:' ? 'node:http' : 'node:https');
  const send = () => responseOf(open(options), body);
  const response = await send().catch((error) => (error instanceof StaleConnection ? send() : Promise.reject(error)));
  return { status: response.statusCode ?? 0, headers: response.headers, body: await textOf(response, request) };
}

function responseOf(request: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', (error: NodeJS.ErrnoException) => {
      reject(request.reusedSocket && error.code === 'ECONNRESET' ? new StaleConnection() : error);
    });
    request.end(body);
  });
}

async function textOf(
  response: IncomingMessage,
  { maxBytes = mostBytes, encoding = 'utf8' }: HttpRequest,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer is over ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString(encoding);
}

function isEnded(cause: unknown): boolean {
  return /ECONNRESET|EPIPE|_ALERT_/.test(codeOf(cause));
}

function codeOf(cause: unknown): string {
  return cause instanceof Error ? String((cause as NodeJS.ErrnoException).code) : '';
}

function isFinal(cause: unknown): boolean {
  const code = codeOf(cause);
  return cause instanceof TunnelRefused || /CERT|UNABLE_TO_VERIFY|_ALERT_/.test(code);
}

function causeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const [first = cause] = cause instanceof AggregateError ? (cause.errors as Error[]) : [cause];
  return (first as NodeJS.ErrnoException).code ?? first.message;
}
