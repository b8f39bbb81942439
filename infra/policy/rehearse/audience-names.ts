// Audiences by all that means them, listed once for each policy. Pure.
import { audienceForms, audiencesByForm } from '../../../shared/policy/audience-forms.ts';
import type { Audience, PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';

type Audiences = PolicyArtifact['audiences'];

const listed = new WeakMap<Audiences, ReadonlyMap<string, readonly Audience[]>>();

/** The audiences that any of the names means, in policy order. */
export function audiencesNamed(names: readonly unknown[], audiences: Audiences): readonly Audience[] {
  const byForm = listed.get(audiences) ?? audiencesByForm(audiences, audienceForms);
  listed.set(audiences, byForm);
  const found = new Set(names.flatMap((name) => (typeof name === 'string' ? (byForm.get(name) ?? []) : [])));
  // One name alone may mean several, which stand in order already.
  return names.length <= 1 ? [...found] : Object.values(audiences).filter((audience) => found.has(audience));
}
