// Audiences: resource indicators (RFC 8707 §2), scopes and lifetimes. Pure.

import { audienceTtl, limits } from '../schema/defaults.ts';
import { formatDuration } from '../schema/duration.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { AudienceEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { itemsOf, repeatedItems } from '../source/list-items.ts';
import { below, errorAt, keyOf, locationOf, type Place } from '../source/place.ts';

type AudienceTarget = Entry<AudienceEntry>;

export function checkAudiences({ audiences }: MergedPolicy): readonly Diagnostic[] {
  return [
    ...audiences.flatMap((entry) => [...checkResource(entry), ...checkScopes(entry), ...checkLifetimes(entry)]),
    ...audiences.flatMap(checkStatus),
    ...collisions(audiences),
  ];
}

function checkResource({ value: { resource }, place }: AudienceTarget): Diagnostic[] {
  if (resource === undefined) return [];
  const at = below(place, 'resource');
  const shown = `the resource ${quote(resource)}`;
  if (resource.includes('#')) return [errorAt(at, `${shown} has a fragment (RFC 8707 §2)`, 'remove it')];
  const isUri = /^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?[\]@!$&'()*+,;=%-]+$/.test(resource);
  if (isUri && URL.canParse(resource)) return [];
  return [errorAt(at, `${shown} is not an absolute URI`, 'write one, such as https://orders.example')];
}

function checkScopes({ value: { scopes = [] }, place }: AudienceTarget): readonly Diagnostic[] {
  return repeatedItems(itemsOf(scopes, below(place, 'scopes')));
}

function checkLifetimes({ value, place }: AudienceTarget): Diagnostic[] {
  const { ttl, maxTtl } = audienceTtl(value);
  if (maxTtl > limits.maxTtl) {
    return [
      errorAt(
        below(place, 'maxTtl'),
        `a maxTtl is at most ${formatDuration(limits.maxTtl)}`,
        'short tokens are the point',
      ),
    ];
  }
  if (ttl <= maxTtl) return [];
  const message = `ttl ${value.ttl} is over the maxTtl ${formatDuration(maxTtl)}`;
  return [
    errorAt(
      below(place, 'ttl'),
      message,
      value.maxTtl === undefined ? 'give a maxTtl (default 15m)' : 'shorten ttl or raise maxTtl',
    ),
  ];
}

/** What only introspection resolves says by itself whether it is still good. */
function checkStatus({ value: { status, format }, place }: AudienceTarget): Diagnostic[] {
  if (status !== true || format !== 'reference') return [];
  const message = 'a reference token has nowhere to carry a status';
  return [errorAt(keyOf(below(place, 'status')), message, 'leave out "status": introspection says whether it is good')];
}

/** Two audiences that a request could name alike. Names and resources cannot collide: only URIs have a colon. */
function collisions(audiences: readonly AudienceTarget[]): Diagnostic[] {
  const seen = new Map<string, Place>();
  return audiences.flatMap(({ value: { resource }, place }) => {
    if (resource === undefined) return [];
    const form = URL.canParse(resource) ? new URL(resource).href : resource;
    const at = below(place, 'resource');
    const earlier = seen.get(form);
    seen.set(form, at);
    if (earlier === undefined) return [];
    return [
      errorAt(
        at,
        `the resource ${quote(resource)} is already another audience's at ${locationOf(earlier)}`,
        'a request could not tell them apart',
      ),
    ];
  });
}
