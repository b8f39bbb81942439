// Entrances that a run of code nobody reviewed gets through, rehearsed with its token, deny rules included. Pure.
import { type UnreviewedRun, unreviewedRuns } from '../profiles/unreviewed-runs.ts';
import { admissionTo, undecidedText } from '../rehearse/admission.ts';
import { fitsRun, holderOfRun } from '../rehearse/unreviewed.ts';
import type { World } from '../rehearse/world.ts';
import type { Diagnostic } from '../source/diagnostic.ts';
import { keyOf, warningAt } from '../source/place.ts';
import { binds, type Entrance, wantedOf } from './entrances.ts';

export function checkUnreviewedRuns(entrance: Entrance, world: World): readonly Diagnostic[] {
  const runs = unreviewedRuns.get(world.policy.issuers[entrance.issuer.name]?.profile ?? '') ?? [];
  const findings = runs.flatMap((run) => finding(run, entrance, world));
  return [...new Map(findings.map((each) => [each.message, each])).values()];
}

function finding(run: UnreviewedRun, entrance: Entrance, world: World): readonly Diagnostic[] {
  if (isMeant(run, entrance, world)) return [];
  const admission = admissionTo(world, entrance.search(holderOfRun(run)));
  if (!admission) return [];
  const message = `${run.what} could satisfy ${entrance.what}${undecidedText(admission)}`;
  return [warningAt(keyOf(entrance.place), message, run.hint)];
}

/** Who writes out what only such runs have means them. */
function isMeant({ only, meant }: UnreviewedRun, { match, whens, role }: Entrance, { factsOf }: World): boolean {
  if (meant && binds(match, meant.claim, (value) => meant.pattern.test(value))) return true;
  return Object.entries(only).some(
    ([path, claim]) =>
      wantedOf(match, path).some(
        (value) => !value.includes('*') && fitsRun(claim, claim === true ? value === 'true' : value),
      ) ||
      whens.some((when) => {
        const { reads, strings } = factsOf(when);
        const isRead = reads.some((read) => read.variable === role && read.path === path);
        return isRead && strings.some((text) => fitsRun(claim, text));
      }),
  );
}
