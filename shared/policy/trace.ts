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
  let { most, room } = cutOff(failures, deciding, limit);
  const kept: number[] = [];
  for (let place = 0; place < failures.length && kept.length < limit - 1; place += 1) {
    const failed = failures[place] ?? 0;
    if (place === deciding || failed > most || (failed === most && room === 0)) continue;
    if (failed === most) room -= 1;
    kept.push(place);
  }
  return deciding === undefined ? kept : [...kept, deciding].sort((one, other) => one - other);
}

/** Beside the one that decided there is room for all rules with fewer failures than `most`, and `room` of those with as many. */
function cutOff(failures: Uint16Array, deciding: number | undefined, limit: number) {
  const counts = [0];
  // By place: iterating typed arrays allocates an object for each element.
  for (let place = 0; place < failures.length; place += 1) {
    const failed = failures[place] ?? 0;
    while (failed >= counts.length) counts.push(0);
    counts[failed] = (counts[failed] ?? 0) + 1;
  }
  if (deciding !== undefined) counts[failures[deciding] ?? 0] = (counts[failures[deciding] ?? 0] ?? 0) - 1;
  let most = 0;
  let room = limit - 1;
  for (; room > (counts[most] ?? 0); most += 1) room -= counts[most] ?? 0;
  return { most, room };
}
