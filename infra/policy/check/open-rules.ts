// Rules that grant to more callers than their author may think. Pure.

import { profileNameOf } from '../claims/catalogue.ts';
import { byName, type Entry, type MergedPolicy } from '../schema/merge.ts';
import type { RuleEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, warningAt } from '../source/place.ts';

export function checkOpenRules(policy: MergedPolicy): readonly Diagnostic[] {
  return [
    ...noRules(policy),
    ...policy.rules.filter(({ value }) => value.grant !== undefined).flatMap((rule) => openRule(policy, rule)),
  ];
}

function noRules({ rules, files }: MergedPolicy): Diagnostic[] {
  const [file] = files;
  return rules.length > 0 || file === undefined
    ? []
    : [warningAt(file, 'without rules this policy refuses everything')];
}

function openRule(policy: MergedPolicy, { name, value, place }: Entry<RuleEntry>): Diagnostic[] {
  const issuer = byName(policy.issuers).get(value.from)?.value;
  const at = below(place, 'from');
  if (issuer === undefined || value.client !== undefined) return [];
  if (profileNameOf(issuer) === undefined) {
    const hint = `name a "client", or a workload profile in ${quote(value.from)}`;
    return [warningAt(at, `rule ${quote(name)} is open to anyone who holds such a token`, hint)];
  }
  if (Object.keys(value.match ?? {}).length > 0 || (value.actor ?? value.when) !== undefined) return [];
  const message = `rule ${quote(name)} grants to every token of ${quote(value.from)}`;
  return [warningAt(at, message, 'say with "match" which tokens you mean')];
}
