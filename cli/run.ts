// From the words of a command line to a command and its exit code.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { policyCheck } from './policy-check.ts';
import { type ExplainOptions, policyExplain } from './policy-explain.ts';
import { policyReplay } from './policy-replay.ts';
import { policyTest } from './policy-test.ts';
import { exitCodes, type Output, UsageError, usage } from './usage.ts';
import { type WhyOptions, type WhySurroundings, why } from './why.ts';

type Values = Readonly<Record<string, string | boolean | undefined>>;

interface Given {
  readonly values: Values;
  readonly positionals: readonly string[];
  readonly output: Output;
  readonly around: WhySurroundings;
}

interface Command {
  /** What PATH or ID it takes, for its error; `optional` when it may be left out. */
  readonly argument?: { readonly name: string; readonly optional?: true };
  readonly options: NonNullable<ParseArgsConfig['options']>;
  readonly run: (given: Given) => number | Promise<number>;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const defaultPolicy = 'infra/policy';

const texts = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, text]));

const commands: Readonly<Record<string, Command>> = {
  'policy check': {
    argument: { name: 'PATH', optional: true },
    options: {},
    run: ({ positionals: [path = defaultPolicy], output }) => policyCheck(path, output),
  },
  'policy test': {
    argument: { name: 'PATH', optional: true },
    options: {},
    run: ({ positionals: [path = defaultPolicy], output }) => policyTest(path, output),
  },
  'policy explain': {
    options: {
      ...texts('policy', 'claims', 'token-file', 'token-env', 'issuer', 'actor-claims', 'actor-issuer'),
      ...texts('client', 'audience', 'resource', 'role', 'scope', 'now'),
      json: flag,
    },
    run: ({ values, output, around }) => policyExplain(values as ExplainOptions, output, around),
  },
  'policy replay': {
    argument: { name: 'AUDIT.jsonl' },
    options: texts('policy'),
    run: ({ values, positionals: [file = ''], output }) => policyReplay(file, values, output),
  },
  why: {
    argument: { name: 'DECISION_ID' },
    options: { ...texts('url'), json: flag },
    run: ({ values, positionals: [id = ''], output, around }) => why(id, values as WhyOptions, output, around),
  },
};

/** @returns the exit code */
export async function run(words: readonly string[], output: Output, around: WhySurroundings): Promise<number> {
  if (words.some((word) => word === '--help' || word === '-h')) {
    output.stdout(usage);
    return exitCodes.ok;
  }
  try {
    return await dispatch(words, output, around);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    output.stderr(`cambio: ${error.message}\n\n${usage}`);
    return exitCodes.usage;
  }
}

async function dispatch(words: readonly string[], output: Output, around: WhySurroundings): Promise<number> {
  const name = commandOf(words);
  const command = commands[name];
  if (!command) throw new UsageError(name === '' ? 'name a command' : `unknown command: ${name}`);
  const { values, positionals } = parse(words.slice(name.split(' ').length), command);
  checkArguments(name, command, positionals);
  return command.run({ values, positionals, output, around });
}

function commandOf([noun = '', verb = '']: readonly string[]): string {
  if (noun.startsWith('-')) return '';
  return Object.hasOwn(commands, noun) ? noun : [noun, verb.startsWith('-') ? '' : verb].join(' ').trim();
}

function parse(words: readonly string[], { options }: Command): { values: Values; positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    return { values: values as Values, positionals };
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause));
  }
}

function checkArguments(name: string, { argument }: Command, positionals: readonly string[]): void {
  if (positionals.length > (argument ? 1 : 0)) {
    throw new UsageError(`${name} takes ${argument ? `one ${argument.name}` : 'no further words'}`);
  }
  if (argument && !argument.optional && positionals.length === 0)
    throw new UsageError(`${name} needs ${argument.name}`);
}
