// The fast path of a policy that only takes away: it may serve at once, because nobody can get anything by it that was refused before.
// Reads both policies.
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { compilePolicy } from '../policy/compile-policy.ts';
import { diffPolicies } from '../policy/rehearse/diff.ts';
import { PropsError } from '../props-error.ts';
import { PolicyError } from '../resolve-policy.ts';

export interface PolicyChange {
  /** Path of the policy that serves now. */
  readonly deployed: string;
  /** Path of the one that takes its place. */
  readonly policy: string;
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * @throws PropsError that says who gains what, and where that cannot be told
 * @throws PolicyError for a policy that does not compile
 */
export function requireNoGain({ deployed, policy, now }: PolicyChange): void {
  const { gains, undecided } = diffPolicies(compiled(deployed), compiled(policy), now);
  if (gains.length === 0 && undecided.length === 0) return;
  const found = [
    ...gains.map(({ who, what }) => `${who}: ${what}`),
    ...undecided.map((each) => `not decided: ${each}`),
  ];
  const why = `-c rollout=at-once is for a policy that only takes away, and by ${policy} somebody gains over ${deployed}`;
  throw new PropsError([`${why}:`, ...found.map((each) => `  ${each}`)].join('\n'));
}

function compiled(path: string): PolicyArtifact {
  const { artifact, diagnostics } = compilePolicy(path);
  if (!artifact) throw new PolicyError(diagnostics);
  return artifact;
}
