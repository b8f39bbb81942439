// A TLS connection through an HTTP proxy: CONNECT (RFC 9110 §9.3.6), then TLS inside. Network. By hand, because Node has
// it only since 24.5.
import type { Agent, RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import { hostOf } from './proxy.ts';

type Opened = (error: Error | null, socket: Duplex) => void;

/** An agent whose connections go through the proxy. */
export function tunnelAgent(proxy: URL, timeoutMs: number, maxSockets: number): Agent {
  const { Agent } = process.getBuiltinModule('node:https');
  const agent = new Agent({ keepAlive: true, maxSockets });
  // Node takes the socket from the callback when nothing is returned.
  agent.createConnection = (options: RequestOptions, opened?: Opened) => {
    openTunnel(proxy, `${options.host}:${options.port ?? 443}`, timeoutMs).then(
      (socket) => startTls(socket, options as ConnectionOptions, opened),
      (error: Error) => fail(error, opened),
    );
    return undefined;
  };
  return agent;
}

function openTunnel(proxy: URL, authority: string, timeoutMs: number): Promise<Socket> {
  const { request } = process.getBuiltinModule(proxy.protocol === 'https:' ? 'node:https' : 'node:http');
  const headers = { host: authority, ...authorization(proxy) };
  const { port } = proxy;
  const defaultPort = proxy.protocol === 'https:' ? 443 : 80;
  return new Promise((resolve, reject) => {
    const connect = request({
      method: 'CONNECT',
      host: hostOf(proxy),
      port: port || defaultPort,
      path: authority,
      headers,
      agent: false,
      timeout: timeoutMs,
    });
    connect.on('connect', ({ statusCode = 0 }, socket: Socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new Error(`the proxy answered ${statusCode} to CONNECT`));
    });
    connect.on('timeout', () => connect.destroy(new Error('the proxy does not answer')));
    connect.on('error', reject);
    connect.end();
  });
}

function authorization({ username, password }: URL): { readonly 'proxy-authorization'?: string } {
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

function startTls(socket: Socket, options: ConnectionOptions, opened: Opened | undefined): void {
  const { connect } = process.getBuiltinModule('node:tls');
  const secure = connect({ ...options, socket });
  const failed = (error: Error): void => fail(error, opened);
  secure.once('error', failed);
  secure.once('secureConnect', () => {
    secure.off('error', failed);
    opened?.(null, secure);
  });
}

function fail(error: Error, opened: Opened | undefined): void {
  // The types want a socket beside an error; Node does not look at it.
  (opened as ((error: Error) => void) | undefined)?.(error);
}
