// `cambio probe`: how late a revocation is noticed, measured from outside with a token of its own. Calls POST /token,
// /introspect and /revoke, and GET of the token's Status List.
import { askOnce } from './ask.ts';
import { CallFailed } from './call-failed.ts';
import { assertPrivate, type Server, serverOf } from './server.ts';
import { type StatusPlace, statusIn, statusPlaceOf } from './status-list.ts';
import type { Surroundings } from './surroundings.ts';
import { type Client, type ClientOptions, clientOf } from './token/client-credentials.ts';
import { type SubjectTokenOptions, tokenFinder } from './token/subject-token.ts';
import { askForm, exchangeToken } from './token/token-exchange.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

export interface ProbeOptions extends SubjectTokenOptions, ClientOptions {
  readonly url?: string | undefined;
  readonly audience?: string | undefined;
}

/** Milliseconds in which a revocation is noticed everywhere. */
const promise = 60_000;
/** Milliseconds between two looks. */
const pause = 500;

interface Parties {
  readonly server: Server;
  readonly client: Client;
  readonly around: Surroundings;
}

/** @returns the exit code: 0 within the promise, 1 not. @throws CallFailed, UsageError */
export async function probe(options: ProbeOptions, output: Output, around: Surroundings): Promise<number> {
  const { audience } = options;
  if (audience === undefined) throw new UsageError('probe needs --audience NAME');
  const server = serverOf(options.url, around);
  const client = clientOf(options, server, around);
  if (!client)
    throw new UsageError(
      'probe needs a client that the audience lists: --client-id NAME with its secret, key or token',
    );
  const subject = await tokenFinder(options, server, around, { stdin: true })();
  const exchanged = await timed(around, () => exchangeToken({ subject, client, form: { audience } }, server, around));
  const token = exchanged.answer.json['access_token'];
  if (typeof token !== 'string')
    throw new UsageError('the answer holds no token: --url must be the API base of Cambio');
  const latencies = await measure(token, { server, client, around });
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
async function measure(token: string, { server, client, around }: Parties) {
  const isActive = async (): Promise<boolean> =>
    (await askForm(server.at('/introspect'), { token }, client, around)).json['active'] === true;
  const introspected = await timed(around, isActive);
  if (!introspected.answer)
    throw new UsageError('the token is not active to this client: its `introspects` must name the audience');
  const place = statusPlaceOf(token);
  const revoked = await timed(around, () => askForm(server.at('/revoke'), { token }, client, around));
  const since = around.now();
  const [inactive, listed] = await Promise.all([
    until(async () => !(await isActive()), since, around),
    place && until(() => isListed(place, around), since, around),
  ]);
  return {
    introspect_ms: introspected.ms,
    revoke_ms: revoked.ms,
    inactive_ms: inactive,
    ...(listed !== undefined && { status_list_ms: listed }),
  };
}

async function isListed(place: StatusPlace, around: Surroundings): Promise<boolean> {
  const url = new URL(place.uri);
  assertPrivate(url, 'the URI of the status list');
  const { text } = await askOnce({ url, headers: { accept: 'application/statuslist+jwt' } }, around);
  return statusIn(text, place) !== 0;
}

async function timed<Answer>({ now }: Surroundings, work: () => Promise<Answer>) {
  const started = now();
  const answer = await work();
  return { answer, ms: now() - started };
}

/**
 * Looks until it is so. A look that nobody could serve is no answer, and another is taken.
 * @returns milliseconds since then; null when it is not so within the promise
 * @throws CallFailed when the last look was not served either
 */
async function until(look: () => Promise<boolean>, since: number, around: Surroundings): Promise<number | null> {
  for (;;) {
    const seen = await look().catch(unlessUnavailable);
    const waited = around.now() - since;
    if (seen === true) return waited;
    if (waited > promise) return seen === false ? null : rethrow(seen);
    await around.sleep(pause);
  }
}

function unlessUnavailable(error: unknown): CallFailed {
  if (error instanceof CallFailed && error.isRetryable) return error;
  throw error;
}

function rethrow(error: CallFailed): never {
  throw error;
}
