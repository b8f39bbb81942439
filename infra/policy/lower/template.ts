// Templates of a checked policy as the functions read them: each claim with the type its catalogue declares. Pure.
import type { Template } from '../../../shared/policy/compiled-policy.ts';
import { type Catalogue, typeOfClaim } from '../claims/catalogue.ts';
import { parseTemplate } from '../schema/template.ts';

export function lowerTemplate(text: string, catalogue: Catalogue): Template {
  return typed(parseTemplate(text) ?? [], catalogue);
}

/** The template with the declared types; a claim that lies open below an object may be anything. */
export function typed(template: Template, catalogue: Catalogue): Template {
  return template.map((part) => {
    const type = typeof part === 'string' ? undefined : typeOfClaim(catalogue, part.claim);
    return typeof part === 'string' || type === undefined || type === 'open' ? part : { ...part, type };
  });
}
