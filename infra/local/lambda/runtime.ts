// The Lambda Runtime API (2018-06-01) of one execution environment. I/O: an HTTP server on loopback.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../protocol/listen.ts';

/** One invocation on its way to the function. `deadline` is in milliseconds since the epoch. */
interface RuntimeInvocation {
  readonly requestId: string;
  readonly deadline: number;
  readonly functionArn: string;
  readonly traceId: string;
  readonly event: string;
}

/** What the function's process told the Runtime API. */
export interface RuntimeEvents {
  /** It asks for work: initialisation is over. */
  readonly onIdle: () => void;
  readonly onInitError: (report: string) => void;
  readonly onResponse: (requestId: string, payload: string) => void;
  readonly onError: (requestId: string, report: string) => void;
}

export interface RuntimeApi {
  /** `host:port`, the value of AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  /** Hands an invocation to the process that is waiting for one. */
  readonly send: (invocation: RuntimeInvocation) => void;
  readonly close: () => void;
}

/** Lambda's limit for the event and the answer of a synchronous invocation. */
export const maxPayloadBytes = 6 * 1024 * 1024;

/** Starts the Runtime API for one environment; every later event goes to `events`. */
export async function startRuntimeApi(events: RuntimeEvents): Promise<RuntimeApi> {
  let waiting: ServerResponse | undefined;
  const routes: Readonly<Record<string, (id: string, body: string, response: ServerResponse) => void>> = {
    'GET next': (_id, _body, response) => {
      waiting = response;
      events.onIdle();
    },
    'POST response': (id, body, response) => {
      const excess = Buffer.byteLength(body) > maxPayloadBytes;
      accept(response, excess ? 413 : 202);
      if (excess) events.onError(id, tooLarge);
      else events.onResponse(id, body);
    },
    'POST error': (id, body, response) => {
      accept(response, 202);
      events.onError(id, body);
    },
    'POST init/error': (_id, body, response) => {
      accept(response, 202);
      events.onInitError(body);
    },
  };
  const server = createServer((request, response) => {
    void readText(request).then((body) => {
      const { route, id } = parsePath(request);
      const handle = routes[route];
      if (handle) handle(id, body, response);
      else accept(response, 404);
    });
  });
  const { port } = await listen(server, 0);
  return {
    address: `127.0.0.1:${port}`,
    send: (invocation) => {
      if (!waiting) throw new Error('the function is not waiting for an invocation');
      waiting.writeHead(200, invocationHeaders(invocation)).end(invocation.event);
      waiting = undefined;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const tooLarge = JSON.stringify({ errorType: 'Function.ResponseSizeTooLarge', errorMessage: 'over 6 MB' });

function parsePath(request: IncomingMessage): { readonly route: string; readonly id: string } {
  const path = (request.url ?? '').replace('/2018-06-01/runtime/', '');
  const [, id = '', action = ''] = /^invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
  return { route: `${request.method} ${id ? action : path.replace('invocation/', '')}`, id };
}

function invocationHeaders(invocation: RuntimeInvocation): Record<string, string> {
  return {
    'content-type': 'application/json',
    'lambda-runtime-aws-request-id': invocation.requestId,
    'lambda-runtime-deadline-ms': String(invocation.deadline),
    'lambda-runtime-invoked-function-arn': invocation.functionArn,
    'lambda-runtime-trace-id': invocation.traceId,
  };
}

function accept(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end('{"status":"OK"}');
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // The process was killed while it was sending: nobody waits for an answer.
  }
  return Buffer.concat(chunks).toString('utf8');
}
