// The policy of the moment: what is deployed, with the tenants that were put at run time. One item is read at most every 50 s,
// so that a change is in force within 60.
import { causesOf } from '../../causes.ts';
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { type NamedPart, withParts } from '../../policy/tenant-parts.ts';
import { cachedRead } from '../cached-read.ts';

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

/** Milliseconds. A request waits so long for the next policy, or for the first. */
const times = {
  ...{ freshFor: 50_000, staleFor: 600_000, triedAgainAfter: 5_000 },
  waits: { ofFirst: 1_000, ofLast: 300 },
} as const;

/** The same object as long as nothing has changed: what is made for a policy is made once. */
export function createCurrentPolicy(options: CurrentPolicyOptions): () => Promise<CompiledPolicy> {
  const { deployed, readParts, clock, onLeft, onUnread } = options;
  let made: { readonly parts: readonly NamedPart[]; readonly policy: CompiledPolicy } | undefined;
  const read = async (): Promise<CompiledPolicy> => {
    const parts = await readParts();
    if (made && isSame(parts, made.parts)) return made.policy;
    const { policy, left } = withParts(deployed, parts);
    if (left.length > 0) onLeft?.(left);
    made = { parts, policy };
    return policy;
  };
  return cachedRead({ ...times, read, clock, onUnread: (error) => onUnread?.(causesOf(error)) }).current;
}

function isSame(parts: readonly NamedPart[], others: readonly NamedPart[]): boolean {
  return parts.length === others.length && parts.every((part, index) => part === others[index]);
}
