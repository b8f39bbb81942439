// A bounded memory of answers that are good for a while. Pure but for the time it is given.

export interface ExpiringMapOptions {
  /** The entry made first is forgotten first. */
  readonly maxEntries: number;
  /** Seconds since the epoch, as `until`. */
  readonly now: () => number;
}

export interface ExpiringMap<Value> {
  /** Undefined when there is no entry, or no longer. */
  readonly get: (key: string) => Value | undefined;
  readonly set: (key: string, value: Value, until: number) => void;
}

export function createExpiringMap<Value>({ maxEntries, now }: ExpiringMapOptions): ExpiringMap<Value> {
  const entries = new Map<string, { readonly value: Value; readonly until: number }>();
  return {
    get: (key) => {
      const entry = entries.get(key);
      if (entry && entry.until > now()) return entry.value;
      entries.delete(key);
      return undefined;
    },
    set: (key, value, until) => {
      if (until <= now()) return;
      entries.delete(key);
      entries.set(key, { value, until });
      for (const oldest of entries.keys()) {
        if (entries.size <= maxEntries) return;
        entries.delete(oldest);
      }
    },
  };
}
