// `when` of rules: every condition is CEL that can be true, about names that exist. Pure.
import type { Catalogue } from './catalogue.ts';
import { cataloguesOf } from './catalogues.ts';
import type { CelScope } from './cel-types.ts';
import { type Diagnostic, quote } from './diagnostic.ts';
import { lintCondition } from './lint-condition.ts';
import type { Entry, MergedPolicy } from './merge.ts';
import { below, errorAt, inside } from './place.ts';
import type { RuleEntry } from './schema.ts';

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
  return Object.entries(value.when ?? {}).flatMap(([name, text]) =>
    lintCondition(text, scope).map(({ offset, message, hint }) =>
      errorAt(
        inside(below(place, 'when', name), offset),
        `condition ${quote(name)}: ${message}`,
        hint ?? 'see docs/policy.md on conditions',
      ),
    ),
  );
}
