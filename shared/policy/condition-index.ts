// Which of many rules fit, and how far the others are from it, without a look at each of them: a condition is evaluated once
// for all rules that have it, and is found by the value that it wants. What it decides is what evaluate-rule.ts says. Pure.
import { type Claims, readClaim, type ScalarClaim } from './claims.ts';
import type { ClaimMatch, PolicyRule, WantedValue } from './compiled-policy.ts';
import { fits } from './match.ts';
import type { PolicyQuestion } from './question.ts';
import { tenantOf } from './tenant.ts';

/**
 * Counts, of each rule in turn, the conditions that fail. Expressions are not evaluated: where another condition fails, they
 * fail too, and a count of 0 says no more than that they are needed. The counts are the caller's until it counts again: an
 * array of its own for each of many rules would have the garbage collected at every tenth decision.
 */
export type CountFailures = (question: PolicyQuestion) => Uint16Array;

/** Finds the rules whose conditions hold, each as often as it has one. */
type FindHolding<Input> = (input: Input) => readonly (readonly number[])[];

const known = new WeakMap<readonly PolicyRule[], CountFailures>();

/** Indexed once for each list of rules. */
export function countFailures(rules: readonly PolicyRule[]): CountFailures {
  const count = known.get(rules) ?? indexConditions(rules);
  known.set(rules, count);
  return count;
}

function indexConditions(rules: readonly PolicyRule[]): CountFailures {
  const all = Uint16Array.from(rules, ({ client, match, actor }) => {
    return (client === undefined ? 0 : 1) + match.length + (actor ? 1 : 0);
  });
  const clients = indexClients(rules);
  const subjects = indexMatches(rules.map((rule) => ({ match: rule.match, onDoubt: 'deny' in rule })));
  const actors = indexActors(rules);
  const whens = rules.flatMap(({ when = [] }, at) => (when.length > 0 ? [{ at, count: when.length }] : []));
  const failing = new Uint16Array(all.length);
  const add = (positions: readonly number[], count: number): void => {
    for (let n = 0; n < positions.length; n += 1) {
      const at = positions[n] ?? 0;
      failing[at] = (failing[at] ?? 0) + count;
    }
  };
  // What most rules want, most questions have: the counts with those conditions off are kept until a question has others.
  let usual: readonly (readonly number[])[] = [];
  let usually = all;
  const isUsual = (held: readonly number[]): boolean => held.length * 2 > all.length;
  return (question) => {
    const holding = [...clients.holding(question.client), ...subjects(question.claims)];
    const most = holding.filter(isUsual);
    if (most.length === usual.length && most.every((held, n) => held === usual[n])) {
      failing.set(usually);
    } else {
      failing.set(all);
      for (const held of most) add(held, -1);
      [usual, usually] = [most, failing.slice()];
    }
    for (const held of holding) if (!isUsual(held)) add(held, -1);
    for (const kept of clients.closed(question.client)) add(kept, 1);
    if (question.actor) actors(question.actor, add);
    for (const { at, count } of whens) if (failing[at] !== 0) add([at], count);
    return failing;
  };
}

/** Of rules that grant to `any` or to everybody, another tenant's clients are told apart by {@link mayUse}. */
function indexClients(rules: readonly PolicyRule[]) {
  const byName = new Map<string, number[]>();
  const anyDenying: number[] = [];
  const anyOf = new Map<string, number[]>();
  const openOf = new Map<string, number[]>();
  for (const [at, rule] of rules.entries()) {
    const { client, id } = rule;
    const denies = 'deny' in rule;
    if (client === 'any' && denies) anyDenying.push(at);
    else if (client === 'any') push(anyOf, tenantOf(id), at);
    else if (client === undefined && !denies) push(openOf, tenantOf(id), at);
    else for (const name of new Set(client)) push(byName, name, at);
  }
  return {
    holding: (client: string) => [
      byName.get(client) ?? [],
      ...(client === '' ? [] : [anyDenying, anyOf.get(tenantOf(client)) ?? []]),
    ],
    /** Rules that name no client and are closed to this one. */
    closed: (client: string) =>
      client === '' ? [] : [...openOf].flatMap(([tenant, at]) => (tenant === tenantOf(client) ? [] : [at])),
  };
}

