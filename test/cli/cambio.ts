// Runs the `cambio` command in this process.
import { createSend } from '../../cli/http-client.ts';
import type { Machine } from '../../cli/machine.ts';
import { run } from '../../cli/run.ts';

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

const nowhere: Machine = {
  environment: {},
  clock: () => 1_795_000_000_000,
  random: () => 0.5,
  sleep: async () => {},
  send: async () => {
    throw new Error('no network in this test');
  },
  runProgram: async () => undefined,
  readStdin: async () => undefined,
};

/** Real time, real requests and no pauses, with the variables given and no others. */
export function inTheWorld(environment: Readonly<Record<string, string | undefined>>): Machine {
  return { ...nowhere, environment, clock: Date.now, send: createSend(environment) };
}

/** Runs it on another machine. */
export async function cambioIn(machine: Partial<Machine>, ...words: readonly string[]): Promise<Ran> {
  const texts = { stdout: '', stderr: '' };
  const write = (to: keyof typeof texts) => (text: string) => {
    texts[to] += text;
  };
  const exit = await run(words, { stdout: write('stdout'), stderr: write('stderr') }, { ...nowhere, ...machine });
  return { exit, ...texts };
}

export function cambio(...words: readonly string[]): Promise<Ran> {
  return cambioIn({}, ...words);
}
