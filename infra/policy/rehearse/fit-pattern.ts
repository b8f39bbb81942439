// Texts that fit a glob or a regular expression: what a pattern lets in, made concrete. Pure.
import { matchesGlob } from '../../../shared/policy/glob.ts';

/** Stars beyond these are filled like the last of them: each doubles the work and more. */
const maxStars = 3;

/**
 * Texts that fit a glob, the most real first, each made when it is asked for: of many stars there are hundreds.
 * @param near a text of the real shape: itself where it fits, else what it ends with may fill a star
 * @param fillers what else may fill a star
 * @param suits what else is asked of a text: it costs less than the glob does
 */
export function* fitGlob(
  glob: string,
  near: string | undefined,
  { fillers, suits }: { readonly fillers: readonly string[]; readonly suits?: (text: string) => boolean },
): Generator<string> {
  if (!glob.includes('*')) return yield glob;
  const tried = new Set<string>();
  for (const text of filledGlobs(glob, near, fillers)) {
    if (tried.has(text)) continue;
    tried.add(text);
    if ((suits?.(text) ?? true) && matchesGlob(glob, text)) yield text;
  }
}

function* filledGlobs(glob: string, near: string | undefined, fillers: readonly string[]): Generator<string> {
  const [begun = '', ...literals] = glob.split(/\*\*|\*/);
  if (near !== undefined) yield near;
  yield* filled(begun, literals, near === undefined ? fillers : [...endingsOf(near), ...fillers]);
}

/** What a text ends with, cut where its segments are: `api:pull_request` and `pull_request` of `repo:acme/api:pull_request`. */
function endingsOf(text: string): readonly string[] {
  const cuts = [...text.matchAll(/[:/]/g)].map(({ index }) => index + 1);
  return cuts.map((cut) => text.slice(cut)).filter((ending) => ending !== '');
}

/** @param literals what follows each star */
function* filled(
  begun: string,
  literals: readonly string[],
  fillers: readonly string[],
  varied = maxStars,
): Generator<string> {
  const [literal, ...rest] = literals;
  if (literal === undefined) return yield begun;
  if (varied === 0) return yield [begun, ...literals].join(fillers.at(-1));
  for (const filler of fillers) yield* filled(`${begun}${filler}${literal}`, rest, fillers, varied - 1);
}

/** Texts that may fit a regular expression (RE2), which says so itself: alternatives and classes are tried by one member. */
export function fitExpression(pattern: string, fillers: readonly string[]): readonly string[] {
  const plain = pattern
    .replace(/^\(\?[a-z]+\)/, '')
    .replace(/^\^/, '')
    .replace(/\$$/, '');
  return alternativesOf(plain).flatMap((alternative) => fillers.map((filler) => fitPlain(alternative, filler)));
}

function alternativesOf(pattern: string): readonly string[] {
  const group = /\((?:\?:)?([^()]*)\)[+?]?/.exec(pattern);
  if (group) {
    const [whole, inner = ''] = group;
    const [before, after] = [pattern.slice(0, group.index), pattern.slice(group.index + whole.length)];
    return inner.split('|').flatMap((each) => alternativesOf(`${before}${each}${after}`));
  }
  return pattern.split('|');
}

/** One thing of an expression, and how often it may stand there. */
const atom = /(\\.|\[\^?\]?[^\]]*\]|\.|[^\\[\].*+?{}])(\*|\+|\?|\{(\d+)(?:,\d*)?\})?\??/g;

function fitPlain(pattern: string, filler: string): string {
  return pattern.replace(atom, (_, one: string, times: string | undefined, least: string | undefined) => {
    const isAnything = one === '.' || one.startsWith('[^');
    if (isAnything && times !== undefined && least === undefined) return filler;
    return memberOf(one).repeat(least === undefined ? 1 : Math.min(Number(least), maxRepeats));
  });
}

/** More of the same makes no text more likely. */
const maxRepeats = 256;

const members: Readonly<Record<string, string>> = {
  '\\d': '7',
  '\\w': 'a',
  '\\s': ' ',
  '\\D': 'x',
  '\\W': '-',
  '\\S': 'a',
  '.': 'x',
};

function memberOf(one: string): string {
  const member = members[one];
  if (member !== undefined) return member;
  if (one.startsWith('[^')) return 'x';
  const inner = one.startsWith('[') ? one.slice(1, -1) : one;
  // In brackets a dot is a dot.
  return inner.startsWith('\\') ? (members[inner.slice(0, 2)] ?? inner.slice(1, 2)) : inner.slice(0, 1);
}
