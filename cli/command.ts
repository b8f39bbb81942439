// What a command is to the command line: its options, its words, and the code that is loaded once it is called. Types only.
import type { Options } from './command-line.ts';
import type { Machine } from './machine.ts';
import type { Output } from './usage.ts';

export interface Given {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
  readonly output: Output;
  readonly machine: Machine;
}

export interface Command {
  /** The words it takes, for its error; `optional` when they may be left out, `rest` for a command line after `--`. */
  readonly argument?: { readonly name: string; readonly optional?: true; readonly rest?: true };
  readonly options: Options;
  /** @returns the exit code */
  readonly run: (given: Given) => Promise<number>;
}
