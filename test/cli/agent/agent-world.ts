// An agent of this process in front of a server, and requests to it that fetch would not let through.
import { request } from 'node:http';
import { type AgentOptions, startAgent } from '../../../cli/agent/agent.ts';
import type { Listener } from '../../../cli/agent/local-listener.ts';
import { inTheWorld } from '../cambio.ts';
import { unsignedJwt } from '../fake-server.ts';

export interface LocalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams;
}

export interface AgentWorld {
  readonly listener: Listener;
  readonly stderr: () => string;
  readonly ask: (path: string, asked?: Asked) => Promise<LocalAnswer>;
  readonly close: () => Promise<void>;
}

/** The token of the workload, the same each time. */
export const ownToken = unsignedJwt({ sub: 'workload' });

export async function startAgentFor(url: string, options: AgentOptions = {}): Promise<AgentWorld> {
  let said = '';
  const stderr = (text: string): void => {
    said += text;
  };
  const output = { stdout: () => {}, stderr };
  const machine = inTheWorld({ CAMBIO_URL: url, CAMBIO_ID_TOKEN: ownToken, SECRET: 'hunter2' });
  const listener = await startAgent({ listen: '127.0.0.1:0', ...options }, output, machine);
  return { listener, stderr: () => said, ask: askerOf(listener.url), close: listener.close };
}

/** @param url `http://…` or `unix:PATH` */
export function askerOf(url: string): AgentWorld['ask'] {
  const where = url.startsWith('unix:')
    ? { socketPath: url.slice(5) }
    : { host: new URL(url).hostname, port: new URL(url).port };
  return (path, { method = 'GET', headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const type = body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
      const sent = request({ ...where, path, method, headers: { ...type, ...headers }, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const isJson = response.headers['content-type'] === 'application/json';
          const { statusCode: status = 0, headers: answered } = response;
          resolve({ status, headers: answered, body: text, json: isJson ? JSON.parse(text) : {} });
        });
      });
      sent.on('error', reject);
      sent.end(body?.toString());
    });
}

export function exchangeForm(changes: Readonly<Record<string, string>> = {}): URLSearchParams {
  const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
  return new URLSearchParams({ grant_type: grant, audience: 'orders-api', ...changes });
}
