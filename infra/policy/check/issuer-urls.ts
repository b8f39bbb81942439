// Issuer URLs among each other and against what their vendor writes. Pure.

import { profileNameOf } from '../claims/catalogue.ts';
import { profiles } from '../profiles/registry.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { IssuerEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { itemsOf } from '../source/list-items.ts';
import { below, errorAt, locationOf, type Place, warningAt } from '../source/place.ts';

/** @param texts the URL of each issuer that has one, or the token that stands for it until deploy */
export function checkIssuerUrls(policy: MergedPolicy, texts: ReadonlyMap<string, string>): readonly Diagnostic[] {
  return [
    ...doubledPairs(policy, texts),
    ...doubledStreams(policy, texts),
    ...policy.issuers.flatMap((entry) => slash(entry, texts, policy)),
  ];
}

/** A token says only `iss` and `aud`: two issuers with the same pair could not be told apart. */
function doubledPairs({ issuers }: MergedPolicy, texts: ReadonlyMap<string, string>): Diagnostic[] {
  const seen = new Map<string, Place>();
  const findings: Diagnostic[] = [];
  for (const { name, value, place } of issuers) {
    const url = texts.get(name);
    if (url === undefined) continue;
    for (const audience of new Map(
      itemsOf(value.audience, below(place, 'audience')).map((item) => [item.value, item]),
    ).values()) {
      const pair = JSON.stringify([url, audience.value]);
      const earlier = seen.get(pair);
      if (earlier === undefined) seen.set(pair, audience.place);
      else findings.push(doubledPair(url, audience.value, audience.place, earlier));
    }
  }
  return findings;
}

function doubledPair(url: string, audience: string, place: Place, earlier: Place): Diagnostic {
  const message = `url ${quote(url)} with audience ${quote(audience)} is already an issuer at ${locationOf(earlier)}`;
  return errorAt(place, message, 'give one of the two another audience');
}

/** A security event token says only `iss` and `aud`, too. */
function doubledStreams({ issuers }: MergedPolicy, texts: ReadonlyMap<string, string>): Diagnostic[] {
  const seen = new Map<string, Place>();
  return issuers.flatMap(({ name, value: { events }, place }) => {
    const url = texts.get(name);
    if (url === undefined || events === undefined) return [];
    const pair = JSON.stringify([url, events.audience]);
    const at = below(place, 'events', 'audience');
    const earlier = seen.get(pair);
    seen.set(pair, earlier ?? at);
    if (earlier === undefined) return [];
    const message = `event tokens of ${quote(url)} for ${quote(events.audience)} already come to ${locationOf(earlier)}`;
    return [errorAt(at, message, 'keep one: an event reaches the subjects of every issuer with its url')];
  });
}

function slash(entry: Entry<IssuerEntry>, texts: ReadonlyMap<string, string>, { issuers }: MergedPolicy): Diagnostic[] {
  const { name, value, place } = entry;
  const url = texts.get(name);
  if (url === undefined || value.url === undefined) return [];
  const at = below(place, 'url');
  const profile = profiles.get(profileNameOf(value) ?? '');
  const wanted = profile?.endsWithSlash(url);
  if (wanted !== undefined && wanted !== url.endsWith('/')) {
    const message = `the iss of such tokens ${wanted ? 'ends' : 'does not end'} with a slash`;
    return [warningAt(at, message, `did you mean ${wanted ? `${url}/` : url.replace(/\/+$/, '')}?`)];
  }
  const twin = issuers.find((other) => texts.get(other.name) === `${url}/`);
  return twin === undefined
    ? []
    : [warningAt(at, `this url and that of ${quote(twin.name)} differ only in a final slash`)];
}
