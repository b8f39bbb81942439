// Templates of granted claims: literal text and `${claims.…}` references. Pure.
import { type Claims, claimAt } from './claims.ts';
import type { Template } from './compiled-policy.ts';

/**
 * Fills a template. One reference alone keeps the claim's own type; among text only strings, numbers and booleans can
 * stand. undefined when a referenced claim is missing or cannot stand there: the caller leaves the claim out.
 */
export function fillTemplate(template: Template, claims: Claims): unknown {
  const [only] = template;
  if (template.length === 1 && typeof only === 'object') return claimAt(claims, only.claim);
  const parts = template.map((part) => (typeof part === 'string' ? part : textOf(claimAt(claims, part.claim))));
  return parts.includes(undefined) ? undefined : parts.join('');
}

/** Fills a template with text, a single reference too; undefined as above, and where the one reference is no scalar. */
export function fillText(template: Template, claims: Claims): string | undefined {
  return textOf(fillTemplate(template, claims));
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
