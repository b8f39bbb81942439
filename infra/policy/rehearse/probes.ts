// Values of a token by which two policies may tell it differently: those that either wants, and others. Pure.
import { claimAt } from '../../../shared/policy/claims.ts';
import type { PolicyRule } from '../../../shared/policy/compiled-policy.ts';
import { slotsOf } from './admission.ts';
import { anyHolder, type Holder } from './holder.ts';
import type { RulePath } from './paths.ts';
import { concreteValues, isPossible, keyOf, type Settled, type Slot, tokenOf, type WitnessSearch } from './witness.ts';
import { targetOf, type World } from './world.ts';

/** It fits no pattern that was not made for everybody. */
const oddHolder: Holder = { has: {}, canHave: () => true, fillers: ['another', '98765'] };

const mostValues = 12;
const mostRules = 200;

/**
 * Settled values to try a path with, the plain token first.
 * @param worlds the policy of the path, then the other
 */
export function* probesOf(worlds: readonly [World, World], path: RulePath): Generator<Settled> {
  const [world] = worlds;
  const [first] = path;
  const rules = worlds.flatMap((each) => rulesBeside(each, path));
  const search = plainSearch(world, path);
  const slots = distinctSlots(rules.flatMap((rule) => slotsOf(world, rule)));
  const valued = slots.map((slot) => ({ slot, values: valuesOf(slot, rules, search, world) }));
  yield new Map();
  const [here, there] = worlds.map(({ policy }) => policy.issuers[first.from]?.audiences ?? []);
  for (const aud of here ?? []) if (!there?.includes(aud)) yield new Map([['claims:aud', aud]]);
  const odd = oddTokens(valued, first, search, world);
  yield* odd;
  for (const base of [new Map<string, unknown>(), ...odd]) {
    for (const { slot, values } of valued) {
      for (const value of values) yield new Map([...base, [keyOf(slot), value]]);
    }
    for (const denial of rules.filter((rule) => 'deny' in rule)) yield new Map([...base, ...wantedBy(denial, search)]);
  }
}

/** Rules of a policy about the tokens and targets of a path. */
function rulesBeside({ policy }: World, path: RulePath): readonly PolicyRule[] {
  const [first] = path;
  const targets = path.map(targetOf);
  const beside = policy.rules.filter((rule) => {
    if (rule.from !== first.from) return false;
    if ('grant' in rule) return targets.includes(targetOf(rule));
    return rule.deny === 'any' || targets.includes('role' in rule.deny ? rule.deny.role : rule.deny.audience);
  });
  return [first, ...beside].slice(0, mostRules);
}

function plainSearch(world: World, [first]: RulePath): WitnessSearch {
  const asked = { audiences: [targetOf(first)], resources: [], scope: undefined, now: world.now };
  return {
    base: {
      subject: tokenOf(world, first.from, anyHolder),
      actor: first.actor && tokenOf(world, first.actor.from, anyHolder),
      client: '',
      ...asked,
    },
    ...{ rule: first, target: targetOf(first), subject: anyHolder, actor: anyHolder },
  };
}

function distinctSlots(slots: readonly Slot[]): readonly Slot[] {
  return [...new Map(slots.map((slot) => [keyOf(slot), slot])).values()];
}

function valuesOf(slot: Slot, rules: readonly PolicyRule[], search: WitnessSearch, world: World): readonly unknown[] {
  const { base } = search;
  const claims = slot.variable === 'actor' ? base.actor?.claims : base.subject.claims;
  const now = claimAt(claims ?? {}, slot.path);
  const wanted = rules.flatMap(({ match, actor }) =>
    (slot.variable === 'actor' ? (actor?.match ?? []) : match)
      .filter(({ path }) => path === slot.path)
      .flatMap((each) => [...concreteValues(each, undefined, oddHolder)]),
  );
  const compared = rules.flatMap(({ when = [] }) =>
    when.flatMap(({ expression }): readonly unknown[] => {
      const { reads, strings, numbers } = world.factsOf(expression);
      if (!reads.some((read) => keyOf(read) === keyOf(slot))) return [];
      const listed = Array.isArray(now) ? strings.map((text) => [text]) : strings;
      if (typeof now !== 'number') return listed;
      const near = numbers.flatMap((number) => [number, number - 1, number + 1]);
      // `now - claims.auth_time < 300`: what is compared is how long ago, or how far ahead.
      const isTime = reads.some(({ variable }) => variable === 'now');
      return isTime ? near.flatMap((number) => [base.now - number, base.now + number]) : near;
    }),
  );
  const values = [oddValue(now), ...wanted, ...compared, undefined];
  const distinct = new Map(values.map((value) => [JSON.stringify(value) ?? 'absent', value]));
  return [...distinct.values()].filter((value) => isPossible(slot, value, search)).slice(0, mostValues);
}

function oddValue(now: unknown): unknown {
  if (typeof now === 'number') return 98_765;
  if (typeof now === 'boolean') return !now;
  return Array.isArray(now) ? ['another'] : 'another';
}

interface Valued {
  readonly slot: Slot;
  readonly values: readonly unknown[];
}

/** Tokens with nothing that nobody asks for: every claim the rule leaves open is another, or is not there. */
function oddTokens(
  valued: readonly Valued[],
  { when = [] }: RulePath[0],
  { base }: WitnessSearch,
  world: World,
): readonly Settled[] {
  const read = new Set(when.flatMap(({ expression }) => world.factsOf(expression).reads.map(keyOf)));
  const open = valued.filter(({ slot }) => !read.has(keyOf(slot)));
  const odd = open.flatMap(({ slot, values }) => (values.length > 0 ? [[keyOf(slot), values[0]] as const] : []));
  const bare = open.flatMap(({ slot, values }) =>
    values.includes(undefined) ? [[keyOf(slot), undefined] as const] : [],
  );
  const carried = bare.filter(([key]) => claimAt(base.subject.claims, key.slice(key.indexOf(':') + 1)) !== undefined);
  return [odd, carried].filter((settled) => settled.length > 0).map((settled) => new Map<string, unknown>(settled));
}

/** What a deny rule wants, where the rule lets a token have it. */
function wantedBy({ match }: PolicyRule, search: WitnessSearch): readonly (readonly [string, unknown])[] {
  return match.flatMap((each) => {
    const slot = { variable: 'claims', path: each.path } as const;
    const value = [...concreteValues(each, undefined, anyHolder)].find((wanted) => isPossible(slot, wanted, search));
    return value === undefined ? [] : [[keyOf(slot), value] as const];
  });
}
