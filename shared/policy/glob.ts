// Anchored glob patterns: `*` is one or more characters other than `:` and `/`, `**` zero or more of any, all else is
// literal. Pure; time is pattern length × text length at worst, whatever the pattern.

type Part = { readonly literal: string } | { readonly star: 'segment' | 'any' };

const segmentBoundary = (character: string): boolean => character === ':' || character === '/';

/** Where in a text a pattern's parts may have come to, ascending; a number: to any place from there on. */
type Places = readonly number[] | number;

/** Whether the whole of `text` fits the whole of `pattern`. */
export function matchesGlob(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  if (!text.startsWith(pattern.slice(0, star))) return false;
  const parts = partsOf(pattern);
  let places: Places = [0];
  for (const [index, part] of parts.entries()) {
    // Before `**` the first place is as good as all.
    const next = parts[index + 1];
    const most = next && 'star' in next && next.star === 'any' ? 1 : Number.POSITIVE_INFINITY;
    places = 'literal' in part ? afterLiteral(places, part.literal, text, most) : afterStar(places, part.star, text);
    if (typeof places !== 'number' && places.length === 0) return false;
  }
  return typeof places === 'number' || places.at(-1) === text.length;
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

function afterLiteral(places: Places, literal: string, text: string, most: number): Places {
  const after: number[] = [];
  if (typeof places !== 'number') {
    for (const place of places) if (text.startsWith(literal, place)) after.push(place + literal.length);
    return after;
  }
  for (let at = text.indexOf(literal, places); at >= 0 && after.length < most; at = text.indexOf(literal, at + 1)) {
    after.push(at + literal.length);
  }
  return after;
}

function afterStar(places: Places, star: 'segment' | 'any', text: string): Places {
  const first = typeof places === 'number' ? places : (places[0] ?? text.length + 1);
  if (star === 'any') return first;
  // One sweep from the first place: `open` says whether some place reaches this far, so that places cost nothing more.
  const after: number[] = [];
  let [open, passed] = [false, 0];
  for (let at = first; at <= text.length; at += 1) {
    if (open) after.push(at);
    const isPlace = typeof places === 'number' || places[passed] === at;
    if (isPlace) passed += 1;
    open = (open || isPlace) && !segmentBoundary(text[at] ?? ':');
  }
  return after;
}
