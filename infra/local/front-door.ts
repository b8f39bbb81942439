// The stack's one public port: HTTP in, HTTP out, whatever answers behind it. I/O: a listening socket on loopback.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorBody } from '../api/error-body.ts';
import type { GatewayAnswer, GatewayRequest, HeaderList } from './gateway/message.ts';
import { listen } from './protocol/listen.ts';

type Answer = (request: GatewayRequest) => Promise<GatewayAnswer>;

export interface FrontDoor {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Until it is called, every request is answered 503. */
  readonly open: (answer: Answer) => void;
  readonly close: () => Promise<void>;
}

export interface FrontDoorOptions {
  /** 0 takes a free port. */
  readonly port: number;
  /** More body than this is not read; the answerer sees that it is too long. */
  readonly maxBodyBytes: number;
  readonly log: (line: string) => void;
}

// Larger than API Gateway's limit, so that the router can give API Gateway's answer.
const maxHeaderSize = 64 * 1024;

/** Binds the port. @throws the system's error if it is taken */
export async function openFrontDoor({ port, maxBodyBytes, log }: FrontDoorOptions): Promise<FrontDoor> {
  let answer: Answer = async () => starting;
  const server = createServer({ maxHeaderSize, keepAliveTimeout: 30_000 }, (request, response) => {
    serve(request, response, maxBodyBytes, (parsed) => answer(parsed)).catch((error: unknown) => {
      log(`local stack: ${error instanceof Error ? error.stack : String(error)}`);
      if (response.headersSent) response.destroy();
      else send(response, failed, true);
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => refuseMalformed(error, socket));
  const bound = await listen(server, port);
  return {
    url: `http://127.0.0.1:${bound.port}`,
    open: (next) => {
      answer = next;
    },
    close: () => close(server),
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  maxBodyBytes: number,
  answer: Answer,
): Promise<void> {
  const body = await readBody(request, maxBodyBytes);
  if (!body) return;
  const [path = '/', ...query] = (request.url ?? '/').split('?');
  const parsed: GatewayRequest = {
    method: request.method ?? 'GET',
    path,
    query: query.join('?'),
    headers: pairs(request.rawHeaders),
    body,
    sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
  };
  send(response, await answer(parsed), body.length > maxBodyBytes);
}

/** The body, or its first bytes beyond the limit; undefined if the client went away. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve) => {
    request.on('data', (chunk: Buffer) => {
      if (size > maxBytes) return;
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) resolve(Buffer.concat(chunks));
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('close', () => resolve(undefined));
  });
}

function send(response: ServerResponse, { status, headers, body }: GatewayAnswer, last: boolean): void {
  for (const [name, value] of headers) response.appendHeader(name, value);
  if (last) response.setHeader('Connection', 'close');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.writeHead(status).end(body);
}

function pairs(rawHeaders: readonly string[]): HeaderList {
  return rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const] : []));
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function errorAnswer(status: number, error: string, description: string, more: HeaderList = []): GatewayAnswer {
  const headers: HeaderList = [['Content-Type', 'application/json'], ['Cache-Control', 'no-store'], ...more];
  return { status, headers, body: errorBody(error, description) };
}

/** The answer of a stack that does not serve yet. */
export const starting = errorAnswer(503, 'temporarily_unavailable', 'the local stack is starting', [
  ['Retry-After', '2'],
]);
const failed = errorAnswer(500, 'server_error', 'internal error');

// What is no HTTP request, or has more than 64 KB of headers, never reaches a handler of node:http.
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const [status, reason] =
    error.code === 'HPE_HEADER_OVERFLOW' ? [431, 'Request Header Fields Too Large'] : [400, 'Bad Request'];
  const { headers, body } = errorAnswer(status, 'invalid_request', reason.toLowerCase(), [['Connection', 'close']]);
  const head = [...headers, ['Content-Length', String(Buffer.byteLength(body))]].map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${head.join('\r\n')}\r\n\r\n${String(body)}`);
}
