// The policy of the moment: what is deployed, with the tenants that were put at run time. One item is read at most every 55 s,
// so that a change is in force within 60.
import { causesOf } from '../causes.ts';
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
const freshFor = 55_000;
/** The last one serves so long while the next cannot be read. */
const staleFor = 600_000;

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
  const isWithin = (span: number): boolean => last !== undefined && clock() >= last.at && clock() - last.at < span;
  const read = async (): Promise<Read> => {
    const at = clock(); // as old as the question, not as the answer
    const parts = await readParts();
    if (last && isSame(parts, last.parts)) return { ...last, at };
    const { policy, left } = withParts(deployed, parts);
    if (left.length > 0) onLeft?.(left);
    return { parts, policy, at };
  };
  return async () => {
    if (last && isWithin(freshFor)) return last.policy;
    flight ??= read()
      .catch((error: unknown) => {
        onUnread?.(causesOf(error));
        throw error;
      })
      .finally(() => {
        flight = undefined;
      });
    try {
      last = await flight;
    } catch (error) {
      if (!isWithin(staleFor)) throw error;
    }
    return last?.policy ?? deployed;
  };
}

function isSame(parts: readonly NamedPart[], others: readonly NamedPart[]): boolean {
  return parts.length === others.length && parts.every((part, index) => part === others[index]);
}
