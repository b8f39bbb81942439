// One condition of a rule: a claim against the values the rule wants. Pure and total.
import { type Claims, claimAt, type ScalarClaim, scalarsOf } from './claims.ts';
import type { ClaimMatch, WantedValue } from './compiled-policy.ts';
import { matchesGlob } from './glob.ts';

/** A condition as evaluated. `got` is undefined when the claim is missing. */
export interface Condition {
  readonly name: string;
  readonly wanted: readonly (string | number | boolean)[];
  readonly got: unknown;
  readonly matched: boolean;
}

/** Evaluates one `match` entry; a missing claim, or one of another type, never matches. */
export function evaluateMatch(match: ClaimMatch, claims: Claims): Condition {
  const got = claimAt(claims, match.path);
  const values = scalarsOf(got, match.type, match.path);
  return {
    name: match.path,
    wanted: match.anyOf.map((wanted) => ('glob' in wanted ? wanted.glob : wanted.equals)),
    got,
    matched: values.some((value) => match.anyOf.some((wanted) => fits(wanted, value))),
  };
}

function fits(wanted: WantedValue, value: ScalarClaim): boolean {
  if ('equals' in wanted) return wanted.equals === value;
  return typeof value === 'string' && matchesGlob(wanted.glob, value);
}
