// `when` of rules: every condition is CEL that can be true, about names that exist. Pure.

import { lintCondition } from '../cel/lint-condition.ts';
import type { CelProblem } from '../cel/tree.ts';
import type { CelScope } from '../cel/types.ts';
import type { Catalogue } from '../claims/catalogue.ts';
import { cataloguesOf } from '../claims/catalogue-by-name.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { RuleEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, errorAt, inside } from '../source/place.ts';
import { checkAbsence, type PlacedCondition } from './absence.ts';

export function checkConditions(policy: MergedPolicy): readonly Diagnostic[] {
  const rules = policy.rules.filter(({ value }) => value.when !== undefined);
  if (rules.length === 0) return [];
  const catalogues = cataloguesOf(policy);
  return rules.flatMap((rule) => {
    const scope = {
      claims: catalogues.get(rule.value.from),
      actor: actorOf(rule, catalogues),
      locals: new Set<string>(),
    };
    return checkRule(rule, scope);
  });
}

/** Without `actor` an allow rule sees no actor token: nothing is known there. A deny rule may see anybody's. */
function actorOf({ value: { actor, deny } }: Entry<RuleEntry>, catalogues: ReadonlyMap<string, Catalogue>) {
  if (actor !== undefined) return catalogues.get(actor.from);
  return deny === undefined ? { claims: {} } : undefined;
}

function checkRule({ value, place }: Entry<RuleEntry>, scope: CelScope): readonly Diagnostic[] {
  return Object.entries(value.when ?? {}).flatMap(([name, text]) => {
    const condition = { name, text, place: below(place, 'when', name) };
    const errors = lintCondition(text, scope);
    return errors.length > 0 ? errors.map((error) => finding(condition, error)) : checkAbsence(condition, value, scope);
  });
}

function finding({ name, place }: PlacedCondition, { offset, message, hint }: CelProblem): Diagnostic {
  const what = `condition ${quote(name)}: ${message}`;
  return errorAt(inside(place, offset), what, hint ?? 'see docs/policy.md on conditions');
}
