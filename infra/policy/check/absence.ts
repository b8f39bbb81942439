// Conditions by which a token is better off without a claim: an allow rule that becomes true, a denial that becomes false. Pure.

import { type PresenceTest, presenceTests } from '../cel/presence.ts';
import { parseCondition } from '../cel/tree.ts';
import type { CelScope } from '../cel/types.ts';
import { isAlwaysCarried } from '../claims/carried-claims.ts';
import { unreviewedRuns } from '../profiles/unreviewed-runs.ts';
import type { RuleEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { inside, type Place, warningAt } from '../source/place.ts';

/** A named condition of a rule, at its place. */
export interface PlacedCondition {
  readonly name: string;
  readonly text: string;
  readonly place: Place;
}

/** @param condition one that is otherwise fine */
export function checkAbsence(
  condition: PlacedCondition,
  { deny }: Pick<RuleEntry, 'deny'>,
  scope: CelScope,
): readonly Diagnostic[] {
  const tree = parseCondition(condition.text);
  if (!('root' in tree)) return [];
  const isDenial = deny !== undefined;
  return presenceTests(tree.root, scope, isDenial ? 'toFalse' : 'toTrue')
    .filter((test) => !isDenial || mayBeMissing(test, scope))
    .map((test) => finding(condition, test, inside(condition.place, tree.offsetOf(test.node)), isDenial));
}

/** A denial of what only some runs have at all is meant to miss the others. */
function mayBeMissing({ variable, path }: PresenceTest, scope: CelScope): boolean {
  const catalogue = scope[variable];
  const claim = path.join('.');
  const runs = unreviewedRuns.get(catalogue?.profile?.name ?? '') ?? [];
  if (runs.some(({ onlyThere = [] }) => onlyThere.includes(claim))) return false;
  return !isAlwaysCarried(catalogue ?? { claims: {} }, claim);
}

function finding(
  { name }: PlacedCondition,
  { variable, path }: PresenceTest,
  at: Place,
  isDenial: boolean,
): Diagnostic {
  const claim = [variable, ...path].join('.');
  const missing = path.length === 0 ? `lacks some of ${variable}` : `lacks ${quote(claim)}`;
  if (isDenial) {
    const message = `condition ${quote(name)}: a token that ${missing} may not be denied`;
    return warningAt(
      at,
      message,
      'ask has() of claims that every token has alone: any other that is missing then denies',
    );
  }
  const message = `condition ${quote(name)}: a token that ${missing} may be granted what it would not be with it`;
  return warningAt(at, message, 'say what the claim must be: where it is missing, that is an error and refuses');
}
