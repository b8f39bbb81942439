// Templates: text with `${claims.x}` in it. Pure.
import type { Template } from '../../../shared/policy/compiled-policy.ts';

const reference = /\$\{claims\.([^{}]+)\}/;

/** The parts of a template in order, or undefined if something in `${…}` is not a claim. */
export function parseTemplate(text: string): Template | undefined {
  // Splitting by a pattern with one group alternates literal text and claim paths.
  const pieces = text.split(reference);
  const literals = pieces.filter((_, index) => index % 2 === 0);
  if (literals.some((literal) => literal.includes('${'))) return undefined;
  const parts = pieces.map((piece, index) => (index % 2 === 0 ? piece : { claim: piece }));
  return parts.length === 1 ? parts : parts.filter((part) => part !== '');
}
