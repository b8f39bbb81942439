// The strings that mean an audience: its name, and its resource. An origin is one resource with and without its final
// slash: to every URL library `""` and `"/"` are the same path of it. Nothing else is normalised. Pure.

import type { Audience } from './compiled-policy.ts';
import { groupBy } from './group-by.ts';

const origin = /^https?:\/\/[^/?#@]+\/?$/i;

/** The resource as it is written and, of an origin, its other form. @see [RFC 3986 §6.2.3](https://www.rfc-editor.org/rfc/rfc3986.html#section-6.2.3) */
export function resourceForms(resource: string): readonly string[] {
  if (!origin.test(resource)) return [resource];
  return [resource, resource.endsWith('/') ? resource.slice(0, -1) : `${resource}/`];
}

interface NamedAudience {
  readonly name: string;
  readonly resource?: string | undefined;
}

/** The two forms of an audience, as the policy writes them. */
export function writtenForms({ name, resource }: NamedAudience): readonly string[] {
  return resource === undefined ? [name] : [name, resource];
}

/** All that means the audience in a request, in `aud` of our own tokens and in policy. */
export function audienceForms({ name, resource }: NamedAudience): readonly string[] {
  return resource === undefined ? [name] : [name, ...resourceForms(resource)];
}

/** Audiences by each of their forms, in policy order. */
export function audiencesByForm(
  audiences: Readonly<Record<string, Audience>>,
  formsOf: (audience: Audience) => readonly string[],
): ReadonlyMap<string, readonly Audience[]> {
  const forms = Object.values(audiences).flatMap((audience) => formsOf(audience).map((form) => ({ form, audience })));
  return new Map(
    [...groupBy(forms, ({ form }) => form)].map(([form, all]) => [form, all.map(({ audience }) => audience)]),
  );
}
