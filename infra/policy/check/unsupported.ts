// What the language has and Cambio does not do yet: refused, because ignoring it would change decisions. Pure.

import type { Entry, MergedPolicy } from '../schema/merge.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, errorAt, keyOf, type Place } from '../source/place.ts';

/** A path below an entry. */
type Refused = readonly string[];

const refusedOfClients: readonly Refused[] = [['auth', 'tls_client_auth']];

export function checkUnsupported(policy: MergedPolicy): readonly Diagnostic[] {
  return refuseIn(policy.clients, refusedOfClients);
}

function refuseIn(entries: readonly Entry<object>[], refused: readonly Refused[]): Diagnostic[] {
  return entries.flatMap(({ place }) => refuse(place, refused));
}

// Most of these keys restrict: a policy that keeps the rest without them would grant more than its author meant.
const hint = 'leave out the whole entry that needs it: without this key it would mean something else';

function refuse(place: Place, refused: readonly Refused[]): Diagnostic[] {
  return refused.flatMap((path) => {
    const at = below(place, ...path);
    if (!at.source.has(at.path)) return [];
    return [errorAt(keyOf(at), `${quote(path.at(-1) ?? '')} is not yet supported`, hint)];
  });
}
