// What a record hides of a token's claims, tried against what the policy wants: the salted hash of a wanted value tells
// whether the claim had it. Pure.
import { type Claims, claimAt } from '../../shared/policy/claims.ts';
import type { ClaimMatch, PolicyRule } from '../../shared/policy/compiled-policy.ts';
import { hashClaim } from '../../shared/policy/recorded-claims.ts';
import type { RecordedToken } from './recorded-decision.ts';

/** An expression that uses the whole map, or a name it computes: `claims.exists(…)`, `size(claims)`, `claims[x]`. */
const seesAll = /\b(?:claims|actor)\b(?!\s*(?:\.\s*\w+\b(?!\s*\()|\[\s*(?:"[^"]*"|'[^']*')\s*\]))/;

export interface GuessedClaims {
  readonly claims: Claims;
  /** Whether the outcome of a match hangs on something the record does not say. */
  readonly isUnknown: (match: ClaimMatch) => boolean;
  /** Whether an expression may look at something the record does not say. */
  readonly mayBeSeenBy: (expression: string) => boolean;
}

/**
 * @param role whose `match` of the rules is about this token
 * @param salt the decision's id
 */
export function guessClaims(
  token: RecordedToken,
  rules: readonly PolicyRule[],
  role: 'subject' | 'actor',
  salt: string,
): GuessedClaims {
  const matches = rules.flatMap((rule) => (role === 'subject' ? rule.match : (rule.actor?.match ?? [])));
  const found = Object.entries(token.hashed).flatMap(([path, hash]): [string, unknown][] => {
    const wanted = matches.filter((match) => match.path === path).flatMap(({ anyOf }) => anyOf);
    const values = wanted.flatMap((each) => ('equals' in each ? [each.equals] : []));
    const hits = values.filter((value) => [hash].flat().includes(String(hashClaim(value, path, salt))));
    if (Array.isArray(hash)) return [[path, [...new Set(hits)]]];
    return hits.length > 0 ? [[path, hits[0]]] : [];
  });
  const hidden = [...Object.keys(token.hashed), ...token.omitted];
  return {
    claims: { ...token.claims, ...Object.fromEntries(found) },
    isUnknown: ({ path, anyOf }) =>
      touches(hidden, path, token.claims) &&
      !(Object.hasOwn(token.hashed, path) && anyOf.every((each) => 'equals' in each)),
    mayBeSeenBy: (expression) =>
      hidden.length > 0 &&
      (seesAll.test(expression) || hidden.some((path) => path === '*' || expression.includes(lastOf(path)))),
  };
}

/** Whether a path is one of the hidden, or lies above or below one; `*` hides whatever the record does not show. */
function touches(hidden: readonly string[], path: string, shown: Claims): boolean {
  if (hidden.includes('*') && claimAt(shown, path) === undefined) return true;
  return hidden.some((each) => each === path || path.startsWith(`${each}.`) || each.startsWith(`${path}.`));
}

function lastOf(path: string): string {
  return path.split('.').at(-1) ?? path;
}
