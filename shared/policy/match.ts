// One condition of a rule: a claim against the values the rule wants. Pure and total.
import { type Claims, claimAt, type ScalarClaim, scalarsOf } from './claims.ts';
import type { ClaimMatch, WantedValue } from './compiled-policy.ts';
import type { Condition } from './condition.ts';
import { matchesGlob } from './glob.ts';
import { hintFor } from './hint.ts';

/**
 * Evaluates one `match` entry; a missing claim, or one of another type, never matches.
 * @param prefix stands before the claim's path in the trace
 */
export function evaluateMatch(match: ClaimMatch, claims: Claims, prefix = ''): Condition {
  const got = claimAt(claims, match.path);
  const values = scalarsOf(got, match.type, match.path);
  const matched = values.some((value) => match.anyOf.some((wanted) => fits(wanted, value)));
  const hint = matched ? undefined : hintFor(match, got);
  return {
    name: `${prefix}${match.path}`,
    wanted: match.anyOf.map((wanted) => ('glob' in wanted ? wanted.glob : wanted.equals)),
    got,
    matched,
    ...(hint !== undefined && { hint }),
  };
}

function fits(wanted: WantedValue, value: ScalarClaim): boolean {
  if ('equals' in wanted) return wanted.equals === value;
  return typeof value === 'string' && matchesGlob(wanted.glob, value);
}
