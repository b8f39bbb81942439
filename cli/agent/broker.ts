// What the agent and the client library need to fetch an answer, how long they wait for one, and how many they keep.
// Types and limits.
import type { Prover } from '../dpop/prover.ts';
import type { Machine } from '../machine.ts';
import type { Server } from '../server.ts';
import type { Client } from '../token/client-credentials.ts';
import type { FindToken } from '../token/found-token.ts';

export interface Broker {
  readonly server: Server;
  readonly client: Client | undefined;
  readonly findToken: FindToken;
  /** Where its answers are bound to a key. */
  readonly prover: Prover | undefined;
  readonly machine: Machine;
}

/** Answers kept at most: of the workload, of roles, of tokens that gateways and callers bring. */
export const limits = { own: 1_000, roles: 200, incoming: 5_000 } as const;

/** Milliseconds for one request. A caller of the agent, such as an SDK, waits one or two seconds and then tries again. */
export const timeoutMs = 5_000;
