// Names: unique in their namespace, across files too, and not reserved. Pure.

import type { Entry, MergedPolicy } from '../schema/merge.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, errorAt, keyOf, locationOf, type Place } from '../source/place.ts';

interface Named {
  readonly kind: string;
  readonly name: string;
  readonly place: Place;
}

const reserved: readonly string[] = ['self', 'any'];

/** Clients and issuers share one namespace, audiences and roles another. */
export function checkNames({ issuers, clients, audiences, roles, rules }: MergedPolicy): readonly Diagnostic[] {
  const parties = [...named('issuer', issuers), ...named('client', clients)];
  const targets = [...named('audience', audiences), ...named('role', roles)];
  const ids = rules.map(({ name, place }) => ({ kind: 'rule', name, place: below(place, 'id') }));
  return [...[parties, targets, ids].flatMap(doubled), ...[...parties, ...targets].flatMap(reservedName)];
}

function named(kind: string, entries: readonly Entry<unknown>[]): Named[] {
  return entries.map(({ name, place }) => ({ kind, name, place: keyOf(place) }));
}

function doubled(names: readonly Named[]): Diagnostic[] {
  const first = new Map([...names].reverse().map((entry) => [entry.name, entry]));
  return names.flatMap((entry) => {
    const earlier = first.get(entry.name);
    if (earlier === undefined || earlier === entry) return [];
    const message = `${entry.kind} ${quote(entry.name)}: there is already ${earlier.kind} ${quote(earlier.name)}`;
    return [errorAt(entry.place, `${message} at ${locationOf(earlier.place)}`, 'choose another name')];
  });
}

function reservedName({ kind, name, place }: Named): Diagnostic[] {
  if (!reserved.includes(name.slice(name.indexOf('/') + 1))) return [];
  return [errorAt(place, `${kind} ${quote(name)}: this name is reserved`, 'choose another name')];
}