/** Of rules that speak of an actor the conditions on its claims count only where its issuer is the one they want. */
function indexActors(rules: readonly PolicyRule[]) {
  const silent = rules.flatMap((rule, at) => ('deny' in rule || rule.actor ? [] : [at]));
  const byIssuer = new Map<string, number[]>();
  for (const [at, { actor }] of rules.entries()) if (actor) push(byIssuer, actor.from, at);
  const indexes = new Map(
    [...byIssuer].map(([issuer, positions]) => {
      const wanted = new Set(positions);
      const matches = rules.map((rule, at) => ({
        match: (wanted.has(at) && rule.actor?.match) || [],
        onDoubt: 'deny' in rule,
      }));
      const extra = positions.map((at) => ({ at, count: (matches[at]?.match.length ?? 0) - 1 }));
      return [issuer, { extra, claims: indexMatches(matches) }] as const;
    }),
  );
  return (
    { issuer, claims }: { issuer: string; claims: Claims },
    add: (at: readonly number[], count: number) => void,
  ) => {
    add(silent, 1);
    const index = indexes.get(issuer);
    for (const { at, count } of index?.extra ?? []) add([at], count);
    for (const held of index?.claims(claims) ?? []) add(held, -1);
  };
}

/** One condition, and the places of the rules that have it. */
interface Condition {
  readonly match: ClaimMatch;
  readonly rules: number[];
}

/** The conditions on one claim, read in one way. */
interface ClaimConditions {
  readonly claim: Pick<ClaimMatch, 'path' | 'type' | 'open'>;
  readonly byValue: Map<ScalarClaim, Condition[]>;
  /** Patterns, by the text before their first star. */
  readonly byHead: Map<string, Condition[]>;
  /** Of deny rules, which hold where the claim is in doubt. */
  readonly denying: Condition[];
}

interface Matches {
  readonly match: readonly ClaimMatch[];
  readonly onDoubt: boolean;
}

function indexMatches(rules: readonly Matches[]): FindHolding<Claims> {
  const conditions = new Map<string, Condition>();
  const claims = new Map<string, ClaimConditions>();
  for (const [at, { match, onDoubt }] of rules.entries()) {
    for (const one of match) {
      const key = JSON.stringify([one.path, one.type, one.open, one.anyOf, onDoubt]);
      const condition = conditions.get(key) ?? { match: one, rules: [] };
      if (condition.rules.push(at) > 1) continue;
      conditions.set(key, condition);
      file(condition, onDoubt, claimConditions(claims, one));
    }
  }
  const indexes = [...claims.values()].map((index) => ({ ...index, heads: lengthsOf(index.byHead) }));
  return (presented) => indexes.flatMap((index) => [...holding(index, presented)].map(({ rules: having }) => having));
}

function claimConditions(claims: Map<string, ClaimConditions>, { path, type, open }: ClaimMatch): ClaimConditions {
  const key = JSON.stringify([path, type, open]);
  const claim = { path, type, ...(open && { open }) };
  const index = claims.get(key) ?? { claim, byValue: new Map(), byHead: new Map(), denying: [] };
  claims.set(key, index);
  return index;
}

function file(condition: Condition, onDoubt: boolean, { byValue, byHead, denying }: ClaimConditions): void {
  if (onDoubt) denying.push(condition);
  for (const wanted of condition.match.anyOf) {
    if ('equals' in wanted) push(byValue, wanted.equals, condition);
    else push(byHead, headOf(wanted), condition);
  }
}

function headOf({ glob }: Extract<WantedValue, { readonly glob: string }>): string {
  const star = glob.indexOf('*');
  return star < 0 ? glob : glob.slice(0, star);
}

function lengthsOf(byHead: ReadonlyMap<string, unknown>): readonly number[] {
  return [...new Set([...byHead.keys()].map(({ length }) => length))];
}

function holding(
  { claim, byValue, byHead, heads, denying }: ClaimConditions & { readonly heads: readonly number[] },
  claims: Claims,
): ReadonlySet<Condition> {
  const { scalars, doubt } = readClaim(claims, claim);
  const held = new Set(doubt === undefined ? [] : denying);
  for (const value of scalars) {
    for (const condition of byValue.get(value) ?? []) held.add(condition);
    if (typeof value !== 'string') continue;
    for (const length of heads) {
      for (const condition of byHead.get(value.slice(0, length)) ?? []) {
        if (!held.has(condition) && condition.match.anyOf.some((wanted) => fits(wanted, value))) held.add(condition);
      }
    }
  }
  return held;
}

function push<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
