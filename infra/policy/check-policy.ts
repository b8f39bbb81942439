// Every check of a merged policy, in the order their findings are made. Pure.

import { checkOpenRules } from './check-open-rules.ts';
import { checkUnsupported } from './check-unsupported.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { MergedPolicy } from './merge.ts';

const checks: readonly ((policy: MergedPolicy) => readonly Diagnostic[])[] = [checkUnsupported, checkOpenRules];

export function checkPolicy(policy: MergedPolicy): readonly Diagnostic[] {
  return checks.flatMap((check) => check(policy));
}
