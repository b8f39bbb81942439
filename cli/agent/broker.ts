// What the agent needs to fetch an answer, and how long it waits for one. Types and one limit.
import type { Machine } from '../machine.ts';
import type { Server } from '../server.ts';
import type { Client } from '../token/client-credentials.ts';
import type { FindToken } from '../token/found-token.ts';

export interface Broker {
  readonly server: Server;
  readonly client: Client | undefined;
  readonly findToken: FindToken;
  readonly machine: Machine;
}

/** Milliseconds for one request. A caller of the agent, such as an SDK, waits one or two seconds and then tries again. */
export const timeoutMs = 5_000;
