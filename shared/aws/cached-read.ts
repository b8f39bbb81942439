// What is read again once it is old, and serves on while it cannot be. Pure but for the read, the clock and the timers of waiting.
import { withDeadline } from '../deadline.ts';

export interface CachedReadOptions<Value> {
  readonly read: () => Promise<Value>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Milliseconds after which it is read again; 0 where whoever asks is to have what is there now. */
  readonly freshFor: number;
  /** Milliseconds the last one serves while the next cannot be read. */
  readonly staleFor: number;
  /** Milliseconds after which it is tried again, where there is a last one; at once unless it is said. */
  readonly triedAgainAfter?: number;
  /** Milliseconds a request waits for the next one, which is read on for those that follow; as long as it takes unless it is said. */
  readonly waits?: { readonly ofFirst: number; readonly ofLast: number };
  /** Told of every read that failed or took too long, also while the last one serves. */
  readonly onUnread?: (error: unknown) => void;
}

export interface CachedRead<Value> {
  /** Concurrent callers share one read. Throws as the read does. */
  readonly current: () => Promise<Value>;
  /** Read now, for all who ask later, too. Throws as the read does. */
  readonly again: () => Promise<Value>;
}

interface Asked<Answer> {
  readonly answer: Answer;
  /** As old as the question, not as the answer. */
  readonly at: number;
}

/** Milliseconds a read under way is joined by others: later requests do not wait for one that hangs. */
const joinFor = 1_000;

export function cachedRead<Value>({
  read,
  clock,
  freshFor,
  staleFor,
  triedAgainAfter = 0,
  waits,
  onUnread,
}: CachedReadOptions<Value>): CachedRead<Value> {
  let last: Asked<Value> | undefined;
  let flight: Asked<Promise<Value>> | undefined;
  let failedAt: number | undefined;
  // A clock that was set back makes an age negative: such an answer does not count.
  const isYounger = (at: number | undefined, age: number): boolean =>
    at !== undefined && clock() >= at && clock() - at < age;
  const ask = (): Asked<Promise<Value>> => {
    const at = clock();
    const answer = read().then((value) => {
      // One that was asked for later may have come first.
      if (!last || at >= last.at || last.at > clock()) last = { answer: value, at };
      return value;
    });
    return { answer, at };
  };
  const shared = (): Promise<Value> => {
    if (flight && isYounger(flight.at, joinFor)) return flight.answer;
    const asked = ask();
    flight = asked;
    const end = (): void => {
      if (flight === asked) flight = undefined;
    };
    asked.answer.then(end, end);
    return asked.answer;
  };
  const next = (hasLast: boolean): Promise<Value> => {
    if (!waits) return shared();
    const milliseconds = hasLast ? waits.ofLast : waits.ofFirst;
    return withDeadline({ milliseconds, expired: () => new Error(`not read in ${milliseconds} ms`) }, shared);
  };
  const stale = (): Asked<Value> | undefined => (isYounger(last?.at, staleFor) ? last : undefined);
  const current = async (): Promise<Value> => {
    if (last && isYounger(last.at, freshFor)) return last.answer;
    const kept = stale();
    if (kept && isYounger(failedAt, triedAgainAfter)) return kept.answer;
    try {
      return await next(kept !== undefined);
    } catch (error) {
      failedAt = clock();
      onUnread?.(error);
      const serving = stale();
      if (!serving) throw error;
      return serving.answer;
    }
  };
  return { current, again: () => ask().answer };
}
