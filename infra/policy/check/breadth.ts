// Rules that more tokens fit than their author may think: other organisations, re-created names, runs of code nobody reviewed. Pure.

import { profiles } from '../profiles/registry.ts';
import { tenancies } from '../profiles/tenancy.ts';
import type { MergedPolicy } from '../schema/merge.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, errorAt, keyOf, warningAt } from '../source/place.ts';
import { binds, type Entrance, entrancesOf, wantedOf } from './entrances.ts';
import { checkUnreviewedRuns } from './unreviewed-runs.ts';

export function checkBreadth(policy: MergedPolicy): readonly Diagnostic[] {
  return entrancesOf(policy).flatMap((entrance) => {
    const others = anyOrganisation(entrance);
    if (others.length > 0) return others;
    return [...mutableNames(entrance), ...classicSubjects(entrance), ...checkUnreviewedRuns(entrance, policy)];
  });
}

function profileOf({ issuer }: Entrance): string {
  return typeof issuer.value.claims === 'string' ? issuer.value.claims : '';
}

/** One public issuer signs for all its customers; `aud` is whatever a workflow asks for. */
function anyOrganisation(entrance: Entrance): Diagnostic[] {
  const tenancy = tenancies.get(profileOf(entrance));
  const { match, read, issuer, what, place } = entrance;
  if (tenancy === undefined || !tenancy.url.test(issuer.value.url ?? '')) return [];
  const isBound = (value: string) => /^[^*]*(\/|$)/.test(value.replace(/\*.*$/s, '*'));
  const bound = tenancy.owners.some((claim) => binds(match, claim, isBound) || read.includes(claim));
  if (bound || binds(match, 'sub', (value) => tenancy.sub.test(value)) || read.includes('sub')) return [];
  const message = `any other organisation of ${quote(issuer.name)} could satisfy ${what}`;
  return [errorAt(keyOf(place), message, `match one of ${tenancy.owners.join(', ')}`)];
}

/** A name that is given up can be taken by somebody else; one id beside it is enough. */
function mutableNames(entrance: Entrance): Diagnostic[] {
  const immutable = profiles.get(profileOf(entrance))?.immutable ?? {};
  const { match, read, place, what } = entrance;
  const ids = Object.values(immutable);
  if (ids.some((id) => wantedOf(match, id).length > 0 || read.includes(id))) return [];
  if (profileOf(entrance) === 'github-actions' && binds(match, 'sub', hasIds)) return [];
  return Object.entries(immutable)
    .filter(([name]) => wantedOf(match, name).length > 0)
    .slice(0, 1)
    .map(([name, id]) => {
      const message = `${what} goes by ${name}: whoever takes that name later satisfies it too`;
      return warningAt(keyOf(below(place, name)), message, `match ${id}, alone or beside it`);
    });
}

function hasIds(sub: string): boolean {
  return /^repo:[^*/@:]+@[0-9]+\//.test(sub);
}

/** Repositories created, renamed or transferred after 2026-07-15 send ids in `sub`; a classic pattern misses them. */
function classicSubjects(entrance: Entrance): Diagnostic[] {
  const { match, issuer, what, place } = entrance;
  if (profileOf(entrance) !== 'github-actions' || /\/_services\/token$/.test(issuer.value.url ?? '')) return [];
  if (!binds(match, 'sub', (value) => /^repo:[^*/@:]+\//.test(value))) return [];
  const message = `${what} knows only the classic form of sub: repositories created after 2026-07-15 send ids in it`;
  const hint = 'match repository_id or repository_owner_id instead, or add repo:OWNER@ID/REPO@ID:…';
  return [warningAt(keyOf(below(place, 'sub')), message, hint)];
}
