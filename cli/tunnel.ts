// A TLS connection through an HTTP proxy: CONNECT (RFC 9110 §9.3.6), then TLS inside. Network. By hand, because Node has
// it only since 24.5.
import type { Agent, RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import { hostOf } from './proxy.ts';

type Opened = (error: Error | null, socket: Duplex) => void;

/** The proxy refuses, by its own rules or because it wants another password. */
export class TunnelRefused extends Error {}

/**
 * An agent whose connections go through the proxy.
 * @param timeoutMs for CONNECT and TLS together
 */
export function tunnelAgent(proxy: URL, timeoutMs: number, maxSockets: number): Agent {
  const { Agent } = process.getBuiltinModule('node:https');
  const agent = new Agent({ keepAlive: true, maxSockets });
  // Node takes the socket from the callback when nothing is returned.
  agent.createConnection = (options: RequestOptions, opened?: Opened) => {
    connectThrough(proxy, options, AbortSignal.timeout(timeoutMs)).then(
      (socket) => opened?.(null, socket),
      (error: Error) => fail(error, opened),
    );
    return undefined;
  };
  return agent;
}

async function connectThrough(proxy: URL, options: RequestOptions, signal: AbortSignal): Promise<Duplex> {
  const { host, port } = options;
  const authority = `${host?.includes(':') ? `[${host}]` : host}:${port || 443}`;
  const socket = await openTunnel(proxy, authority, signal);
  return startTls(socket, options as ConnectionOptions, signal);
}

function openTunnel(proxy: URL, authority: string, signal: AbortSignal): Promise<Socket> {
  const { request } = process.getBuiltinModule(proxy.protocol === 'https:' ? 'node:https' : 'node:http');
  const headers = { host: authority, ...authorization(proxy) };
  const port = proxy.port || (proxy.protocol === 'https:' ? 443 : 80);
  const asked = {
    method: 'CONNECT',
    host: hostOf(proxy),
    port,
    path: authority,
    headers,
    agent: false,
    signal,
  } as const;
  return new Promise((resolve, reject) => {
    const connect = request({ ...asked, rejectUnauthorized: true });
    connect.on('connect', ({ statusCode = 0 }, socket: Socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      const message = `the proxy answered ${statusCode} to CONNECT`;
      reject(statusCode < 500 ? new TunnelRefused(message) : new Error(message));
    });
    connect.on('error', (error) => reject(signal.aborted ? new Error('the proxy does not answer') : error));
    connect.end();
  });
}

function authorization({ username, password }: URL): { readonly 'proxy-authorization'?: string } {
  if (username === '') return {};
  const pair = `${decoded(username)}:${decoded(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** A percent sign that escapes nothing stands for itself, as in curl. */
function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

function startTls(socket: Socket, options: ConnectionOptions, signal: AbortSignal): Promise<Duplex> {
  const { connect } = process.getBuiltinModule('node:tls');
  return new Promise((resolve, reject) => {
    const secure = connect({ ...options, socket });
    const abandon = () => void secure.destroy(new Error('no TLS through the proxy'));
    signal.addEventListener('abort', abandon, { once: true });
    secure.once('error', reject);
    secure.once('secureConnect', () => {
      signal.removeEventListener('abort', abandon);
      secure.off('error', reject);
      resolve(secure);
    });
  });
}

function fail(error: Error, opened: Opened | undefined): void {
  // The types want a socket beside an error; Node does not look at it.
  (opened as ((error: Error) => void) | undefined)?.(error);
}
