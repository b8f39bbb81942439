// Words of a command line to options and positionals, with an error that helps: Node's own words name its functions. Pure.
import { parseArgs } from 'node:util';
import { didYouMean, nearestOf } from '../infra/policy/source/did-you-mean.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  /** It may be given several times. */
  readonly multiple?: true;
}

export type Options = Readonly<Record<string, Option>>;

export interface Words {
  readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly positionals: readonly string[];
}

/** The words themselves are wrong: the message says which, and what was meant. */
export class WordsError extends Error {
  override readonly name = 'WordsError';
}

/** @throws WordsError */
export function readWords(words: readonly string[], options: Options): Words {
  // Not strict: what is wrong is said here, in our own words.
  const { tokens } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true });
  const values: Record<string, string | boolean | string[]> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, value } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option || token.rawName !== `--${name}`) throw unknownOption(token.rawName, options);
    if (option.type === 'boolean') {
      if (value !== undefined) throw new WordsError(`--${name} takes no value`);
      values[name] = true;
      continue;
    }
    values[name] = option.multiple ? [...listOf(values[name]), textOf(token)] : textOf(token);
  }
  return { values, positionals };
}

interface OptionToken {
  readonly name: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

/** The next option is no value: whoever forgot one is told. */
function textOf({ name, value, inlineValue }: OptionToken): string {
  if (value === undefined) throw new WordsError(`--${name} needs a value`);
  if (!inlineValue && /^-./.test(value)) {
    throw new WordsError(`--${name} needs a value; one that begins with - is written --${name}=${value}`);
  }
  return value;
}

function listOf(value: string | boolean | string[] | undefined): readonly string[] {
  return Array.isArray(value) ? value : [];
}

function unknownOption(given: string, options: Options): WordsError {
  const names = [...new Set([...Object.keys(options), 'help'])].map((name) => `--${name}`);
  // Of one dash too few, `-audience` is read as `-a`.
  const hint = given.startsWith('--') ? didYouMean(given, names) : `options have two dashes: ${names.join(', ')}`;
  return new WordsError(`there is no option ${given}; ${hint}`);
}

/** `; did you mean …?` where something near is known, else nothing. */
export function orDidYouMean(word: string, candidates: readonly string[]): string {
  const nearest = nearestOf(word, candidates);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}
