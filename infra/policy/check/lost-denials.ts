// Denials that a token escapes by a hop: what it is denied, its holder gets with our own token for another audience. Pure.

import type { ClaimMatch, DenyRule } from '../../../shared/policy/compiled-policy.ts';
import { evaluateRule } from '../../../shared/policy/evaluate-rule.ts';
import { groupBy } from '../../../shared/policy/group-by.ts';
import { isOwnIssuer } from '../../../shared/policy/tenant.ts';
import { slotsOf } from '../rehearse/admission.ts';
import { areDisjoint } from '../rehearse/covers.ts';
import { anyHolder } from '../rehearse/holder.ts';
import { grantsByTarget, pathsTo, type RulePath } from '../rehearse/paths.ts';
import { questionOf } from '../rehearse/rehearse.ts';
import { createWays, type Way } from '../rehearse/ways.ts';
import { keyOf, requestsFor, type Settled, tokenOf, valueAt } from '../rehearse/witness.ts';
import { type Allow, targetOf, type World } from '../rehearse/world.ts';
import type { MergedPolicy } from '../schema/merge.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, keyOf as keyPlace, warningAt } from '../source/place.ts';

/** Paths that are walked for one denial, of those that its match does not rule out. */
const mostWalked = 40;
const mostPaths = 20_000;

export function checkLostDenials(policy: MergedPolicy, world: World): readonly Diagnostic[] {
  const { rules } = world.policy;
  if (!rules.some((rule) => isOwnIssuer(rule.from) && 'grant' in rule)) return [];
  const findWay = createWays(world);
  const pathsFor = createCandidates(world);
  return rules.flatMap((rule, index) => {
    const entry = policy.rules[index];
    if (!entry || !isAboutTokens(rule)) return [];
    const target = deniedTarget(rule);
    const way = lostWay(world, { rule, target, paths: pathsFor(rule, target), findWay });
    return way ? [finding(rule, target, way, entry)] : [];
  });
}

type Denial = DenyRule & { readonly deny: Exclude<DenyRule['deny'], 'any'> };

/** A denial of one target to tokens of an issuer; where it names clients or actors, it is about those. */
function isAboutTokens(rule: World['policy']['rules'][number]): rule is Denial {
  if (!('deny' in rule) || rule.deny === 'any' || isOwnIssuer(rule.from)) return false;
  return rule.client === undefined && rule.actor === undefined;
}

function deniedTarget({ deny }: Denial): string {
  return 'role' in deny ? deny.role : deny.audience;
}

function finding(rule: Denial, target: string, { hops }: Way, { place }: MergedPolicy['rules'][number]): Diagnostic {
  const path = hops.map((hop) => `${quote(targetOf(hop.rule))} by rule ${quote(hop.rule.id)}`);
  const stops = hops.slice(0, -1).map((hop) => targetOf(hop.rule));
  const message = `rule ${quote(rule.id)} does not deny ${quote(target)} over ${stops.map(quote).join(', ')}: a token it denies gets ${path.join(', then ')}`;
  const last = hops.at(-1)?.rule.id;
  const hint = `deny it ${quote(stops[0])} too, or let rule ${quote(last)} match a claim that tells such tokens`;
  return warningAt(keyPlace(below(place, 'deny')), message, hint);
}

interface Lost {
  readonly rule: Denial;
  readonly target: string;
  readonly paths: readonly RulePath[];
  readonly findWay: ReturnType<typeof createWays>;
}

/** A way to the target that begins with a token that is denied it. */
function lostWay(world: World, { rule, target, paths, findWay }: Lost): Way | undefined {
  for (const path of paths.filter(([first]) => !areDisjoint(first, rule)).slice(0, mostWalked)) {
    const settled = deniedToken(world, rule, path[0]);
    const way = settled && findWay(path, settled);
    if (way && way.undecided.length === 0 && isDenied(world, rule, target, way)) return way;
  }
  return undefined;
}

/** Claims that fit both a denial and a rule, by slot. */
function deniedToken(world: World, denial: Denial, rule: Allow): Settled | undefined {
  const asked = { client: '', audiences: [targetOf(rule)], resources: [], scope: undefined, now: world.now };
  const both = {
    match: [...rule.match, ...denial.match],
    when: [...(rule.when ?? []), ...(denial.when ?? [])],
    ...(rule.actor && { actor: rule.actor }),
  };
  const search = {
    base: {
      subject: tokenOf(world, rule.from, anyHolder),
      actor: rule.actor && tokenOf(world, rule.actor.from, anyHolder),
      ...asked,
    },
    ...{ rule: both, target: targetOf(rule), subject: anyHolder, actor: anyHolder },
  };
  for (const request of requestsFor(world, search)) {
    const slots = slotsOf(world, denial).filter(({ variable }) => variable === 'claims');
    return new Map(slots.map((slot) => [keyOf(slot), valueAt(request, slot)]));
  }
  return undefined;
}

function isDenied({ policy, evaluate }: World, rule: Denial, target: string, { hops }: Way): boolean {
  const request = hops[0]?.request;
  return request !== undefined && evaluateRule(rule, questionOf(request, { name: target }, policy), evaluate).matched;
}

type Candidates = (rule: Denial, target: string) => readonly RulePath[];

/** Paths over our own tokens to a target, those first that a denial's written values do not rule out. */
function createCandidates(world: World): Candidates {
  const known = new Map<string, readonly RulePath[]>();
  const split = new Map<string, ReadonlyMap<unknown, readonly RulePath[]>>();
  return (rule, target) => {
    const key = `${rule.from} ${target}`;
    const paths = known.get(key) ?? pathsOverOwn(world, rule.from, target);
    known.set(key, paths);
    const exact = rule.match.find(isSingleValue);
    if (!exact) return paths;
    const byValue = split.get(`${key} ${exact.path}`) ?? splitBy(exact.path, paths);
    split.set(`${key} ${exact.path}`, byValue);
    return [...exact.anyOf.map(exactValue), undefined].flatMap((value) => byValue.get(value) ?? []);
  };
}

function pathsOverOwn({ policy }: World, issuer: string, target: string): readonly RulePath[] {
  if (!(grantsByTarget(policy).get(target) ?? []).some(({ from }) => isOwnIssuer(from))) return [];
  return pathsTo(policy, target, mostPaths, (path) => path.length > 1 && path[0].from === issuer).paths;
}

/** By what their first rule writes out of a claim; `undefined`: several values, a glob, or nothing. */
function splitBy(path: string, paths: readonly RulePath[]): ReadonlyMap<unknown, readonly RulePath[]> {
  return groupBy(paths, ([{ match }]) => {
    const wish = match.find((each) => each.path === path && isSingleValue(each));
    return wish && wish.anyOf.length === 1 ? exactValue(wish.anyOf[0]) : undefined;
  });
}

function isSingleValue({ type, open, anyOf }: ClaimMatch): boolean {
  return type !== 'list' && open !== true && anyOf.every((wanted) => 'equals' in wanted);
}

function exactValue(wanted: ClaimMatch['anyOf'][number] | undefined): unknown {
  return wanted && 'equals' in wanted ? wanted.equals : undefined;
}
