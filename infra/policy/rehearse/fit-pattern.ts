// Texts that fit a glob or a regular expression: what a pattern lets in, made concrete. Pure.
import { matchesGlob } from '../../../shared/policy/glob.ts';

/** Stars beyond these are filled like the last of them: each doubles the work and more. */
const maxStars = 3;

/**
 * Texts that fit a glob, the most real first.
 * @param near a text of the real shape: itself where it fits, else what it ends with may fill a star
 * @param fillers what else may fill a star
 */
export function fitGlob(glob: string, near: string | undefined, fillers: readonly string[]): readonly string[] {
  if (!glob.includes('*')) return [glob];
  const literals = glob.split(/\*\*|\*/);
  const endings = near === undefined ? [] : endingsOf(near);
  const texts = fill(literals, [...endings, ...fillers]);
  const all = near === undefined ? texts : [near, ...texts];
  return [...new Set(all)].filter((text) => matchesGlob(glob, text));
}

/** What a text ends with, cut where its segments are: `api:pull_request` and `pull_request` of `repo:acme/api:pull_request`. */
function endingsOf(text: string): readonly string[] {
  const cuts = [...text.matchAll(/[:/]/g)].map(({ index }) => index + 1);
  return cuts.map((cut) => text.slice(cut)).filter((ending) => ending !== '');
}

function fill(literals: readonly string[], fillers: readonly string[]): readonly string[] {
  const [first = '', ...rest] = literals;
  return rest.reduce<readonly string[]>(
    (begun, literal, star) => {
      const used = star < maxStars ? fillers : fillers.slice(-1);
      return begun.flatMap((text) => used.map((filler) => `${text}${filler}${literal}`));
    },
    [first],
  );
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

function fitPlain(pattern: string, filler: string): string {
  const repeated = pattern.replace(/(\\[dwsDWS]|\[[^\]]*\]|\.)(\*|\+|\{[^}]*\})\??/g, (_, one: string) =>
    one === '\\d' || one === '[0-9]' ? '987654321' : filler,
  );
  return repeated
    .replace(/\\d|\[0-9\]/g, '7')
    .replace(/\[([^\]^])[^\]]*\]/g, '$1')
    .replace(/[*+?]/g, '')
    .replace(/\\(.)/g, '$1');
}
