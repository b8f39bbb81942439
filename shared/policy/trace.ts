// What is kept of a decision's evaluation: the rule that decided and those that came closest, in policy order. Pure.
import type { EvaluatedRule } from './evaluate-rule.ts';

/** Most rules that are kept: nobody reads more near misses. */
const maxRules = 50;

/** @param deciding the rule that granted or denied, which is always kept */
export function traceOf(
  evaluated: readonly EvaluatedRule[],
  deciding: EvaluatedRule | undefined,
): readonly EvaluatedRule[] {
  if (evaluated.length <= maxRules) return evaluated;
  const others = evaluated.filter((rule) => rule !== deciding).map((rule) => ({ rule, failed: failures(rule) }));
  const closest = others.sort((one, other) => one.failed - other.failed).slice(0, maxRules - 1);
  const kept = new Set([...closest.map(({ rule }) => rule), ...(deciding ? [deciding] : [])]);
  return evaluated.filter((rule) => kept.has(rule));
}

function failures({ conditions }: EvaluatedRule): number {
  return conditions.filter(({ matched }) => !matched).length;
}
