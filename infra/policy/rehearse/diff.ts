// Who gains and who loses what between two policies, each with a witness. What cannot be told is told as such: a rule that no
// rule before surely covered, and for which nobody was found who gains. Pure.

import type { PolicyArtifact, PolicyRule } from '../../../shared/policy/compiled-policy.ts';
import { groupBy } from '../../../shared/policy/group-by.ts';
import { isOwnIssuer, mayUse } from '../../../shared/policy/tenant.ts';
import { areDisjoint, coversRule } from './covers.ts';
import { grantsAllOf, moreThan, same } from './grant-differences.ts';
import { grantsByTarget, pathsTo, type RulePath } from './paths.ts';
import { probesOf } from './probes.ts';
import { showWay } from './reach.ts';
import { createReplay } from './replay-way.ts';
import { type Change, trustChanges } from './trust-changes.ts';
import { createWays, type Way } from './ways.ts';
import { type Allow, createWorld, targetOf, type World } from './world.ts';

export interface PolicyDiff {
  readonly gains: readonly Change[];
  readonly loses: readonly Change[];
  /** What nobody was found to gain by, nor shown that nobody does. */
  readonly undecided: readonly string[];
}

/** @param now epoch seconds */
export function diffPolicies(before: PolicyArtifact, after: PolicyArtifact, now: number): PolicyDiff {
  const worlds = [createWorld(before, now), createWorld(after, now)] as const;
  const { changes: gains, undecided } = gainsBetween(worlds[0], worlds[1]);
  const { changes: loses } = gainsBetween(worlds[1], worlds[0]);
  return { gains, loses, undecided };
}

interface Gains {
  readonly changes: readonly Change[];
  readonly undecided: readonly string[];
}

const mostPaths = 2_000;
const mostWitnesses = 20;
/** Tokens that are tried for one path. */
const mostProbes = 400;

function gainsBetween(before: World, after: World): Gains {
  const unsure = new Set(unsureRules(before, after));
  const changes = new Map<string, Change>();
  const settled = new Set<Allow>();
  const undecided = new Set<string>();
  const find = createFinder(before, after);
  const targets = [...grantsByTarget(after.policy).keys()];
  for (const target of unsure.size > 0 ? targets : []) {
    const { paths, truncated } = pathsTo(after.policy, target, mostPaths, (path) =>
      path.some((rule) => unsure.has(rule)),
    );
    if (truncated) undecided.add(`${target}: there are more ways than were looked at`);
    for (const path of paths) {
      const found = find(path);
      for (const change of found.changes)
        changes.set(`${change.who} ${change.what}`, changes.get(`${change.who} ${change.what}`) ?? change);
      if (found.changes.length > 0) for (const rule of path) settled.add(rule);
      for (const each of found.undecided) undecided.add(each);
    }
  }
  for (const rule of unsure) {
    if (!settled.has(rule)) undecided.add(`rule ${JSON.stringify(rule.id)}: nobody was found who gains by it`);
  }
  const trust = trustChanges(before.policy, after.policy).map((change) => ({
    ...change,
    ...witnessOf(after, change.who),
  }));
  return { changes: [...changes.values(), ...trust], undecided: [...undecided] };
}

/** Some way by an issuer or a client, where there is one. */
function witnessOf(world: World, who: string): Pick<Change, 'way'> {
  const client = who.startsWith('client ') ? who.slice('client '.length) : undefined;
  const findWay = createWays(world, (_, names) =>
    [...names].sort((a, b) => Number(b === client) - Number(a === client)),
  );
  const isOf = ({ from, client: named }: Allow) =>
    client === undefined ? from === who : [named ?? []].flat().some((name) => name === 'any' || name === client);
  const rules = world.policy.rules.filter((rule): rule is Allow => 'grant' in rule && isOf(rule));
  for (const rule of rules.slice(0, mostWitnesses)) {
    for (const path of pathsTo(world.policy, targetOf(rule), mostWitnesses, (each) => each.at(-1) === rule).paths) {
      const way = findWay(path);
      if (way && way.undecided.length === 0) return { way: showWay(world, way) };
    }
  }
  return {};
}

type Find = (path: RulePath) => Gains;

/** Prepares both policies: who gains by a path of the later one. */
function createFinder(before: World, after: World): Find {
  const known = new Set(
    before.policy.rules.flatMap(({ from, client }) => [client ?? []].flat().map((name) => `${from} ${name}`)),
  );
  // New clients first: those are who may gain.
  const order = ({ from }: Allow, names: readonly string[]) =>
    [...names].sort((a, b) => Number(known.has(`${from} ${a}`)) - Number(known.has(`${from} ${b}`)));
  const findWay = createWays(after, order);
  const replay = createReplay(before);
  return (path) => {
    const changes: Change[] = [];
    const undecided: string[] = [];
    let left = mostProbes;
    for (const settled of probesOf([after, before], path)) {
      left -= 1;
      if (left < 0) break;
      const way = findWay(path, settled);
      if (!way) continue;
      if (way.undecided.length > 0) {
        // A value that a condition does not let a token have says nothing of the others.
        if (settled.size > 0) continue;
        undecided.push(...way.undecided);
        break;
      }
      changes.push(...changesOf(way, replay, after));
      if (changes.length > 0) break;
    }
    return { changes, undecided };
  };
}

