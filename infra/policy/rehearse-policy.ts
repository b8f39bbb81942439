// Every check that plays a policy instead of reading it: tokens are made up, and the evaluator of the functions decides. Pure.
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { checkBreadth } from './check/breadth.ts';
import { checkLostDenials } from './check/lost-denials.ts';
import { createWorld } from './rehearse/world.ts';
import type { MergedPolicy } from './schema/merge.ts';
import type { Diagnostic } from './source/diagnostic.ts';

/** 2026-01-01T00:00:00Z: a policy is judged the same every day. */
const rehearsalTime = 1_767_225_600;

/** @param artifact the same policy as the functions read it; it may still have mistakes */
export function rehearsePolicy(policy: MergedPolicy, artifact: PolicyArtifact): readonly Diagnostic[] {
  const world = createWorld(artifact, rehearsalTime);
  return [...checkBreadth(policy, world), ...checkLostDenials(policy, world)];
}
