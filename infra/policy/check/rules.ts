// Rules: one outcome, one target, and no more than the target's audience allows. Pure.

import { audienceTtl } from '../schema/defaults.ts';
import { formatDuration, parseDuration } from '../schema/duration.ts';
import { byName, type Entry, type MergedPolicy } from '../schema/merge.ts';
import type { AudienceEntry, RuleEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { didYouMean } from '../source/did-you-mean.ts';
import { itemsOf, repeatedItems } from '../source/list-items.ts';
import { below, errorAt, keyOf, type Place } from '../source/place.ts';

type GrantEntry = NonNullable<RuleEntry['grant']>;

export function checkRules({ rules, audiences }: MergedPolicy): readonly Diagnostic[] {
  const targets = byName(audiences);
  return rules.flatMap((rule) => {
    const { grant } = rule.value;
    const audience = targets.get(grant?.audience ?? '')?.value;
    if (grant === undefined || audience === undefined) return checkOutcome(rule);
    return [...checkOutcome(rule), ...checkGrant(grant, audience, below(rule.place, 'grant'))];
  });
}

function checkOutcome({ name, value: { grant, deny, outlive }, place }: Entry<RuleEntry>): Diagnostic[] {
  if (grant !== undefined && deny !== undefined) {
    return [errorAt(keyOf(below(place, 'deny')), `rule ${quote(name)} both grants and denies`, 'make it two rules')];
  }
  if (grant !== undefined) return oneTarget(grant, below(place, 'grant'));
  if (deny === undefined) {
    return [errorAt(place, `rule ${quote(name)} neither grants nor denies`, 'add "grant:" or "deny: true"')];
  }
  const findings = deny === true ? [] : oneTarget(deny, below(place, 'deny'));
  if (outlive === undefined) return findings;
  return [
    ...findings,
    errorAt(keyOf(below(place, 'outlive')), 'a deny rule issues nothing that could outlive', 'remove it'),
  ];
}

function oneTarget(
  { audience, role }: { audience?: string | undefined; role?: string | undefined },
  place: Place,
): Diagnostic[] {
  if ((audience === undefined) !== (role === undefined)) return [];
  const message = audience === undefined ? 'this names no target' : 'this names two targets';
  return [errorAt(keyOf(place), message, 'name one "audience" or one "role"')];
}

function checkGrant(grant: GrantEntry, audience: AudienceEntry, place: Place): Diagnostic[] {
  return [...checkScopes(grant, audience, place), ...checkTtl(grant, audience, place)];
}

function checkScopes(
  { audience: name, scopes }: GrantEntry,
  { scopes: known = [] }: AudienceEntry,
  place: Place,
): Diagnostic[] {
  if (scopes === undefined || scopes.length === 0) {
    if (known.length === 0) return [];
    return [errorAt(keyOf(place), 'this grant names no scopes', `add "scopes: [${known.join(', ')}]" or some of them`)];
  }
  const items = itemsOf(scopes, below(place, 'scopes'));
  const unknown = items.filter(({ value }) => !known.includes(value));
  return [
    ...unknown.map((item) =>
      errorAt(item.place, `audience ${quote(name)} has no scope ${quote(item.value)}`, didYouMean(item.value, known)),
    ),
    ...repeatedItems(items),
  ];
}

function checkTtl({ ttl }: GrantEntry, audience: AudienceEntry, place: Place): Diagnostic[] {
  const { maxTtl } = audienceTtl(audience);
  if (ttl === undefined || parseDuration(ttl) <= maxTtl) return [];
  const message = `ttl ${ttl} is over the audience's maxTtl ${formatDuration(maxTtl)}`;
  return [errorAt(below(place, 'ttl'), message, 'shorten it, or raise maxTtl of the audience')];
}
