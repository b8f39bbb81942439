// Which rules could take all that another matches: those of its issuer and target with a pattern that begins as its value does.
// Found without trying every rule against every other. Pure.
import type { Entry } from '../schema/merge.ts';
import type { MatchEntry, RuleEntry } from '../schema/schema.ts';

type Rule = Pick<Entry<RuleEntry>, 'value'>;

/** Of a rule, the positions of others that could take all it matches, ascending; of those left out none can. */
export type Candidates = (rule: Rule) => readonly number[];

/** What a pattern begins with, up to its first star; a pattern without one is whole. */
interface Head {
  readonly path: string;
  readonly text: string;
  readonly isWhole: boolean;
}

interface KeyedHead extends Head {
  readonly key: string;
}

/** Of a rule without conditions. */
const noHead: Head = { path: '', text: '', isWhole: false };

export function shadowIndex(rules: readonly Rule[]): Candidates {
  const conditions = rules.map(({ value }) => headsOf(value));
  const shares = countKeys(conditions);
  const all = new Set(rules.map(({ value }) => partnersOf(value)));
  const positions = new Map<string, number[]>();
  const lengths = new Map<string, Set<number>>();
  const commonest = (heads: readonly KeyedHead[]) => Math.max(...heads.map(({ key }) => shares.get(key) ?? 0));
  for (const [at, { value }] of rules.entries()) {
    // Each of its conditions has to fit before a rule takes another: the one that the fewest rules share finds it.
    const [rarest = [keyed(partnersOf(value), noHead)]] = (conditions[at] ?? []).toSorted(
      (a, b) => commonest(a) - commonest(b),
    );
    for (const { key, isWhole, path, text } of rarest) {
      positions.set(key, positions.get(key) ?? []);
      positions.get(key)?.push(at);
      if (!isWhole) lengths.set(path, (lengths.get(path) ?? new Set()).add(text.length));
    }
  }
  return ({ value }) => {
    const heads = firstValues(value).flatMap(({ path, text }) => [
      { path, text, isWhole: true },
      ...[...(lengths.get(path) ?? [])]
        .filter((length) => length <= text.length)
        .map((length) => ({ path, text: text.slice(0, length), isWhole: false })),
    ]);
    const partners = [partnersOf(value), partnersOf({ from: value.from, deny: true })].filter((each) => all.has(each));
    const found = partners.flatMap((each) =>
      [noHead, ...heads].flatMap((head) => positions.get(keyOf(each, head)) ?? []),
    );
    return [...new Set(found)].sort((a, b) => a - b);
  };
}

function countKeys(conditions: readonly (readonly (readonly KeyedHead[])[])[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { key } of conditions.flat(2)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Of each condition, what its patterns begin with. */
function headsOf(rule: Rule['value']): readonly (readonly KeyedHead[])[] {
  const partners = partnersOf(rule);
  return entriesOf(rule.match ?? {}).map(([path, patterns]) =>
    patterns.map((pattern) => {
      const [text = '', ...rest] = String(pattern).split('*');
      return keyed(partners, { path, text, isWhole: rest.length === 0 });
    }),
  );
}

/** A rule that takes another takes all the values of each condition, and so the first. */
function firstValues({ match = {} }: Pick<RuleEntry, 'match'>): readonly Omit<Head, 'isWhole'>[] {
  return entriesOf(match).map(([path, [value]]) => ({ path, text: String(value) }));
}

function entriesOf(match: MatchEntry) {
  return Object.entries(match).map(([path, wanted]) => [path, [wanted].flat()] as const);
}

function keyed(partners: string, head: Head): KeyedHead {
  return { ...head, key: keyOf(partners, head) };
}

/** Issuer and target of a rule; no target of one that denies all of them. */
function partnersOf({ from, grant, deny }: Pick<RuleEntry, 'from' | 'grant' | 'deny'>): string {
  const target = deny === true ? undefined : (deny ?? grant);
  return `${from} ${target?.audience} ${target?.role}`;
}

/** Two heads of one key are tried for nothing, no more: each candidate is compared with the rule itself. */
function keyOf(partners: string, { path, text, isWhole }: Head): string {
  return `${partners} ${isWhole} ${path} ${text}`;
}
