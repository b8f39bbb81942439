// The pages of docs/runbooks and the commands that they show. Reads files.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wordsOf } from './words.ts';

const folder = join(import.meta.dirname, '../../docs/runbooks');

export interface Runbook {
  readonly name: string;
  readonly text: string;
}

export const runbooks: readonly Runbook[] = readdirSync(folder)
  .filter((file) => file.endsWith('.md'))
  .map((file) => ({ name: file.replace(/\.md$/, ''), text: readFileSync(join(folder, file), 'utf8') }));

/** Commands of a program, in their order: lines of its blocks of sh, and what stands in backticks with an argument. */
export function commandsOf(text: string, program: 'cambio' | 'aws'): readonly string[] {
  const shown = text.matchAll(/```sh\n([\s\S]*?)```|`([^`\n]+)`/g);
  return [...shown]
    .flatMap(([, block, inline]) => (block ?? inline ?? '').split(/\n */))
    .filter((line) => line.startsWith(`${program} `));
}

/** Commands of the blocks of sh alone: those that somebody copies. */
export function typedCommandsOf(text: string, program: 'cambio' | 'aws'): readonly string[] {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.split('\n')).filter((line) => line.startsWith(`${program} `));
}

/** Without the program. */
export function commandWords(line: string): readonly string[] {
  return wordsOf(line).slice(1);
}
