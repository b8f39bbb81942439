// Rules that grant to more callers than their author may think. Pure.
import { type Diagnostic, quote } from './diagnostic.ts';
import { byName, type Entry, type MergedPolicy } from './merge.ts';
import { below, keyOf, warningAt } from './place.ts';
import type { RuleEntry } from './schema.ts';

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
  if (issuer === undefined) return [];
  const findings: Diagnostic[] = [];
  if (value.client === undefined && typeof issuer.claims !== 'string') {
    const message = `rule ${quote(name)} is open to anyone who holds such a token`;
    findings.push(
      warningAt(below(place, 'from'), message, `name a "client", or a workload profile in ${quote(value.from)}`),
    );
  }
  if (Object.keys(value.match ?? {}).length === 0) {
    const message = `rule ${quote(name)} grants to every token of ${quote(value.from)}`;
    findings.push(warningAt(keyOf(below(place, 'from')), message, 'say with "match" which tokens you mean'));
  }
  return findings;
}
