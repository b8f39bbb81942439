// The page of a command, and of all that begin with the same word. Pure; loaded when somebody asks.
import type { Command } from './command.ts';
import { commandWords, type OptionWords, operators, optionWords, signed } from './help-words.ts';
import { usage } from './usage.ts';

type Commands = Readonly<Record<string, Command>>;

/** Characters of a line, on a terminal of the usual width. */
const width = 100;

/**
 * The page for the words: of one command, of those that begin with them, or of everything where there are none.
 * Undefined where nothing is called so.
 */
export function helpFor(name: string, commands: Commands): string | undefined {
  if (name === '') return usage;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  const below = Object.keys(commands).filter((each) => each.startsWith(`${name} `));
  if (!command && below.length === 0) return undefined;
  return [command && pageOf(name, command), below.length > 0 && listOf(name, below)].filter(Boolean).join('\n');
}

function pageOf(name: string, command: Command): string {
  const { does = '', examples = [], options: own = {} } = commandWords[name] ?? {};
  const options = Object.keys(command.options).map((option) => {
    const [takes, says] = own[option] ?? optionWords[option] ?? (['', ''] as OptionWords);
    return [`--${option}${takes === '' ? '' : ` ${takes}`}`, says] as const;
  });
  const rows = [...options, ['-h, --help', 'shows this text'] as const];
  return [
    `usage: ${usageLine(name, command)}`,
    '',
    ...wrapped(does, ''),
    ...(operators.includes(name) ? wrapped(signed, '') : []),
    '',
    'options:',
    ...rows.flatMap(([option, says]) => row(option, says)),
    '',
    `example${examples.length === 1 ? '' : 's'}:`,
    ...examples.map((each) => `  cambio ${each}`),
    '',
  ].join('\n');
}

function usageLine(name: string, { argument, options }: Command): string {
  const optional = Object.keys(options).length > 0 ? ' [options]' : '';
  if (!argument) return `cambio ${name}${optional}`;
  if (argument.rest) return `cambio ${name}${optional} -- ${argument.name}`;
  return `cambio ${name} ${argument.optional ? `[${argument.name}]` : argument.name}${optional}`;
}

function listOf(name: string, below: readonly string[]): string {
  const lines = below.flatMap((each) => row(each, commandWords[each]?.does ?? ''));
  return ['commands:', ...lines, '', `cambio ${name} COMMAND --help says more of each`, ''].join('\n');
}

const column = 30;

function row(term: string, says: string): readonly string[] {
  const [first = '', ...more] = wrapped(says, ' '.repeat(column));
  const begins = term.length + 2 < column ? [`  ${term}`.padEnd(column) + first.trimStart()] : [`  ${term}`, first];
  return [...begins.map((line) => line.trimEnd()), ...more];
}

function wrapped(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(indent + word);
  }
  return lines;
}
