// Patterns of `match`: what is surely not what its author meant. Pure.

export interface PatternProblem {
  readonly message: string;
  readonly hint: string;
}

const asGlob = 'globs are anchored already: * is one or more characters but : and /, ** is zero or more of any';

/** Each is a way through the whole claim, in every decision, whoever's rule it is. */
const mostStars = 16;

/** Marks of a regular expression that hardly occur in real claims. `v1.*` and `a|b` do occur: they are literal. */
const regexMarks: readonly RegExp[] = [
  /^\^/,
  /\$$/,
  /(^|[^A-Za-z0-9*])\.[*+]/,
  /\\[dwsbDWSB.*+?()[\]{}|/-]/,
  /\[[^\]]+\][*+?{]/,
  /\[\^?[A-Za-z0-9]-[A-Za-z0-9]/,
  /\(\?[:=!<a-zA-Z]/,
  /\([^()]*\|[^()]*\)/,
  /\)[*+?]/,
];

/** Letters and marks of which no problem is made: most values of a large policy. */
const harmless = /^[\w @/:.,-]+$/;

export function patternProblem(pattern: string): PatternProblem | undefined {
  if (harmless.test(pattern)) return undefined;
  if (pattern === '') return { message: 'this pattern is empty', hint: 'write the value that the claim must have' };
  if (/^\*+$/.test(pattern)) {
    return {
      message: 'this pattern matches nearly everything',
      hint: 'leave the claim out, or say what it must begin with',
    };
  }
  if (pattern.includes('***')) return { message: 'three stars in a row mean nothing', hint: asGlob };
  if ((pattern.match(/\*+/g)?.length ?? 0) > mostStars) {
    return {
      message: `more than ${mostStars} stars in one pattern`,
      hint: 'match several claims, or list several patterns',
    };
  }
  if (!regexMarks.some((mark) => mark.test(pattern))) return undefined;
  return { message: 'this looks like a regular expression; patterns are globs', hint: asGlob };
}
