// What an issuer is asked and what it tells: `introspection` and `events` of issuers, each by itself. Pure.

import { urlHint, urlProblem } from '../schema/https-url.ts';
import type { IssuerEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, errorAt, type Place } from '../source/place.ts';

export function checkUpstream(issuer: IssuerEntry, place: Place, local: boolean): Diagnostic[] {
  return [...checkIntrospection(issuer, place, local), ...checkEvents(issuer, place)];
}

function checkIntrospection({ introspection }: IssuerEntry, place: Place, local: boolean): Diagnostic[] {
  if (introspection === undefined) return [];
  const problem = urlProblem(introspection.url, local);
  if (problem === undefined) return [];
  const message = `the introspection url ${quote(introspection.url)} ${problem}`;
  return [errorAt(below(place, 'introspection', 'url'), message, urlHint)];
}

function checkEvents({ events }: IssuerEntry, place: Place): Diagnostic[] {
  if (!events?.audience.includes('*')) return [];
  const message = 'an audience is compared exactly: * is no glob here';
  return [errorAt(below(place, 'events', 'audience'), message, 'write the `aud` of the event tokens')];
}
