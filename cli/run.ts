// From the words of a command line to a command and its exit code.
import { parseArgs } from 'node:util';
import { version } from '../shared/version.ts';
import { CallFailed } from './call-failed.ts';
import type { Command, Given } from './command.ts';
import { commands } from './command-table.ts';
import { failureLines } from './failure-text.ts';
import type { Machine } from './machine.ts';
import { exitCodes, type Output, UsageError, usage } from './usage.ts';

/** The words themselves are wrong, so that the usage helps. */
class CommandLineError extends UsageError {
  override readonly name = 'CommandLineError';
}

/** @returns the exit code */
export async function run(words: readonly string[], output: Output, machine: Machine): Promise<number> {
  if (words[0] === '--version') {
    output.stdout(`${version}\n`);
    return exitCodes.ok;
  }
  if (asksForHelp(words)) {
    output.stdout(usage);
    return exitCodes.ok;
  }
  try {
    return await dispatch(words, output, machine);
  } catch (error) {
    return report(error, output);
  }
}

// Behind `--` are the words of another program.
function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? words.length : end).some((word) => word === '--help' || word === '-h');
}

function report(error: unknown, { stderr }: Output): number {
  if (error instanceof UsageError) {
    stderr(`cambio: ${error.message}\n${error instanceof CommandLineError ? `\n${usage}` : ''}`);
    return exitCodes.usage;
  }
  if (!(error instanceof CallFailed)) throw error;
  for (const line of failureLines(error)) stderr(`${line}\n`);
  return error.exit;
}

async function dispatch(words: readonly string[], output: Output, machine: Machine): Promise<number> {
  const name = commandOf(words);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw new CommandLineError(name === '' ? 'name a command' : `unknown command: ${name}`);
  const { values, positionals } = parse(words.slice(name.split(' ').length), command);
  checkArguments(name, command, positionals);
  return command.run({ values, positionals, output, machine });
}

function commandOf([noun = '', verb = '']: readonly string[]): string {
  if (noun.startsWith('-')) return '';
  const both = [noun, verb.startsWith('-') ? '' : verb].join(' ').trim();
  return Object.hasOwn(commands, both) || !Object.hasOwn(commands, noun) ? both : noun;
}

function parse(words: readonly string[], { options, argument }: Command): Pick<Given, 'values' | 'positionals'> {
  const end = argument?.rest ? words.indexOf('--') : -1;
  const own = end < 0 ? words : words.slice(0, end);
  try {
    const { values, positionals } = parseArgs({ args: [...own], options, allowPositionals: true });
    const rest = end < 0 ? [] : words.slice(end + 1);
    if (argument?.rest && positionals.length > 0) throw new Error(`put -- before ${argument.name}`);
    return { values: values as Given['values'], positionals: [...positionals, ...rest] };
  } catch (cause) {
    throw new CommandLineError(cause instanceof Error ? cause.message : String(cause));
  }
}

function checkArguments(name: string, { argument }: Command, positionals: readonly string[]): void {
  if (argument?.rest && positionals.length > 0) return;
  const wanted = argument ? argument.name.split(' ').length : 0;
  if (positionals.length > wanted) {
    const taken = wanted === 0 ? 'no further words' : `${wanted === 1 ? 'one ' : ''}${argument?.name}`;
    throw new CommandLineError(`${name} takes ${taken}`);
  }
  if (argument && !argument.optional && positionals.length < wanted) {
    throw new CommandLineError(`${name} needs ${argument.rest ? `-- ${argument.name}` : argument.name}`);
  }
}
