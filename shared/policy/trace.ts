// What is kept of a decision's evaluation: the rule that decided and those that came closest, in policy order. Pure.

/** Most rules that are kept: nobody reads more near misses. */
export const mostTraced = 50;

/**
 * The places of the rules to keep.
 * @param failures of each rule, how many of its conditions fail
 * @param deciding place of the rule that granted or denied, which is always kept
 * @param limit most rules that are kept
 */
export function closestRules(
  failures: Uint16Array,
  deciding: number | undefined,
  limit: number = mostTraced,
): readonly number[] {
  if (failures.length <= limit) return [...failures.keys()];
  const kept: number[] = [];
  for (let failed = 0; kept.length < limit - 1; failed += 1) {
    // `indexOf`, which looks at ten thousand in a few microseconds.
    for (let at = failures.indexOf(failed); at >= 0 && kept.length < limit - 1; at = failures.indexOf(failed, at + 1)) {
      if (at !== deciding) kept.push(at);
    }
  }
  return [...kept, ...(deciding === undefined ? [] : [deciding])].sort((one, other) => one - other);
}
