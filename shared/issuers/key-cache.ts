// What is remembered of one issuer's keys, and when the issuer is asked again. The clock and the fetch are passed in.
import { KeySetError, type VerificationKey } from '../oauth/jose/key-set.ts';

/** All in milliseconds. */
export interface KeyCacheLimits {
  /** Keys are used without asking again: how long a key the issuer has removed lives on. */
  readonly freshMs: number;
  /** Keys are used while the issuer cannot be reached, counted from its last good answer. */
  readonly staleMs: number;
  /** After a failure the issuer is left alone. */
  readonly retryMs: number;
  /** Between two fetches for keys we do not know: all that a flood of random `kid`s can cause. */
  readonly cooldownMs: number;
}

export interface KeyCacheOptions {
  /** Milliseconds since some epoch. */
  readonly clock: () => number;
  /** From 0 to below 1; spreads the refreshes of many processes that started together. */
  readonly random: () => number;
  readonly limits: KeyCacheLimits;
  readonly fetchKeys: () => Promise<readonly VerificationKey[]>;
  /** Told of every failed fetch. */
  readonly onFailure?: (cause: unknown) => void;
}

export interface KeyCache {
  /** Makes the keys current, if they are due and the issuer may be asked; says whether it was. Never rejects. */
  readonly refresh: () => Promise<boolean>;
  /** Asks out of turn because a key was not found, if that is allowed now. Never rejects. */
  readonly refreshForUnknownKey: () => Promise<void>;
  /** The keys to use now; undefined when there are none or they are too old. */
  readonly keys: () => readonly VerificationKey[] | undefined;
  /** Why the last fetch failed; undefined when it did not. */
  readonly failure: () => { readonly cause: unknown } | undefined;
}

interface State {
  good?: { readonly keys: readonly VerificationKey[]; readonly at: number; readonly freshMs: number };
  failure?: { readonly cause: unknown; readonly at: number } | undefined;
  askedForUnknownAt?: number;
  /** The one fetch under way; everybody who needs it waits for the same one. */
  flight?: Promise<void> | undefined;
}

export function createKeyCache(options: KeyCacheOptions): KeyCache {
  const { limits, clock } = options;
  const state: State = {};
  const isWithin = (at: number | undefined, span: number) => at !== undefined && isAge(clock() - at, span);
  const fetch = () => {
    state.flight ??= fetchInto(state, options).finally(() => {
      state.flight = undefined;
    });
    return state.flight;
  };
  return {
    async refresh() {
      if (isWithin(state.good?.at, state.good?.freshMs ?? 0)) return false;
      if (isWithin(state.failure?.at, limits.retryMs)) return false;
      await fetch();
      return true;
    },
    async refreshForUnknownKey() {
      if (state.flight !== undefined) return state.flight;
      if (isWithin(state.askedForUnknownAt, limits.cooldownMs) || isWithin(state.failure?.at, limits.retryMs)) return;
      state.askedForUnknownAt = clock();
      await fetch();
    },
    keys: () => (isWithin(state.good?.at, limits.staleMs) ? state.good?.keys : undefined),
    failure: () => state.failure,
  };
}

async function fetchInto(
  state: State,
  { clock, random, limits, fetchKeys, onFailure }: KeyCacheOptions,
): Promise<void> {
  const at = clock(); // keys are as old as the question, not as the answer
  try {
    state.good = { keys: await fetchKeys(), at, freshMs: limits.freshMs * (1 - random() / 5) };
    state.failure = undefined;
  } catch (cause) {
    state.failure = { cause, at: clock() };
    // An issuer that publishes a private key has lost control of it, so its remembered keys are not trusted either.
    if (cause instanceof KeySetError && cause.code === 'private_member') delete state.good;
    onFailure?.(cause);
  }
}

/** A clock that was set back makes an age negative: that is too old, or keys would be fresh for ever. */
function isAge(age: number, limit: number): boolean {
  return age >= 0 && age < limit;
}
