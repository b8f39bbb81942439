// Runs the `cambio` command in this process.
import { run } from '../../cli/run.ts';
import type { WhySurroundings } from '../../cli/why.ts';

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

const nowhere: WhySurroundings = {
  environment: {},
  now: () => 1_795_000_000_000,
  fetch: async () => {
    throw new Error('no network in this test');
  },
};

/** Runs it in other surroundings. */
export async function cambioIn(around: Partial<WhySurroundings>, ...words: readonly string[]): Promise<Ran> {
  const texts = { stdout: '', stderr: '' };
  const write = (to: keyof typeof texts) => (text: string) => {
    texts[to] += text;
  };
  const exit = await run(words, { stdout: write('stdout'), stderr: write('stderr') }, { ...nowhere, ...around });
  return { exit, ...texts };
}

export function cambio(...words: readonly string[]): Promise<Ran> {
  return cambioIn({}, ...words);
}
