// `cambio console`: the operators' page on loopback, beside a deployment or a local stack. Listens; calls /admin/*.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Listener, listenLocally, readBody, serveUntilStopped } from '../agent/local-listener.ts';
import type { Machine } from '../machine.ts';
import { isLocal, serverOf } from '../server.ts';
import { credentialsFrom } from '../sigv4.ts';
import { exitCodes, type Output, UsageError } from '../usage.ts';
import { type ConsoleHandler, createConsole, type PolicyView } from './console-handler.ts';
import { type PageAnswer, type PageRequest, refuse } from './page-message.ts';

export interface ConsoleOptions {
  readonly url?: string | undefined;
  readonly port?: string | undefined;
  readonly policy?: string | undefined;
  readonly write?: boolean | undefined;
}

/** A policy that is pasted is the longest that is sent. */
const maxBodyBytes = 1_048_576;

/** Serves until SIGINT or SIGTERM. @returns the exit code */
export async function openConsole(options: ConsoleOptions, output: Output, machine: Machine): Promise<number> {
  await serveUntilStopped(
    () => startConsole(options, machine, output),
    (url) => output.stdout(`ready ${url}\n`),
  );
  return exitCodes.ok;
}

/** Its `url` has the secret of this start. @throws UsageError */
export async function startConsole(options: ConsoleOptions, machine: Machine, output: Output): Promise<Listener> {
  const port = portOf(options.port);
  const server = serverOf(options.url, machine);
  // Now, not at the first call.
  if (!isLocal(server.at(''))) credentialsFrom(machine.environment);
  const loadPolicy = await policyLoader(options.policy, output);
  const secret = { ofUrl: random(), ofCookie: random() };
  let handler: ConsoleHandler | undefined;
  const address = { kind: 'tcp', text: `127.0.0.1:${port}`, host: '127.0.0.1', port } as const;
  const listener = await listenLocally(
    address,
    pageListener((request) => handler?.(request)),
  );
  const door = { origin: listener.url, secret };
  handler = createConsole({ door, server, machine, writes: options.write ?? false, loadPolicy });
  return { ...listener, url: `${listener.url}/?secret=${secret.ofUrl}` };
}

/** Compiled at the start, so that what is wrong with it is said on the terminal. */
async function policyLoader(
  path: string | undefined,
  output: Output,
): Promise<(() => Promise<PolicyView>) | undefined> {
  if (path === undefined) return undefined;
  const view = (await import('../policy/compiler-commands.ts')).openPolicy(path, output);
  return async () => view;
}

function pageListener(answer: (request: PageRequest) => Promise<PageAnswer> | undefined): RequestListener {
  return (request, response) => {
    respond(request, response, answer).catch(() => {
      if (response.headersSent) response.destroy();
      else send(response, refuse(500, 'server_error', 'this is a fault of cambio console'));
    });
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (request: PageRequest) => Promise<PageAnswer> | undefined,
): Promise<void> {
  const [path = '/', ...query] = (request.url ?? '/').split('?');
  const body = await readBody(request, maxBodyBytes);
  if (body === undefined) return send(response, refuse(413, 'invalid_request', `body over ${maxBodyBytes} bytes`));
  const header = (name: string): string | undefined => request.headers[name]?.toString();
  const asked = { method: request.method ?? 'GET', path, query: query.join('?'), header, body };
  const answered = await answer(asked);
  send(response, answered ?? refuse(503, 'temporarily_unavailable', 'starting'));
}

function send(response: ServerResponse, { status, headers, body }: PageAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

function portOf(text = '9912'): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new UsageError('--port takes 0 to 65535');
  return Number(text);
}

function random(): string {
  return randomBytes(32).toString('base64url');
}
