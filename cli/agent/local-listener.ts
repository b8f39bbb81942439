// An HTTP server for this machine alone: on loopback, on a Unix socket of its owner, or, for those who name another
// address, behind a token. Web pages are kept out. Network: listens.
import { lstatSync, rmSync } from 'node:fs';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UsageError } from '../usage.ts';
import type { ListenAddress } from './listen-address.ts';

export interface Listener {
  /** `http://127.0.0.1:9911` or `unix:/run/agent.sock`. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * Serves until SIGINT or SIGTERM, which count from the first moment on.
 * @param ready told when it listens
 */
export async function serveUntilStopped(start: () => Promise<Listener>, ready: (url: string) => void): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const listener = await start();
  ready(listener.url);
  await stopped;
  await listener.close();
}

/** A bearer token alone may have 16 KiB, Node’s own limit for all headers together. */
const maxHeaderSize = 32_768;

/** @throws UsageError when the address cannot be had */
export async function listenLocally(address: ListenAddress, answer: RequestListener): Promise<Listener> {
  const { createServer } = process.getBuiltinModule('node:http');
  const server = createServer({ maxHeaderSize, requestTimeout: 10_000, headersTimeout: 10_000 }, answer);
  server.maxConnections = 4_096;
  if (address.kind === 'unix') await removeStale(address.path);
  await listen(server, address);
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: urlOf(server, address), close };
}

function listen(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(new UsageError(`cannot listen on ${address.text}: ${cause.code ?? cause.message}`));
    });
    server.once('listening', () => resolve());
    if (address.kind === 'tcp') return server.listen(address.port, address.host);
    // The socket is made within this call: from its first moment on nobody else can open it.
    const before = process.umask(0o177);
    try {
      server.listen(address.path);
    } finally {
      process.umask(before);
    }
  });
}

/** The socket of an agent that was killed; one that somebody listens on stays, and so does what is no socket. */
async function removeStale(path: string): Promise<void> {
  const isSocket = lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
  if (!isSocket || (await somebodyListens(path))) return;
  rmSync(path, { force: true });
}

function somebodyListens(path: string): Promise<boolean> {
  const { connect } = process.getBuiltinModule('node:net');
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    // Whatever else keeps us from asking, such as a socket of somebody else, is no reason to remove it.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => end(code !== 'ECONNREFUSED'));
  });
}

function urlOf(server: Server, address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  const { port } = server.address() as AddressInfo;
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`;
}

/** One JSON document that nobody stores. */
export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  // Without its length the answer would go out in chunks, three writes instead of one.
  const length = { 'content-length': Buffer.byteLength(text) };
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...length,
    ...headers,
  });
  response.end(text);
}

/**
 * Read to its end in any case, so that the answer arrives. By events: an iterator takes as long as all the rest of an answer
 * from memory.
 * @returns undefined when it is longer than `maxBytes`
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
    });
    request.on('end', () => resolve(size > maxBytes ? undefined : wholeOf(chunks).toString('utf8')));
    request.on('error', reject);
  });
}

/** Most bodies come in one piece. */
function wholeOf(chunks: readonly Buffer[]): Buffer {
  const [first, ...more] = chunks;
  return first && more.length === 0 ? first : Buffer.concat(chunks);
}
