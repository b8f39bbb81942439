// Audiences by all that means them, listed once for each policy. Pure.
import { audienceForms } from '../../../shared/policy/audience-forms.ts';
import type { Audience, PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { groupBy } from './rule-index.ts';

type Audiences = PolicyArtifact['audiences'];

const listed = new WeakMap<Audiences, ReadonlyMap<string, readonly Audience[]>>();

/** The audiences that any of the names means, in policy order. */
export function audiencesNamed(names: readonly unknown[], audiences: Audiences): readonly Audience[] {
  const byForm = listed.get(audiences) ?? listForms(audiences);
  listed.set(audiences, byForm);
  const found = new Set(names.flatMap((name) => (typeof name === 'string' ? (byForm.get(name) ?? []) : [])));
  // One name alone may mean several, which stand in order already.
  return names.length <= 1 ? [...found] : Object.values(audiences).filter((audience) => found.has(audience));
}

function listForms(audiences: Audiences): ReadonlyMap<string, readonly Audience[]> {
  const forms = Object.values(audiences).flatMap((audience) =>
    audienceForms(audience).map((form) => ({ form, audience })),
  );
  return new Map(
    [...groupBy(forms, ({ form }) => form)].map(([form, all]) => [form, all.map(({ audience }) => audience)]),
  );
}
