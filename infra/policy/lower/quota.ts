// A quota of a checked policy as the functions read it. Pure.
import type { Quota } from '../../../shared/policy/compiled-policy.ts';
import { parseRate } from '../schema/duration.ts';

/** Without `burst`, as many at once as the rate has in its unit. */
export function lowerQuota({ rate, burst }: { readonly rate: string; readonly burst?: number | undefined }): Quota {
  const { count, seconds } = parseRate(rate);
  return { count, seconds, burst: burst ?? count };
}
