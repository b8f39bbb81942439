// The policy of the moment: what is deployed, with the tenants that were put at run time. One item is read at most every 50 s,
// so that a change is in force within 60.
import { causesOf } from '../causes.ts';
import { withDeadline } from '../deadline.ts';
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import { type NamedPart, withParts } from '../policy/tenant-parts.ts';

export interface CurrentPolicyOptions {
  readonly deployed: CompiledPolicy;
  /** Throws Refused `unavailable`. */
  readonly readParts: () => Promise<readonly NamedPart[]>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told of what a later deployment has shut out, once for each change. */
  readonly onLeft?: (tenants: readonly string[]) => void;
  /** Told of every time that the tenants could not be read, also while the last policy serves. */
  readonly onUnread?: (cause: readonly string[] | undefined) => void;
}

/** Milliseconds. */
const freshFor = 50_000;
/** The last one serves so long while the next cannot be read. */
const staleFor = 600_000;
/** Then it is tried again. */
const triedAgainAfter = 5_000;
/** A request waits so long for the next one; the read goes on for those that follow. */
const waits = { ofFirst: 1_000, ofLast: 300 } as const;

interface Read {
  readonly parts: readonly NamedPart[];
  readonly policy: CompiledPolicy;
  readonly at: number;
}

/** The same object as long as nothing has changed: what is made for a policy is made once. */
export function createCurrentPolicy(options: CurrentPolicyOptions): () => Promise<CompiledPolicy> {
  const { deployed, readParts, clock, onLeft, onUnread } = options;
  let last: Read | undefined;
  let flight: Promise<Read> | undefined;
  let failedAt: number | undefined;
  // A clock that was set back makes an age negative: such an answer does not count.
  const isWithin = (at: number | undefined, span: number) => at !== undefined && clock() >= at && clock() - at < span;
  const read = async (): Promise<Read> => {
    const at = clock(); // as old as the question, not as the answer
    const parts = await readParts();
    if (last && isSame(parts, last.parts)) return { ...last, at };
    const { policy, left } = withParts(deployed, parts);
    if (left.length > 0) onLeft?.(left);
    return { parts, policy, at };
  };
  const refresh = async (): Promise<Read> => {
    flight ??= read().finally(() => {
      flight = undefined;
    });
    last = await flight;
    return last;
  };
  return async () => {
    const stale = isWithin(last?.at, staleFor) ? last : undefined;
    if (stale && (isWithin(stale.at, freshFor) || isWithin(failedAt, triedAgainAfter))) return stale.policy;
    const milliseconds = stale ? waits.ofLast : waits.ofFirst;
    try {
      return (
        await withDeadline({ milliseconds, expired: () => new Error('reading the tenants takes too long') }, refresh)
      ).policy;
    } catch (cause) {
      failedAt = clock();
      onUnread?.(causesOf(cause));
      if (!stale) throw cause;
      return stale.policy;
    }
  };
}

function isSame(parts: readonly NamedPart[], others: readonly NamedPart[]): boolean {
  return parts.length === others.length && parts.every((part, index) => part === others[index]);
}
