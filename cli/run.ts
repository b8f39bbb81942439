// From the words of a command line to a command and its exit code.
import { parseArgs } from 'node:util';
import { policyCheck } from './policy-check.ts';
import { exitCodes, type Output, usage } from './usage.ts';

/** @returns the exit code */
export function run(words: readonly string[], output: Output): number {
  const parsed = parse(words);
  if ('problem' in parsed) return misuse(parsed.problem, output);
  const { help, positionals } = parsed;
  if (help) {
    output.stdout(usage);
    return exitCodes.ok;
  }
  const [noun, verb, path = 'infra/policy', ...rest] = positionals;
  if (noun === undefined) return misuse('name a command', output);
  if (noun !== 'policy' || verb !== 'check') return misuse(`unknown command: ${[noun, verb].join(' ').trim()}`, output);
  if (rest.length > 0) return misuse('policy check takes one PATH', output);
  return policyCheck(path, output);
}

type Parsed = { readonly help: boolean; readonly positionals: readonly string[] } | { readonly problem: string };

function parse(words: readonly string[]): Parsed {
  try {
    const options = { help: { type: 'boolean', short: 'h', default: false } } as const;
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    return { help: values.help, positionals };
  } catch (cause) {
    return { problem: cause instanceof Error ? cause.message : String(cause) };
  }
}

function misuse(problem: string, { stderr }: Output): number {
  stderr(`cambio: ${problem}\n\n${usage}`);
  return exitCodes.usage;
}
