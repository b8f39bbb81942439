// Rules that more tokens fit than their author may think: other organisations, re-created names, runs of code nobody
// reviewed. Each is rehearsed with a token of theirs. Pure.
import { profiles } from '../profiles/registry.ts';
import { tenancies } from '../profiles/tenancy.ts';
import { admissionTo, undecidedText } from '../rehearse/admission.ts';
import type { Holder } from '../rehearse/holder.ts';
import { renamedAt } from '../rehearse/renamed.ts';
import { strangerAt } from '../rehearse/stranger.ts';
import type { World } from '../rehearse/world.ts';
import type { MergedPolicy } from '../schema/merge.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, errorAt, keyOf, warningAt } from '../source/place.ts';
import { binds, type Entrance, entrancesOf, wantedOf } from './entrances.ts';
import { checkUnreviewedRuns } from './unreviewed-runs.ts';

export function checkBreadth(policy: MergedPolicy, world: World): readonly Diagnostic[] {
  const strangers = holdersOf(policy, (issuer) => strangerAt(world, issuer));
  const renamed = holdersOf(policy, (issuer) => renamedAt(world, issuer));
  return entrancesOf(policy, world).flatMap((entrance) => {
    const others = anyOrganisation(world, entrance, strangers.get(entrance.issuer.name));
    if (others.some(({ severity }) => severity === 'error')) return others;
    return [
      ...others,
      ...mutableNames(world, entrance, renamed.get(entrance.issuer.name)),
      ...classicSubjects(entrance, world),
      ...checkUnreviewedRuns(entrance, world),
    ];
  });
}

function holdersOf(
  { issuers }: MergedPolicy,
  make: (issuer: string) => Holder | undefined,
): ReadonlyMap<string, Holder> {
  return new Map(
    issuers.flatMap(({ name }) => {
      const holder = make(name);
      return holder ? [[name, holder] as const] : [];
    }),
  );
}

/** One public issuer signs for all its customers; `aud` is whatever a workflow asks for. */
function anyOrganisation(world: World, entrance: Entrance, stranger: Holder | undefined): readonly Diagnostic[] {
  const admission = stranger && admissionTo(world, entrance.search(stranger));
  if (!admission) return [];
  const { issuer, what, place } = entrance;
  const claims = Object.keys(tenancies.get(world.policy.issuers[issuer.name]?.profile ?? '')?.owners ?? {});
  const others = `any other organisation of ${quote(issuer.name)} could satisfy ${what}`;
  const hint = `match one of ${claims.filter((claim) => claim !== 'sub').join(', ')}`;
  if (admission.undecided.length === 0) return [errorAt(keyOf(place), others, hint)];
  return [warningAt(keyOf(place), `${others}${undecidedText(admission)}`, hint)];
}

/** A name that is given up can be taken by somebody else; one id beside it is enough. */
function mutableNames(world: World, entrance: Entrance, renamed: Holder | undefined): readonly Diagnostic[] {
  const { issuer, match, place, what } = entrance;
  const immutable = profiles.get(world.policy.issuers[issuer.name]?.profile ?? '')?.immutable ?? {};
  const names = Object.keys(immutable);
  const read = readBy(entrance, world);
  const name = names.find((each) => wantedOf(match, each).length > 0) ?? names.find((each) => read.includes(each));
  const admission = renamed && name !== undefined ? admissionTo(world, entrance.search(renamed)) : undefined;
  if (name === undefined || !admission) return [];
  const message = `${what} goes by ${name}: whoever takes that name later satisfies it too${undecidedText(admission)}`;
  const at = wantedOf(match, name).length > 0 ? below(place, name) : place;
  return [warningAt(keyOf(at), message, `match ${immutable[name]}, alone or beside it`)];
}

/** Claims of the token that conditions read. */
function readBy({ whens, role }: Entrance, { factsOf }: World): readonly string[] {
  return whens.flatMap((when) => factsOf(when).reads.flatMap(({ variable, path }) => (variable === role ? path : [])));
}

/** Repositories created, renamed or transferred after 2026-07-15 send ids in `sub`; a classic pattern misses them. */
function classicSubjects({ match, issuer, what, place }: Entrance, { policy }: World): readonly Diagnostic[] {
  if (policy.issuers[issuer.name]?.profile !== 'github-actions') return [];
  if (/\/_services\/token$/.test(issuer.value.url ?? '')) return [];
  if (!binds(match, 'sub', (value) => /^repo:[^*/@:]+\//.test(value))) return [];
  const message = `${what} knows only the classic form of sub: repositories created after 2026-07-15 send ids in it`;
  const hint = 'match repository_id or repository_owner_id instead, or add repo:OWNER@ID/REPO@ID:…';
  return [warningAt(keyOf(below(place, 'sub')), message, hint)];
}
