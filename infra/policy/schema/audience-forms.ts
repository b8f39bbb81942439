// An audience has two forms, its name and its resource; in `match` of Cambio's own tokens both mean it. Pure.
import { audienceForms, writtenForms } from '../../../shared/policy/audience-forms.ts';
import { matchesGlob } from '../../../shared/policy/glob.ts';
import { tenantOf } from '../../../shared/policy/tenant.ts';
import type { Entry } from './merge.ts';
import type { AudienceEntry, MatchEntry } from './schema.ts';

type Audiences = readonly Entry<AudienceEntry>[];

/**
 * The match with every audience that `aud` may be, in both forms: a token's `aud` is the resource where there is one.
 * @param tenant whose rule it is: its patterns fit the bare names of its own audiences
 */
export function eitherForm(match: MatchEntry, audiences: Audiences, tenant: string): MatchEntry {
  const { aud } = match;
  if (aud === undefined) return match;
  const wanted = [aud].flat();
  const others = wanted.flatMap((value) =>
    audiencesNamed(String(value), audiences, tenant).flatMap((entry) => otherForms(String(value), entry)),
  );
  return { ...match, aud: [...new Set([...wanted, ...others])] };
}

/** The audiences that have a form that fits the value or glob, which stands in a file of the tenant. */
export function audiencesNamed(value: string, audiences: Audiences, tenant: string): Audiences {
  if (!value.includes('*')) return audiencesByForm(audiences).get(value) ?? [];
  const bare = (name: string): readonly string[] =>
    tenant !== '' && tenantOf(name) === tenant ? [name.slice(tenant.length + 1)] : [];
  return audiences.filter((entry) => [...formsOf(entry), ...bare(entry.name)].some((form) => fits(value, form)));
}

const listed = new WeakMap<Audiences, ReadonlyMap<string, Audiences>>();

/** Listed once for each policy. */
function audiencesByForm(audiences: Audiences): ReadonlyMap<string, Audiences> {
  const known = listed.get(audiences) ?? listForms(audiences);
  listed.set(audiences, known);
  return known;
}

function listForms(audiences: Audiences): ReadonlyMap<string, Audiences> {
  const byForm = new Map<string, Entry<AudienceEntry>[]>();
  for (const entry of audiences) {
    for (const form of new Set(formsOf(entry))) {
      byForm.set(form, byForm.get(form) ?? []);
      byForm.get(form)?.push(entry);
    }
  }
  return byForm;
}

function formsOf({ name, value: { resource } }: Entry<AudienceEntry>): readonly string[] {
  return audienceForms({ name, resource });
}

/** The policy's own forms of one that is named that are not among what was written. */
function otherForms(value: string, { name, value: { resource } }: Entry<AudienceEntry>): readonly string[] {
  return writtenForms({ name, resource }).filter((form) => !fits(value, form));
}

function fits(value: string, form: string): boolean {
  return value.includes('*') ? matchesGlob(value, form) : value === form;
}
