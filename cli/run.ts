// From the words of a command line to a command and its exit code.
import { version } from '../shared/version.ts';
import { CallFailed } from './call-failed.ts';
import { choiceProblem } from './choices.ts';
import type { Command, Given } from './command.ts';
import { orDidYouMean, readWords, WordsError } from './command-line.ts';
import { commands } from './command-table.ts';
import { failureLines } from './failure-text.ts';
import type { Machine } from './machine.ts';
import { printable } from './printable.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

/** The words themselves are wrong, so that a page of help is of use. */
class CommandLineError extends UsageError {
  override readonly name = 'CommandLineError';
  readonly page: string;

  /** @param page words after `cambio` */
  constructor(message: string, page: string) {
    super(message);
    this.page = page;
  }
}

/** @returns the exit code */
export async function run(words: readonly string[], output: Output, machine: Machine): Promise<number> {
  if (words[0] === '--version') {
    output.stdout(`${version}\n`);
    return exitCodes.ok;
  }
  try {
    const asked = helpAsked(words);
    return asked ? await help(asked, output) : await dispatch(words, output, machine);
  } catch (error) {
    return report(error, output);
  }
}

/** The words help is asked about. Behind `--` are the words of another program. */
function helpAsked(words: readonly string[]): readonly string[] | undefined {
  if (words[0] === 'help') return words.slice(1);
  const end = words.indexOf('--');
  const own = words.slice(0, end < 0 ? words.length : end);
  return own.some((word) => word === '--help' || word === '-h')
    ? own.filter((word) => !word.startsWith('-'))
    : undefined;
}

async function help(words: readonly string[], { stdout }: Output): Promise<number> {
  const { helpFor } = await import('./help.ts');
  const [noun = '', verb = ''] = words;
  // Behind a command may stand words of its own, as in `cambio policy check PATH --help`.
  const page = helpFor(`${noun} ${verb}`.trim(), commands) ?? helpFor(noun, commands);
  if (page === undefined) throw unknownCommand(words);
  stdout(page);
  return exitCodes.ok;
}

function report(error: unknown, { stderr }: Output): number {
  if (error instanceof UsageError) {
    const isLine = error instanceof CommandLineError;
    stderr(`cambio: ${error.message}\n${isLine ? `see ${`cambio ${error.page}`.trim()} --help\n` : ''}`);
    return exitCodes.usage;
  }
  if (!(error instanceof CallFailed)) throw error;
  for (const line of failureLines(error)) stderr(`${line}\n`);
  return error.exit;
}

async function dispatch(words: readonly string[], output: Output, machine: Machine): Promise<number> {
  const name = commandOf(words);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw name === '' ? new CommandLineError('name a command', '') : unknownCommand(words);
  const { values, positionals } = parse(words.slice(name.split(' ').length), command, name);
  checkArguments(name, command, positionals);
  return command.run({ values, positionals, output, machine });
}

function commandOf([noun = '', verb = '']: readonly string[]): string {
  if (noun.startsWith('-')) return '';
  const both = [noun, verb.startsWith('-') ? '' : verb].join(' ').trim();
  return Object.hasOwn(commands, both) || !Object.hasOwn(commands, noun) ? both : noun;
}

/** What was meant, by the whole name or by its first word; `policy` alone is told what there is of it. */
function unknownCommand(words: readonly string[]): CommandLineError {
  const given = commandOf(words);
  const [noun = '', ...verbs] = given.split(' ');
  const names = Object.keys(commands);
  const below = names.filter((each) => each.startsWith(`${noun} `)).map((each) => each.slice(noun.length + 1));
  const told = `unknown command: ${printable(given)}`;
  if (below.length === 0) {
    const nouns = [...new Set(names.map((each) => each.split(' ')[0] ?? ''))];
    return new CommandLineError(`${told}${orDidYouMean(given, names) || orDidYouMean(noun, nouns)}`, '');
  }
  const meant = orDidYouMean(verbs.join(' '), below).replace('mean ', `mean ${noun} `);
  return new CommandLineError(`${told}${meant || `; ${noun} has ${below.join(', ')}`}`, noun);
}

function parse(
  words: readonly string[],
  { options, argument }: Command,
  name: string,
): Pick<Given, 'values' | 'positionals'> {
  const end = argument?.rest ? words.indexOf('--') : -1;
  const own = end < 0 ? words : words.slice(0, end);
  try {
    const { values, positionals } = readWords(own, options);
    const rest = end < 0 ? [] : words.slice(end + 1);
    if (argument?.rest && positionals.length > 0) throw new WordsError(`put -- before ${argument.name}`);
    checkChoices(values, positionals, argument);
    return { values: values as Given['values'], positionals: [...positionals, ...rest] };
  } catch (error) {
    if (error instanceof WordsError) throw new CommandLineError(error.message, name);
    throw error;
  }
}

function checkChoices(
  values: Readonly<Record<string, unknown>>,
  positionals: readonly string[],
  argument: Command['argument'],
): void {
  const names = argument && !argument.rest ? argument.name.split(' ') : [];
  const words = names.flatMap((name, index) => (positionals[index] === undefined ? [] : [[name, positionals[index]]]));
  for (const [name = '', given] of [...words, ...Object.entries(values)]) {
    const problem = typeof given === 'string' ? choiceProblem(name, given) : undefined;
    if (problem !== undefined) throw new WordsError(problem);
  }
}

function checkArguments(name: string, { argument }: Command, positionals: readonly string[]): void {
  if (argument?.rest && positionals.length > 0) return;
  const wanted = argument ? argument.name.split(' ').length : 0;
  if (positionals.length > wanted) {
    const taken = wanted === 0 ? 'no further words' : `${wanted === 1 ? 'one ' : ''}${argument?.name}`;
    throw new CommandLineError(`${name} takes ${taken}`, name);
  }
  if (argument && !argument.optional && positionals.length < wanted) {
    throw new CommandLineError(`${name} needs ${argument.rest ? `-- ${argument.name}` : argument.name}`, name);
  }
}
