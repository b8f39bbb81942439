// What an option or a word takes where that is not any text. Pure.
import { orDidYouMean } from './command-line.ts';

export const choices: Readonly<Record<string, readonly string[]>> = {
  format: ['process', 'env', 'github', 'container'],
  from: ['aws'],
  checklist: ['pre-production', 'production', 'incident'],
  by: ['jti', 'family', 'subject', 'client', 'issuer', 'key', 'run'],
  ci: ['github-actions', 'gitlab', 'circleci', 'buildkite', 'bitbucket', 'azure-devops', 'semaphore'],
  SHELL: ['bash', 'zsh', 'fish'],
  KIND: ['issuer', 'client', 'rule', 'audience', 'role'],
};

/** What is wrong with what was given for it; undefined where nothing is, or any text will do. */
export function choiceProblem(name: string, given: string): string | undefined {
  const taken = Object.hasOwn(choices, name) ? choices[name] : undefined;
  if (!taken || taken.includes(given)) return undefined;
  const isWord = name === name.toUpperCase();
  const takes = taken.length > 1 ? 'takes one of' : 'takes';
  return `${isWord ? `${name} is one of` : `--${name} ${takes}`} ${taken.join(', ')}${orDidYouMean(given, taken)}`;
}
