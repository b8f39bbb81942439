// Rules about tokens that Cambio issued, and what only allow rules can say. Pure.

import { namesAudience } from '../schema/audience-forms.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { MatchEntry, RuleEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { didYouMean } from '../source/did-you-mean.ts';
import { itemsOf } from '../source/list-items.ts';
import { below, errorAt, keyOf, type Place } from '../source/place.ts';

export function checkSelfRules(policy: MergedPolicy): readonly Diagnostic[] {
  return policy.rules.flatMap((rule) => [
    ...(rule.value.from === 'self' ? [...needsClient(rule), ...outlives(rule)] : []),
    ...deniedDepth(rule),
    ...matchesOf(rule).flatMap(({ match, place }) => checkAudiences(policy, match, place)),
  ]);
}

/** An own token is worth nothing to whoever steals it: it is exchanged by authenticated clients alone. */
function needsClient({ name, value, place }: Entry<RuleEntry>): Diagnostic[] {
  if (value.client !== undefined) return [];
  const message = `rule ${quote(name)} is from self and names no client`;
  return [errorAt(below(place, 'from'), message, 'name a "client", a list of them, or any')];
}

function outlives({ value, place }: Entry<RuleEntry>): Diagnostic[] {
  if (value.outlive !== true || value.grant === undefined) return [];
  const message = 'a token made from one of ours cannot outlive it';
  return [errorAt(below(place, 'outlive'), message, 'remove it: else a chain of exchanges would never end')];
}

function deniedDepth({ value: { actor, deny }, place }: Entry<RuleEntry>): Diagnostic[] {
  if (deny === undefined || actor?.maxDepth === undefined) return [];
  return [
    errorAt(keyOf(below(place, 'actor', 'maxDepth')), 'a deny rule issues nothing that has a depth', 'remove it'),
  ];
}

interface PlacedMatch {
  readonly match: MatchEntry;
  readonly place: Place;
}

function matchesOf({ value: { from, match = {}, actor }, place }: Entry<RuleEntry>): PlacedMatch[] {
  return [
    ...(from === 'self' ? [{ match, place: below(place, 'match') }] : []),
    ...(actor?.from === 'self' ? [{ match: actor.match ?? {}, place: below(place, 'actor', 'match') }] : []),
  ];
}

function checkAudiences({ audiences }: MergedPolicy, match: MatchEntry, place: Place): Diagnostic[] {
  const known = audiences.flatMap(({ name, value: { resource } }) => [
    name,
    ...(resource === undefined ? [] : [resource]),
  ]);
  return itemsOf(match['aud'] ?? [], below(place, 'aud'))
    .filter(({ value }) => !namesAudience(String(value), audiences))
    .map((item) =>
      errorAt(item.place, `there is no audience ${quote(item.value)}`, didYouMean(String(item.value), known)),
    );
}
