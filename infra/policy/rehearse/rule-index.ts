// Rules by what they want of one claim: those that a token may fit are found without a look at the others. Pure.
import { type Claims, readClaim } from '../../../shared/policy/claims.ts';
import type { ClaimMatch, PolicyRule, WantedValue } from '../../../shared/policy/compiled-policy.ts';
import { groupBy } from '../../../shared/policy/group-by.ts';

/** The rules a token with these claims may fit; never fewer. */
export type RuleIndex<Rule> = (claims: Claims) => readonly Rule[];

/** Rules whose match writes a claim's values out, by the claim that tells most rules apart. */
export function indexRules<Rule extends PolicyRule>(rules: readonly Rule[]): RuleIndex<Rule> {
  const written = rules.flatMap(({ match }) => match.filter(isWrittenOut));
  const counts = new Map(
    [...groupBy(written, ({ path }) => path)].map(([path, matches]) => [
      path,
      new Set(matches.flatMap(({ anyOf }) => anyOf.map(wantedValue))).size,
    ]),
  );
  const telling = rules.map((rule) => ({ rule, match: mostTelling(rule, counts) }));
  const byClaim = groupBy(telling, ({ match }) => match && `${match.type} ${match.open ?? false} ${match.path}`);
  const indexes = [...byClaim.values()].map(indexByValue);
  return (claims) => indexes.flatMap((index) => index(claims));
}

interface Telling<Rule> {
  readonly rule: Rule;
  readonly match: ClaimMatch | undefined;
}

function mostTelling({ match }: PolicyRule, counts: ReadonlyMap<string, number>): ClaimMatch | undefined {
  const countOf = ({ path }: ClaimMatch): number => counts.get(path) ?? 0;
  return match.filter(isWrittenOut).sort((one, other) => countOf(other) - countOf(one))[0];
}

/** @param telling of one claim, or of none */
function indexByValue<Rule>(telling: readonly Telling<Rule>[]): RuleIndex<Rule> {
  const rules = telling.map(({ rule }) => rule);
  const claim = telling[0]?.match;
  if (claim === undefined) return () => rules;
  const valued = telling.flatMap(({ rule, match }) =>
    [...new Set(match?.anyOf.map(wantedValue))].map((value) => ({ value, rule })),
  );
  const byValue = groupBy(valued, ({ value }) => value);
  return (claims) => {
    const { scalars, doubt } = readClaim(claims, claim);
    // What is of another type may fire a denial whatever it wants.
    if (doubt !== undefined) return rules;
    return [...new Set(scalars.flatMap((value) => byValue.get(value)?.map(({ rule }) => rule) ?? []))];
  };
}

function isWrittenOut({ anyOf }: ClaimMatch): boolean {
  return anyOf.every((wanted) => 'equals' in wanted);
}

function wantedValue(wanted: WantedValue): unknown {
  return 'equals' in wanted ? wanted.equals : wanted.glob;
}
