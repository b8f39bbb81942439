// Rules about tokens that Cambio issued, and what only allow rules can say. Pure.

import { writtenForms } from '../../../shared/policy/audience-forms.ts';
import { isOwnIssuer } from '../../../shared/policy/tenant.ts';
import { audiencesNamed } from '../schema/audience-forms.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { MatchEntry, RuleEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { didYouMean } from '../source/did-you-mean.ts';
import { itemsOf } from '../source/list-items.ts';
import { below, errorAt, keyOf, type Place, warningAt } from '../source/place.ts';

export function checkSelfRules(policy: MergedPolicy): readonly Diagnostic[] {
  return policy.rules.flatMap((rule) => [
    ...(isOwnIssuer(rule.value.from) ? checkRule(rule) : []),
    ...deniedDepth(rule),
    ...matchesOf(rule).flatMap(({ match, place }) => checkAudiences(policy, match, place)),
  ]);
}

function checkRule(rule: Entry<RuleEntry>): Diagnostic[] {
  return [...needsClient(rule), ...needsAudience(rule), ...anyClient(rule), ...outlives(rule)];
}

/** An own token is worth nothing to whoever steals it: it is exchanged by authenticated clients alone. */
function needsClient({ name, value, place }: Entry<RuleEntry>): Diagnostic[] {
  if (value.client !== undefined) return [];
  const message = `rule ${quote(name)} is from self and names no client`;
  return [errorAt(below(place, 'from'), message, 'name a "client", a list of them, or any')];
}

/** What `when` asks of `aud` is not seen: a rule says plainly which tokens it is about. */
function needsAudience({ name, value, place }: Entry<RuleEntry>): Diagnostic[] {
  if (value.deny !== undefined || value.match?.['aud'] !== undefined) return [];
  const message = `rule ${quote(name)} is from self and takes tokens for every audience`;
  return [errorAt(below(place, 'from'), message, 'say with "match: { aud: … }" which tokens it exchanges')];
}

/** A token is shown to the services it is for: each of them that is a client could make credentials of it. */
function anyClient({ name, value, place }: Entry<RuleEntry>): Diagnostic[] {
  if (value.client !== 'any' || value.grant?.role === undefined) return [];
  const message = `rule ${quote(name)} gives AWS credentials to every client that is shown such a token`;
  return [warningAt(below(place, 'client'), message, 'name the clients that need them')];
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
    ...(isOwnIssuer(from) ? [{ match, place: below(place, 'match') }] : []),
    ...(actor && isOwnIssuer(actor.from) ? [{ match: actor.match ?? {}, place: below(place, 'actor', 'match') }] : []),
  ];
}

function checkAudiences({ audiences }: MergedPolicy, match: MatchEntry, place: Place): Diagnostic[] {
  return itemsOf(match['aud'] ?? [], below(place, 'aud')).flatMap((item) => {
    const named = audiencesNamed(String(item.value), audiences, place.source.tenant);
    if (named.length === 0) {
      const known = audiences.flatMap(({ name, value: { resource } }) => writtenForms({ name, resource }));
      return [errorAt(item.place, `there is no audience ${quote(item.value)}`, didYouMean(String(item.value), known))];
    }
    if (named.some(({ value: { format } }) => format !== 'reference')) return [];
    const message = `tokens for ${quote(item.value)} are references, which are never exchanged`;
    return [errorAt(item.place, message, 'name an audience whose tokens are JWTs, or remove it: it can never match')];
  });
}
