// Entrances that a run of code nobody reviewed could satisfy, unless a deny rule takes it. Pure.
import { matchesGlob } from '../../../shared/policy/glob.ts';
import { claimsReadBy } from '../cel/tree.ts';
import { type UnreviewedRun, unreviewedRuns } from '../profiles/unreviewed-runs.ts';
import type { MergedPolicy } from '../schema/merge.ts';
import type { RuleEntry } from '../schema/schema.ts';
import type { Diagnostic } from '../source/diagnostic.ts';
import { keyOf, warningAt } from '../source/place.ts';
import { binds, type Entrance, wantedOf } from './entrances.ts';

export function checkUnreviewedRuns(entrance: Entrance, policy: MergedPolicy): Diagnostic[] {
  const { claims } = entrance.issuer.value;
  const runs = typeof claims === 'string' ? (unreviewedRuns.get(claims) ?? []) : [];
  return runs
    .filter((run) => !isTold(run, entrance) && !isDenied(run, entrance, policy))
    .map(({ what, hint }) => warningAt(keyOf(entrance.place), `${what} could satisfy ${entrance.what}`, hint));
}

function isTold({ told }: UnreviewedRun, { match, read }: Entrance): boolean {
  return Object.entries(told).some(
    ([claim, tells]) => read.includes(claim) || binds(match, claim, (value) => tells(value, match)),
  );
}

/** A deny rule of the issuer that takes every such run for the rule's target. */
function isDenied(run: UnreviewedRun, { issuer, rule }: Entrance, { rules }: MergedPolicy): boolean {
  return rules.some(({ value }) => {
    if (value.from !== issuer.name || value.client !== undefined || value.actor !== undefined) return false;
    return denies(value, rule?.value) && isAbout(value, run);
  });
}

function denies({ deny }: RuleEntry, rule: RuleEntry | undefined): boolean {
  if (deny === true) return true;
  return deny?.audience !== undefined && deny.audience === rule?.grant?.audience;
}

/** By its one match, or by its one condition, which is taken to say of these claims what it should. */
function isAbout({ match = {}, when = {} }: RuleEntry, { told, denied }: UnreviewedRun): boolean {
  const [path, ...more] = Object.keys(match);
  const [condition, ...others] = Object.values(when);
  if (path === undefined && condition !== undefined && others.length === 0) {
    return claimsReadBy(condition).some((claim) => Object.hasOwn(told, claim));
  }
  if (path === undefined || path !== denied?.claim || more.length > 0 || condition !== undefined) return false;
  const wanted = wantedOf(match, path);
  return denied.values.every((value) => wanted.some((pattern) => matchesGlob(pattern, value)));
}
