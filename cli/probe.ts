// `cambio probe`: how late a revocation is noticed, measured from outside with a token of its own. Calls POST /token,
// /introspect and /revoke, and GET of the token's Status List.

import { CallFailed } from './call-failed.ts';
import { type ProofOptions, proverOf } from './dpop/options.ts';
import { fetchOnce } from './fetch.ts';
import type { Machine } from './machine.ts';
import { assertPrivate } from './server.ts';
import { type StatusPlace, statusIn, statusPlaceOf } from './status-list.ts';
import { type ClientOptions, clientOf, serverFor } from './token/client-credentials.ts';
import { type SubjectTokenOptions, tokenFinder } from './token/subject-token.ts';
import { type Asking, exchangeToken, postForm } from './token/token-exchange.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

export interface ProbeOptions extends SubjectTokenOptions, ClientOptions, ProofOptions {
  readonly url?: string | undefined;
  readonly audience?: string | undefined;
}

/** Milliseconds in which a revocation is noticed everywhere. */
const promise = 60_000;
/** Milliseconds between two looks. */
const pause = 500;

/** @returns the exit code: 0 within the promise, 1 not. @throws CallFailed, UsageError */
export async function probe(options: ProbeOptions, output: Output, machine: Machine): Promise<number> {
  const { audience } = options;
  if (audience === undefined) throw new UsageError('probe needs --audience NAME');
  const server = serverFor(options, machine);
  const client = clientOf(options, server, machine);
  if (!client)
    throw new UsageError(
      'probe needs a client that the audience lists: --client-id NAME with its secret, key, certificate or token',
    );
  const prover = await proverOf(options, output, machine);
  const subject = await tokenFinder(options, server, machine, { stdin: true })();
  const exchange = { subject, client, prover, form: { audience } };
  const exchanged = await timed(machine, () => exchangeToken(exchange, server, machine));
  const token = exchanged.answer.json['access_token'];
  if (typeof token !== 'string')
    throw new UsageError('the answer holds no token: --url must be the API base of Cambio');
  const latencies = await measure(token, { server, client, machine });
  const withinPromise = Object.values(latencies).every((latency) => latency !== null && latency <= promise);
  const said = {
    audience,
    promise_ms: promise,
    within_promise: withinPromise,
    exchange_ms: exchanged.ms,
    ...latencies,
  };
  output.stdout(`${JSON.stringify(said)}\n`);
  return withinPromise ? exitCodes.ok : exitCodes.refused;
}

/** Milliseconds; null for what was not seen within the promise. */
async function measure(token: string, asking: Asking) {
  const { machine } = asking;
  const isActive = async (): Promise<boolean> =>
    (await postForm('/introspect', { token }, asking)).json['active'] === true;
  const introspected = await timed(machine, isActive);
  if (!introspected.answer)
    throw new UsageError('the token is not active to this client: its `introspects` must name the audience');
  const place = statusPlaceOf(token);
  const revoked = await timed(machine, () => postForm('/revoke', { token }, asking));
  const since = machine.clock();
  const [inactive, listed] = await Promise.all([
    until(async () => !(await isActive()), since, machine),
    place && until(() => isListed(place, machine), since, machine),
  ]);
  return {
    introspect_ms: introspected.ms,
    revoke_ms: revoked.ms,
    inactive_ms: inactive,
    ...(listed !== undefined && { status_list_ms: listed }),
  };
}

async function isListed(place: StatusPlace, machine: Machine): Promise<boolean> {
  const url = new URL(place.uri);
  assertPrivate(url, 'the URI of the status list');
  const { text } = await fetchOnce({ url, headers: { accept: 'application/statuslist+jwt' } }, machine);
  return statusIn(text, place) !== 0;
}

async function timed<Answer>({ clock }: Machine, work: () => Promise<Answer>) {
  const started = clock();
  const answer = await work();
  return { answer, ms: clock() - started };
}

/**
 * Repeats `look` until it gives true. A look that failed because the server was unavailable is repeated too.
 * @returns milliseconds from `since` to that moment; null when it does not come within the promise
 * @throws CallFailed when the last look failed, too
 */
async function until(look: () => Promise<boolean>, since: number, machine: Machine): Promise<number | null> {
  for (;;) {
    const seen = await look().catch(unlessUnavailable);
    const waited = machine.clock() - since;
    if (seen === true) return waited;
    if (waited > promise) return seen === false ? null : rethrow(seen);
    await machine.sleep(pause);
  }
}

function unlessUnavailable(error: unknown): CallFailed {
  if (error instanceof CallFailed && error.isRetryable) return error;
  throw error;
}

function rethrow(error: CallFailed): never {
  throw error;
}
