// An audience has two forms, its name and its resource; in `match` of Cambio's own tokens both mean it. Pure.
import { audienceForms, writtenForms } from '../../../shared/policy/audience-forms.ts';
import { matchesGlob } from '../../../shared/policy/glob.ts';
import type { Entry } from './merge.ts';
import type { AudienceEntry, MatchEntry } from './schema.ts';

type Audiences = readonly Entry<AudienceEntry>[];

/** The match with every audience that `aud` may be, in both forms: a token's `aud` is the resource where there is one. */
export function eitherForm(match: MatchEntry, audiences: Audiences): MatchEntry {
  const { aud } = match;
  if (aud === undefined) return match;
  const wanted = [aud].flat();
  const others = wanted.flatMap((value) => audiences.flatMap((entry) => otherForms(String(value), entry)));
  return { ...match, aud: [...new Set([...wanted, ...others])] };
}

/** The audiences that have a form that fits the value or glob. */
export function audiencesNamed(value: string, audiences: Audiences): Audiences {
  return audiences.filter((entry) => isNamed(value, entry));
}

/** The policy's own forms that are not among what was written. */
function otherForms(value: string, entry: Entry<AudienceEntry>): readonly string[] {
  const own = writtenForms({ name: entry.name, resource: entry.value.resource });
  return isNamed(value, entry) ? own.filter((form) => !fits(value, form)) : [];
}

function isNamed(value: string, { name, value: { resource } }: Entry<AudienceEntry>): boolean {
  return audienceForms({ name, resource }).some((form) => fits(value, form));
}

function fits(value: string, form: string): boolean {
  return value.includes('*') ? matchesGlob(value, form) : value === form;
}
