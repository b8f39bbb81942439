// Rules by what they want of one claim: those that a token may fit are found without a look at the others. Pure.
import { type Claims, claimAt } from '../../../shared/policy/claims.ts';
import type { ClaimMatch, PolicyRule, WantedValue } from '../../../shared/policy/compiled-policy.ts';

/** The rules a token with these claims may fit; never fewer. */
export type RuleIndex<Rule> = (claims: Claims) => readonly Rule[];

/** Rules whose match writes a claim's values out, by the claim that tells most rules apart. */
export function indexRules<Rule extends PolicyRule>(rules: readonly Rule[]): RuleIndex<Rule> {
  const counts = new Map<string, Set<unknown>>();
  for (const { match } of rules) {
    for (const each of match.filter(isWrittenOut)) {
      const values = counts.get(each.path) ?? new Set();
      counts.set(each.path, values);
      for (const wanted of each.anyOf) values.add(wantedValue(wanted));
    }
  }
  const byPath = groupBy(rules, ({ match }) => mostTelling(match, counts));
  const indexes = [...byPath].map(([path, ofPath]) => (path === undefined ? () => ofPath : indexBy(path, ofPath)));
  return (claims) => indexes.flatMap((index) => index(claims));
}

function mostTelling(match: readonly ClaimMatch[], counts: ReadonlyMap<string, Set<unknown>>): string | undefined {
  const paths = match.filter(isWrittenOut).map(({ path }) => path);
  return paths.sort((one, other) => (counts.get(other)?.size ?? 0) - (counts.get(one)?.size ?? 0))[0];
}

function indexBy<Rule extends PolicyRule>(path: string, rules: readonly Rule[]): RuleIndex<Rule> {
  const valued = rules.flatMap((rule) => {
    const wanted = rule.match.find((match) => match.path === path)?.anyOf ?? [];
    return wanted.map((each) => ({ value: wantedValue(each), rule }));
  });
  const byValue = groupBy(valued, ({ value }) => value);
  return (claims) => {
    const got = claimAt(claims, path);
    if (got === undefined || got === null) return [];
    const values: readonly unknown[] = [got].flat();
    // What is of another type may fire a denial whatever it wants.
    if (values.some((value) => typeof value === 'object')) return rules;
    return [...new Set(values.flatMap((value) => byValue.get(value)?.map(({ rule }) => rule) ?? []))];
  };
}

function isWrittenOut({ anyOf }: ClaimMatch): boolean {
  return anyOf.every((wanted) => 'equals' in wanted);
}

function wantedValue(wanted: WantedValue): unknown {
  return 'equals' in wanted ? wanted.equals : wanted.glob;
}

/** `Map.groupBy`, which Node 20 does not have. */
export function groupBy<T, Key>(items: readonly T[], keyOf: (item: T) => Key): ReadonlyMap<Key, readonly T[]> {
  const groups = new Map<Key, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
