// One kept-alive HTTP/1.1 connection by hand, TLS or, for an endpoint on http, TCP: a request, its answer, then the next
// (docs/decisions/aws-calls-signed-by-hand.md says why). Network.
import type { Socket } from 'node:net';
import { type Answer, createReadAnswer, type ReadAnswer } from './answer.ts';

export interface ConnectionOptions {
  readonly url: URL;
  /** Milliseconds until it is connected, TLS included. */
  readonly connectMs: number;
  /** Milliseconds for an answer. */
  readonly answerMs: number;
  readonly maxBytes: number;
  /** PEM, trusted in the place of Node's own. */
  readonly ca?: string;
  /** Of an earlier connection: it saves a round trip of the handshake. */
  readonly session: Buffer | undefined;
  readonly onSession: (session: Buffer) => void;
}

export interface Connection {
  /**
   * One at a time.
   * @throws ConnectionEnded; Error when there is no whole answer in time. The connection is closed then
   */
  readonly send: (request: string) => Promise<Answer>;
  /** Whether it takes a request. */
  readonly isOpen: () => boolean;
  readonly close: () => void;
}

/** It ended before one byte of an answer. The server may have closed it before the request came, or have done all of it. */
export class ConnectionEnded extends Error {}

interface Waiting {
  readonly read: ReadAnswer;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** @throws Error when it does not connect in time, or to another host than the URL's */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { connectMs } = options;
  const { socket, connected } = connect(options);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error(`not connected in ${connectMs} ms`)), connectMs);
    socket.once(connected, () => {
      clearTimeout(timer);
      resolve();
    });
    socket.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
  return overSocket(socket, options);
}

function connect({ url, ca, session, onSession }: ConnectionOptions): { socket: Socket; connected: string } {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isSecure = url.protocol === 'https:';
  const target = { host, port: Number(url.port || (isSecure ? 443 : 80)), noDelay: true };
  // `getBuiltinModule`: node:tls is loaded only where it is used.
  if (!isSecure) return { socket: process.getBuiltinModule('node:net').connect(target), connected: 'connect' };
  const isAddress = process.getBuiltinModule('node:net').isIP(host) !== 0;
  const socket = process.getBuiltinModule('node:tls').connect({
    ...target,
    // Said again, that no environment variable can take it back.
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
    ...(!isAddress && { servername: host }),
    ...(ca !== undefined && { ca }),
    ...(session && { session }),
  });
  socket.on('session', onSession);
  return { socket, connected: 'secureConnect' };
}

function overSocket(socket: Socket, { answerMs, maxBytes }: ConnectionOptions): Connection {
  let waiting: Waiting | undefined;
  let isAnswered = false;
  const settled = (): Waiting | undefined => {
    const request = waiting;
    waiting = undefined;
    clearTimeout(request?.timer);
    return request;
  };
  const fail = (error: Error): void => {
    socket.destroy();
    settled()?.reject(error);
  };
  socket.on('data', (bytes) => {
    // No request is under way, so what comes answers none of ours.
    if (!waiting) return void socket.destroy();
    isAnswered = true;
    try {
      const answer = waiting.read(bytes);
      if (!answer) return;
      if (answer.isLast) socket.destroy();
      else socket.unref();
      settled()?.resolve(answer);
    } catch (error) {
      fail(error as Error);
    }
  });
  // A server that ends its side is about to close: no further request, and no half of an answer.
  const ended = (cause?: unknown): void => {
    const [message, options] = ['the connection ended', cause instanceof Error ? { cause } : {}] as const;
    fail(isAnswered ? new Error(message, options) : new ConnectionEnded(message, options));
  };
  for (const event of ['end', 'error']) socket.on(event, ended);
  // Its argument is whether there was an error.
  socket.on('close', () => ended());
  socket.unref();
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => fail(new Error(`no answer in ${answerMs} ms`)), answerMs);
        waiting = { read: createReadAnswer(maxBytes), resolve, reject, timer };
        isAnswered = false;
        socket.ref();
        socket.write(request);
      }),
    isOpen: () => !socket.destroyed && waiting === undefined,
    close: () => void socket.destroy(),
  };
}
