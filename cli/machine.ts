// The machine a command runs on, as far as it uses it: this-machine.ts makes the real one. Types only.
import type { Environment } from './environment.ts';
import type { Send } from './http-client.ts';

/** Runs a program to its end; undefined when there is no such program. Its output is never shown: it may be a token. */
export type RunProgram = (
  program: string,
  args: readonly string[],
) => Promise<{ readonly exit: number; readonly stdout: string } | undefined>;

export interface Machine {
  readonly environment: Environment;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** From 0 up to 1, for jitter alone. */
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly send: Send;
  readonly runProgram: RunProgram;
  /** Asks whoever sits at the terminal; there is none where nobody does. Undefined when the input ended. */
  readonly ask?: ((question: string) => Promise<string | undefined>) | undefined;
  /** What was piped in; undefined when nothing was. */
  readonly readStdin: () => Promise<string | undefined>;
}
