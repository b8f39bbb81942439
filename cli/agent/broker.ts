// What the agent fetches answers with, and how long it waits for one. Types and a limit only.
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

/** Milliseconds for one request: whoever asks the agent, such as an SDK, waits one or two seconds and comes again. */
export const timeoutMs = 5_000;
