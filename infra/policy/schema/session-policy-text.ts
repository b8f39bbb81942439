// An inline session policy as JSON text with holes for claims. A hole stands inside a string literal, so that a value
// escaped as JSON can end neither the literal nor the policy. Pure.
import type { ClaimReference, Template } from '../../../shared/policy/compiled-policy.ts';

const reference = /\$\{claims\.([^{}]+)\}/;
/** What else may stand in `${…}` of an IAM policy: a policy variable, or one of its three escapes. */
const policyVariable = /\$\{(?:[a-z][a-zA-Z0-9-]*:[^{}]+|[*?$])\}/g;

/** The compact JSON text of the policy. */
export function lowerSessionPolicy(policy: unknown): Template {
  return joined(partsOf(policy));
}

/** Characters of the text without the claims' values. */
export function lengthOf(template: Template): number {
  return template.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : 0), 0);
}

/** Whether a string has `${…}` that is neither a claim nor of IAM. */
export function hasForeignReference(text: string): boolean {
  return text
    .replaceAll(policyVariable, '')
    .split(reference)
    .some((piece, index) => index % 2 === 0 && piece.includes('${'));
}

/** The claims a string of the policy refers to. */
export function claimsIn(text: string): readonly string[] {
  return text.split(reference).filter((_, index) => index % 2 === 1);
}

function partsOf(value: unknown): Template {
  if (typeof value === 'string') return ['"', ...stringParts(value), '"'];
  if (Array.isArray(value)) return ['[', ...separated(value.map(partsOf)), ']'];
  if (typeof value !== 'object' || value === null) return [JSON.stringify(value)];
  const members = Object.entries(value).map(([name, inner]): Template => [`${jsonText(name)}:`, ...partsOf(inner)]);
  return ['{', ...separated(members), '}'];
}

function stringParts(text: string): Template {
  return text
    .split(reference)
    .map((piece, index) => (index % 2 === 0 ? jsonText(piece).slice(1, -1) : { claim: piece }));
}

function separated(items: readonly Template[]): Template {
  return items.flatMap((item, index) => (index === 0 ? item : [',', ...item]));
}

/** STS takes Latin-1 alone: everything beyond ASCII is escaped. */
function jsonText(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function joined(parts: Template): Template {
  const whole: (string | ClaimReference)[] = [];
  for (const part of parts) {
    const last = whole.at(-1);
    if (typeof part === 'string' && typeof last === 'string') whole[whole.length - 1] = last + part;
    else if (part !== '') whole.push(part);
  }
  return whole;
}
