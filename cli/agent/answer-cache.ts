// Answers kept until shortly before they expire: one request upstream for all who ask at once, renewal while the old
// answer still serves, and a pause after failures. In memory, up to a limit. No I/O of its own.

import { CallFailed } from '../call-failed.ts';
import { pauseAfter } from '../fetch.ts';
import type { Machine } from '../machine.ts';

export interface Loaded<Value> {
  readonly value: Value;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** How a request was served: from memory, by a request already under way, by a failure of a moment ago, by asking. */
export type CacheUse = 'hit' | 'joined' | 'held' | 'miss';
/** How asking ended. */
export type LoadOutcome = 'granted' | 'refused' | 'unavailable';

export interface AnswerCache<Value> {
  /** @throws CallFailed, that of the load or of a load that failed a moment ago */
  readonly get: (key: string, load: () => Promise<Loaded<Value>>) => Promise<Loaded<Value>>;
  /** Keeps no answer any more whose value is such a one. */
  readonly forget: (isSuch: (value: Value) => boolean) => void;
  readonly size: () => number;
}

interface Entry<Value> {
  /** When it was made, milliseconds. */
  readonly at: number;
  /** Undefined until a load succeeded. */
  readonly loaded: Loaded<Value> | undefined;
  /** When to fetch again, milliseconds: before expiry, or after a failure. */
  readonly renewAt: number;
  readonly failures: number;
  readonly failure: CallFailed | undefined;
}

interface Flight<Value> {
  readonly answer: Promise<Loaded<Value>>;
  /** Milliseconds. */
  readonly start: number;
}

export interface CacheOptions {
  readonly maxEntries: number;
  readonly onUse?: (use: CacheUse) => void;
  readonly onLoad?: (outcome: LoadOutcome, milliseconds: number, error?: unknown) => void;
}

/** An answer is asked for again this long before it ends, or a third of its life if that is less. */
const longestMargin = 300_000;
/** Nothing that would expire on its way is handed out. */
const lastMoments = 5_000;
/**
 * No load takes longer. One that seems to was frozen with its process, as between two calls of a Lambda function, and its
 * connection is dead: nobody waits for it.
 */
const longestLoad = 60_000;
/** The longest pause, whatever Retry-After says: one wrong header of a proxy must not stop a workload for hours. */
const longestHold = 300_000;

export function createAnswerCache<Value>(
  { maxEntries, onUse = () => {}, onLoad = () => {} }: CacheOptions,
  machine: Pick<Machine, 'clock' | 'random'>,
): AnswerCache<Value> {
  const entries = new Map<string, Entry<Value>>();
  const flights = new Map<string, Flight<Value>>();

  const keep = (key: string, entry: Entry<Value>): void => {
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size <= maxEntries) return;
    // The one that was used least recently is first.
    const [oldest = key] = entries.keys();
    entries.delete(oldest);
  };

  const load = (key: string, fetchAnswer: () => Promise<Loaded<Value>>): Promise<Loaded<Value>> => {
    const start = machine.clock();
    const flight = fetchAnswer()
      .then(
        (loaded) => {
          onLoad('granted', machine.clock() - start);
          const renewAt = renewalOf(loaded, machine);
          keep(key, { at: machine.clock(), loaded, renewAt, failures: 0, failure: undefined });
          return loaded;
        },
        (error: unknown) => {
          const isRefusal = error instanceof CallFailed && error.isRefusal;
          onLoad(isRefusal ? 'refused' : 'unavailable', machine.clock() - start, error);
          // What was granted and now is refused ends here: access was taken away.
          const kept = isRefusal ? undefined : afterFailure(entries.get(key), error, machine);
          if (kept) keep(key, kept);
          else entries.delete(key);
          throw error;
        },
      )
      .finally(() => {
        if (flights.get(key)?.answer === flight) flights.delete(key);
      });
    flights.set(key, { answer: flight, start });
    return flight;
  };

  const flightOf = (key: string, at: number): Promise<Loaded<Value>> | undefined => {
    const { answer, start = at } = flights.get(key) ?? {};
    return Math.abs(at - start) < longestLoad ? answer : undefined;
  };

  const get = async (key: string, fetchAnswer: () => Promise<Loaded<Value>>): Promise<Loaded<Value>> => {
    const at = machine.clock();
    // After the clock was set back, an entry no longer tells how long its answer lives or its pause lasts.
    if (at < (entries.get(key)?.at ?? at)) entries.delete(key);
    const entry = entries.get(key);
    const isDue = !entry || at >= entry.renewAt;
    if (entry?.loaded && at < entry.loaded.expiresAt - lastMoments) {
      keep(key, entry);
      onUse('hit');
      // Nobody waits for a renewal, and its failure is told to those who come when there is nothing left to serve.
      if (isDue && !flightOf(key, at)) load(key, fetchAnswer).catch(() => {});
      return entry.loaded;
    }
    const flight = flightOf(key, at);
    if (flight) {
      onUse('joined');
      return flight;
    }
    if (isDue || !entry?.failure) {
      onUse('miss');
      return load(key, fetchAnswer);
    }
    onUse('held');
    throw heldBack(entry.failure, entry.renewAt - at);
  };

  const forget = (isSuch: (value: Value) => boolean): void => {
    for (const [key, { loaded }] of entries) if (loaded && isSuch(loaded.value)) entries.delete(key);
  };
  return { get, forget, size: () => entries.size };
}

/** Random within a tenth of the life, so that many agents do not renew together. */
function renewalOf({ expiresAt }: Loaded<unknown>, { clock, random }: Pick<Machine, 'clock' | 'random'>): number {
  const life = expiresAt - clock();
  return expiresAt - Math.min(longestMargin, life / 3) - random() * (life / 10);
}

/** Undefined where there is nothing to keep: what failed here, such as the search for a token, is looked at each time. */
function afterFailure<Value>(
  entry: Entry<Value> | undefined,
  error: unknown,
  { clock, random }: Pick<Machine, 'clock' | 'random'>,
): Entry<Value> | undefined {
  const failure = error instanceof CallFailed ? error : undefined;
  if (!failure && !entry?.loaded) return undefined;
  const failures = (entry?.failures ?? 0) + 1;
  const pause = Math.min(longestHold, pauseAfter(failures, random(), failure?.facts.retryAfter));
  return { at: clock(), loaded: entry?.loaded, renewAt: clock() + pause, failures, failure };
}

/** The failure of a moment ago, with the time that is left of its pause. */
function heldBack({ facts, hints }: CallFailed, pause: number): CallFailed {
  return new CallFailed({ ...facts, retryAfter: pause }, hints);
}