function changesOf(way: Way, replay: ReturnType<typeof createReplay>, after: World): readonly Change[] {
  const last = way.hops.at(-1);
  if (!last) return [];
  const target = targetOf(last.rule);
  const who = way.hops[0]?.rule.from ?? '';
  const before = replay(way.hops);
  if (!before) return [{ who, what: target, way: showWay(after, way) }];
  const now = { policy: after.policy, rule: last.rule, claims: last.request.subject.claims, granted: last.granted };
  return moreThan(before, now).map((more) => ({ who, what: `${target}: ${more}`, way: showWay(after, way) }));
}

/** Rules by which somebody may gain: all but those of which the earlier policy surely grants as much to everybody they fit. */
function unsureRules(before: World, after: World): readonly Allow[] {
  const places = { before: placesOf(before.policy), after: placesOf(after.policy) };
  const displaced = displacedRules(before.policy, places.after);
  const allows = after.policy.rules.filter((rule): rule is Allow => 'grant' in rule);
  return allows.filter((rule) => {
    if (!sameParties(before.policy, after.policy, rule)) return true;
    const earlier = grantsByTarget(before.policy).get(targetOf(rule)) ?? [];
    const content = contentOf(rule);
    const twin = places.before.has(content);
    const wider = twin ? undefined : earlier.find((each) => coversRule(each, rule) && grantsAllOf(each, rule));
    if (!twin && !wider) return true;
    const lifted = before
      .allDenials(rule.from, targetOf(rule))
      .some((denial) => !isKept(denial, rule, after, places.after));
    if (lifted) return true;
    const index = places.after.get(content) ?? 0;
    const stoodBefore = wider ? earlier.slice(0, earlier.indexOf(wider)) : (displaced.get(targetOf(rule)) ?? []);
    const overtaken = stoodBefore.filter(
      (each) => (places.after.get(contentOf(each)) ?? Number.POSITIVE_INFINITY) > index,
    );
    return overtaken.some((each) => each.from === rule.from && !areDisjoint(each, rule) && !grantsAllOf(each, rule));
  });
}

/** Where a rule of this content stands, whatever its id; the first of several. */
type Places = ReadonlyMap<string, number>;

function placesOf({ rules }: PolicyArtifact): Places {
  return new Map(rules.map((rule, index) => [contentOf(rule), index] as const).reverse());
}

function contentOf({ id: _, ...content }: PolicyRule): string {
  return JSON.stringify(content);
}

/** Allow rules of the earlier policy that are gone, or stand behind rules that they stood before; by target. */
function displacedRules({ rules }: PolicyArtifact, now: Places): ReadonlyMap<string, readonly Allow[]> {
  let last = Number.POSITIVE_INFINITY;
  const displaced: Allow[] = [];
  for (const rule of [...rules].reverse()) {
    if (!('grant' in rule)) continue;
    const index = now.get(contentOf(rule));
    if (index === undefined || index > last) displaced.push(rule);
    else last = index;
  }
  return groupBy(displaced, targetOf);
}

/** What a deny rule took of a rule is still taken. */
function isKept(denial: PolicyRule, rule: Allow, after: World, now: Places): boolean {
  if (now.has(contentOf(denial)) || areDisjoint(denial, rule)) return true;
  return after.allDenials(rule.from, targetOf(rule)).some((other) => coversRule(other, denial));
}

/** Whether tokens, clients and target of a rule mean the same in both policies. */
function sameParties(before: PolicyArtifact, after: PolicyArtifact, rule: Allow): boolean {
  const target = targetOf(rule);
  const issuers = [rule.from, ...(rule.actor ? [rule.actor.from] : [])].filter((name) => !isOwnIssuer(name));
  const clients =
    rule.client === 'any' ? Object.keys(after.clients).filter((name) => mayUse(name, rule)) : (rule.client ?? []);
  return (
    issuers.every((name) => isSameIssuer(before.issuers[name], after.issuers[name])) &&
    same(givenBy(before, target), givenBy(after, target)) &&
    clients.every((name) => Object.hasOwn(before.clients, name))
  );
}

/** What of a target makes a difference to who has it; lifetimes and scopes are the rules'. */
function givenBy({ audiences, roles }: PolicyArtifact, target: string): unknown {
  const { resource, format, ...rest } = { ...audiences[target] };
  const { arn, revocable } = { ...roles[target] };
  return { resource, format, arn, revocable, binding: 'binding' in rest ? rest.binding : undefined };
}

type Issuer = PolicyArtifact['issuers'][string] | undefined;

/** What its tokens are and whom they name; how they are verified is told apart from that. */
function isSameIssuer(before: Issuer, after: Issuer): boolean {
  if (!before || !after) return false;
  const said = ({ url, audiences, claims, profile, subject }: NonNullable<Issuer>) => ({
    url,
    audiences,
    claims,
    profile,
    subject,
  });
  return same(said(before), said(after));
}
