// A small HTTP server on loopback for the emulators: whole bodies in, whole bodies out. I/O: one listening socket.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from './listen.ts';

export interface ServiceRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ServiceResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string | Buffer;
}

/** Answers every request; it may throw only by mistake, which is answered 500, or because what it asks has ended with the service. */
export type Handle = (request: ServiceRequest) => Promise<ServiceResponse>;

export interface HttpService {
  /** Origin without a trailing slash. */
  readonly url: string;
  /** Stops listening and drops open connections. */
  readonly close: () => Promise<void>;
}

/**
 * Serves on 127.0.0.1.
 * @throws Error when the port is taken
 */
export async function serveHttp(port: number, maxBodyBytes: number, handle: Handle): Promise<HttpService> {
  const server = createServer((request, response) => {
    answer(request, response, maxBodyBytes, answered).catch(() => response.destroy());
  });
  const answered: Handle = (request) =>
    handle(request).catch((error: unknown) => {
      // Once it is closed nobody waits for the answer.
      if (server.listening)
        process.stderr.write(`local stack: ${error instanceof Error ? error.stack : String(error)}\n`);
      return { status: 500, headers: {}, body: '' };
    });
  // Longer than SDK clients keep idle connections, or they would write into one that is closing.
  server.keepAliveTimeout = 60_000;
  const bound = await listen(server, port);
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${bound.port}`, close };
}

async function answer(request: IncomingMessage, response: ServerResponse, maxBodyBytes: number, handle: Handle) {
  const body = await readBody(request, maxBodyBytes);
  const { method = '', url: path = '' } = request;
  const {
    status,
    headers,
    body: content,
  } = body === undefined ? tooLarge : await handle({ method, path, headers: request.headers, body });
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
  // The answer to a HEAD says how long the body of a GET would be.
  if (!response.hasHeader('content-length')) response.setHeader('content-length', Buffer.byteLength(content));
  response.writeHead(status).end(content);
}

const tooLarge: ServiceResponse = { status: 413, headers: { connection: 'close' }, body: '' };

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
