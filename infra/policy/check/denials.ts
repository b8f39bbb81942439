// Denials that a token escapes by lacking a claim. Pure.
import { isAlwaysCarried } from '../claims/carried-claims.ts';
import { type Catalogue, typeOfClaim } from '../claims/catalogue.ts';
import { cataloguesOf } from '../claims/catalogue-by-name.ts';
import { unreviewedRuns } from '../profiles/unreviewed-runs.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { MatchEntry, RuleEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, errorAt, keyOf, type Place, warningAt } from '../source/place.ts';
import { wantedOf } from './entrances.ts';

/** Claims by which forks and pull requests are told. */
const aboutForks = /pull_request|^pr$|^pr_branch$|^head_ref$|^base_ref$|vcs-origin|^scm_repo_url$/;

export function checkDenials(policy: MergedPolicy): readonly Diagnostic[] {
  const catalogues = cataloguesOf(policy);
  return policy.rules
    .filter(({ value }) => value.deny !== undefined)
    .flatMap((rule) => matchesOf(rule).flatMap((each) => escapes(rule.name, each, catalogues.get(each.from))));
}

interface Denial {
  readonly from: string;
  readonly match: MatchEntry;
  readonly place: Place;
}

function matchesOf({ value: { from, match = {}, actor }, place }: Entry<RuleEntry>): readonly Denial[] {
  const ofActor = actor && { from: actor.from, match: actor.match ?? {}, place: below(place, 'actor', 'match') };
  return [{ from, match, place: below(place, 'match') }, ...(ofActor ? [ofActor] : [])];
}

/** Of a `claims` map nobody knows which of them a token may lack. */
function escapes(rule: string, { match, place }: Denial, catalogue: Catalogue | undefined): Diagnostic[] {
  if (catalogue?.profile === undefined && catalogue?.always === undefined) return [];
  return Object.keys(match).flatMap((path) => {
    const values = wantedOf(match, path);
    const at = keyOf(below(place, path));
    if (catalogue.profile?.name === 'github-actions' && path === 'sub' && values.some(isPullRequest)) {
      return [missesEnvironments(rule, at)];
    }
    if (typeOfClaim(catalogue, path) === undefined || isAlwaysCarried(catalogue, path)) return [];
    return [escapable(rule, path, isAboutForks(catalogue, path, values), at)];
  });
}

function isPullRequest(sub: string): boolean {
  return sub.includes('pull_request');
}

function missesEnvironments(rule: string, at: Place): Diagnostic {
  const message = `rule ${quote(rule)} misses pull requests whose job has an environment: their sub names that instead`;
  return errorAt(at, message, 'deny event_name: [pull_request, pull_request_target]');
}

function isAboutForks({ profile }: Catalogue, path: string, values: readonly string[]): boolean {
  const runs = unreviewedRuns.get(profile?.name ?? '') ?? [];
  if (runs.some(({ only }) => path !== 'sub' && Object.hasOwn(only, path))) return true;
  return aboutForks.test(path) || values.some((value) => /pull|fork/.test(value));
}

function escapable(rule: string, path: string, aboutForks: boolean, at: Place): Diagnostic {
  const message = `rule ${quote(rule)} denies by ${quote(path)}, which not every token has: one without it is not denied`;
  const hint = 'ask for what is wanted in the allow rules, or deny with a "when": a missing claim fires it';
  return (aboutForks ? errorAt : warningAt)(at, message, hint);
}
