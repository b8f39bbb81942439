// Anchored glob patterns: `*` is one or more characters other than `:` and `/`, `**` zero or more of any, all else is
// literal. Pure; time is pattern length × text length at worst, whatever the pattern.

type Part = { readonly literal: string } | { readonly star: 'segment' | 'any' };

const segmentBoundary = (character: string): boolean => character === ':' || character === '/';

/** Whether the whole of `text` fits the whole of `pattern`. */
export function matchesGlob(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  if (!text.startsWith(pattern.slice(0, star))) return false;
  let ends: ReadonlySet<number> = new Set([0]);
  for (const part of partsOf(pattern)) {
    ends = 'literal' in part ? afterLiteral(ends, part.literal, text) : afterStar(ends, part.star, text);
    if (ends.size === 0) return false;
  }
  return ends.has(text.length);
}

/** Patterns are the policy's, so there are not many; the bound is for policies that nobody thought of. */
const mostParsed = 10_000;
const parsed = new Map<string, readonly Part[]>();

function partsOf(pattern: string): readonly Part[] {
  const known = parsed.get(pattern);
  if (known) return known;
  const parts = parseGlob(pattern);
  if (parsed.size < mostParsed) parsed.set(pattern, parts);
  return parts;
}

/** Splits a pattern at its stars; three stars in a row are `**` and `*`. */
function parseGlob(pattern: string): readonly Part[] {
  const pieces = pattern.split(/(\*\*|\*)/).filter((piece) => piece !== '');
  return pieces.map((piece) =>
    piece === '**' ? { star: 'any' } : piece === '*' ? { star: 'segment' } : { literal: piece },
  );
}

function afterLiteral(starts: ReadonlySet<number>, literal: string, text: string): ReadonlySet<number> {
  const ends = new Set<number>();
  for (const start of starts) if (text.startsWith(literal, start)) ends.add(start + literal.length);
  return ends;
}

// One sweep from the first start: `open` says whether some start reaches this far, so that starts cost nothing more.
function afterStar(starts: ReadonlySet<number>, star: 'segment' | 'any', text: string): ReadonlySet<number> {
  const ends = new Set<number>();
  let open = false;
  for (let position = 0; position <= text.length; position += 1) {
    if (star === 'any' && starts.has(position)) open = true;
    if (open) ends.add(position);
    if (star === 'any') continue;
    open = (open || starts.has(position)) && !segmentBoundary(text[position] ?? ':');
  }
  return ends;
}
