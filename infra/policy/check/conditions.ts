// `when` of rules: every condition is CEL that can be true, about names that exist. Pure.

import { resourceForms } from '../../../shared/policy/audience-forms.ts';
import { lintCondition } from '../cel/lint-condition.ts';
import { type CelProblem, childrenOf, type Expression, parseCondition, stringOf } from '../cel/tree.ts';
import type { CelScope } from '../cel/types.ts';
import type { Catalogue } from '../claims/catalogue.ts';
import { cataloguesOf } from '../claims/catalogue-by-name.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { RuleEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, errorAt, inside, warningAt } from '../source/place.ts';
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
    return [...checkRule(rule, scope), ...checkForms(rule, policy)];
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

/** Conditions see audiences as the policy writes them: another form of an origin would never be there. */
function checkForms({ value, place }: Entry<RuleEntry>, { audiences }: MergedPolicy): readonly Diagnostic[] {
  const resources = audiences.flatMap(({ value: { resource } }) => resource ?? []);
  return Object.entries(value.when ?? {}).flatMap(([name, text]) => {
    const tree = parseCondition(text);
    if (!('root' in tree) || !/\b(aud|request)\b/.test(text)) return [];
    return resources.flatMap((resource) => {
      const [, other] = resourceForms(resource);
      const spelled = other !== undefined && !resources.includes(other) && spells(tree.root, other);
      const message = `condition ${quote(name)}: the audience is ${quote(resource)} here, and never ${quote(other)}`;
      return spelled ? [warningAt(below(place, 'when', name), message, 'write it as the audience does')] : [];
    });
  });
}

function spells(node: Expression, text: string): boolean {
  return stringOf(node) === text || childrenOf(node).some((child) => spells(child, text));
}
