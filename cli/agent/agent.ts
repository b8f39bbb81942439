// `cambio agent`: the local broker beside a workload. Listens; calls POST /token and GET /credentials.

import { CallFailed } from '../call-failed.ts';
import { type ProofOptions, proverOf } from '../dpop/options.ts';
import { failureLines } from '../failure-text.ts';
import type { Machine } from '../machine.ts';
import { type ClientOptions, clientOf, serverFor } from '../token/client-credentials.ts';
import { type SubjectTokenOptions, tokenFinder } from '../token/subject-token.ts';
import { exitCodes, type Output, UsageError } from '../usage.ts';
import type { CacheOptions } from './answer-cache.ts';
import { readOrMakeToken } from './auth-token-file.ts';
import { limits } from './broker.ts';
import { isOnThisMachine, parseListen } from './listen-address.ts';
import { type Listener, listenLocally, serveUntilStopped } from './local-listener.ts';
import { createMetrics } from './metrics.ts';
import { credentialsKeeper } from './role-credentials.ts';
import { agentListener } from './routes.ts';
import { tokenKeeper } from './token-keeper.ts';

export interface AgentOptions extends SubjectTokenOptions, ClientOptions, ProofOptions {
  readonly url?: string | undefined;
  readonly listen?: string | undefined;
  readonly 'auth-token-file'?: string | undefined;
}

const defaultAddress = '127.0.0.1:9911';
/** Milliseconds between two lines about failures. */
const quiet = 1_000;

/** Serves until SIGINT or SIGTERM. @returns the exit code */
export async function agent(options: AgentOptions, output: Output, machine: Machine): Promise<number> {
  await serveUntilStopped(
    () => startAgent(options, output, machine),
    (url) => output.stdout(`ready ${url}\n`),
  );
  return exitCodes.ok;
}

/** @throws UsageError */
export async function startAgent(options: AgentOptions, output: Output, machine: Machine): Promise<Listener> {
  const address = parseListen(options.listen ?? defaultAddress);
  const { 'auth-token-file': file } = options;
  if (file === undefined && !isOnThisMachine(address)) {
    throw new UsageError(`${address.text} can be reached from elsewhere: give --auth-token-file FILE`);
  }
  const server = serverFor(options, machine);
  const client = clientOf(options, server, machine);
  const findToken = tokenFinder(options, server, machine, { stdin: false });
  const prover = await proverOf(options, output, machine);
  const broker = { server, client, findToken, prover, machine };
  const door = { address, token: file === undefined ? undefined : readOrMakeToken(file, output) };
  const metrics = createMetrics();
  const cacheOptions = (maxEntries: number): CacheOptions => ({ maxEntries, ...watch(metrics, output, machine) });
  const own = tokenKeeper(broker, cacheOptions(limits.own));
  const incoming = tokenKeeper(broker, cacheOptions(limits.incoming));
  const { credentialsFor, cache } = credentialsKeeper(broker, cacheOptions(limits.roles));
  const entries = (): number => own.size() + incoming.size() + cache.size();
  return listenLocally(address, agentListener({ door, own, incoming, credentialsFor, prover, metrics, entries }));
}

/** Counts uses, and reports failures on stderr, but not each one: a caller with bad tokens could fill the disk. */
function watch(
  { countUse, countExchange }: ReturnType<typeof createMetrics>,
  { stderr }: Output,
  { clock }: Machine,
): Pick<CacheOptions, 'onUse' | 'onLoad'> {
  let last = Number.NEGATIVE_INFINITY;
  return {
    onUse: countUse,
    onLoad: (outcome, milliseconds, error) => {
      countExchange(outcome, milliseconds);
      if (error === undefined || clock() - last < quiet) return;
      last = clock();
      for (const line of linesOf(error)) stderr(`${line}\n`);
    },
  };
}

function linesOf(error: unknown): readonly string[] {
  if (error instanceof CallFailed) return failureLines(error);
  return [error instanceof UsageError ? `cambio: ${error.message}` : 'cambio: the agent failed'];
}
