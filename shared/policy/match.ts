// One condition of a rule: a claim against the values the rule wants. Pure and total.
import { type Claims, readClaim, type ScalarClaim } from './claims.ts';
import type { ClaimMatch, WantedValue } from './compiled-policy.ts';
import type { Condition } from './condition.ts';
import { matchesGlob } from './glob.ts';
import { hintFor } from './hint.ts';

export interface MatchReading {
  /** Stands before the claim's path in the trace. */
  readonly prefix?: string;
  /** What a claim of another type than declared counts as: nothing an allow rule may rest on, all a deny rule needs. */
  readonly onDoubt?: boolean;
}

/** Evaluates one `match` entry; a missing claim never matches. */
export function evaluateMatch(
  match: ClaimMatch,
  claims: Claims,
  { prefix = '', onDoubt = false }: MatchReading = {},
): Condition {
  const { value: got, scalars, doubt } = readClaim(claims, match);
  const fitting = scalars.some((value) => match.anyOf.some((wanted) => fits(wanted, value)));
  const matched = fitting || (onDoubt && doubt !== undefined);
  const hint = fitting ? undefined : (doubt ?? hintFor(match, got));
  return {
    name: `${prefix}${match.path}`,
    wanted: match.anyOf.map((wanted) => ('glob' in wanted ? wanted.glob : wanted.equals)),
    got,
    matched,
    ...(hint !== undefined && { hint: matched ? `${hint}: doubt denies` : hint }),
  };
}

/** Whether a value is one that is wanted. */
export function fits(wanted: WantedValue, value: ScalarClaim): boolean {
  if ('equals' in wanted) return wanted.equals === value;
  return typeof value === 'string' && matchesGlob(wanted.glob, value);
}
