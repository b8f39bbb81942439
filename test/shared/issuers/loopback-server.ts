// Real servers on 127.0.0.1 for tests: each remembers what was asked of it and is gone after `close`.
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as NetServer, type Socket } from 'node:net';

export interface LoopbackServer {
  readonly port: number;
  /** `http://127.0.0.1:port` or `https://127.0.0.1:port`. */
  readonly url: string;
  /** Path of each request, in order. */
  readonly requests: string[];
  readonly close: () => Promise<void>;
}

export function serveHttp(answer: RequestListener): Promise<LoopbackServer> {
  const requests: string[] = [];
  return listen(createServer(recording(requests, answer)), 'http', requests);
}

export function serveHttps(tls: { key: string; cert: string }, answer: RequestListener): Promise<LoopbackServer> {
  const requests: string[] = [];
  return listen(createTlsServer(tls, recording(requests, answer)), 'https', requests);
}

/** Below HTTP: `answer` gets each connection. */
export function serveTcp(answer: (socket: Socket) => void): Promise<LoopbackServer> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    answer(socket);
  });
  return listen(server, 'http', []);
}

/** Answers with the value as JSON. */
export function json(value: unknown): RequestListener {
  return (_request, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
}

function recording(requests: string[], answer: RequestListener): RequestListener {
  return (request, response) => {
    requests.push(request.url ?? '');
    answer(request, response);
  };
}

async function listen(server: Server | NetServer, scheme: string, requests: string[]): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port, url: `${scheme}://127.0.0.1:${port}`, requests, close };
}
