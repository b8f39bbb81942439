// What a stack with --data remembers from one start to the next: which physical resource each logical id became. I/O: one file.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../start-error.ts';
import type { Physical } from './deployment.ts';
import { isObject } from './stack-template.ts';

/** A resource that exists, and the properties it was made with, as JSON. */
interface Remembered extends Physical {
  readonly madeWith: string;
}

export interface StackState {
  readonly find: (logicalId: string) => Remembered | undefined;
  readonly remember: (logicalId: string, resource: Remembered) => void;
}

/** State in `directory`, or none that lasts. @throws StartError if it cannot be made or holds something else */
export function openState(directory: string | undefined): StackState {
  if (directory === undefined) return { find: () => undefined, remember: () => {} };
  makeFolder(directory);
  const path = join(directory, 'stack.json');
  const resources = new Map(Object.entries(read(path)));
  return {
    find: (logicalId) => resources.get(logicalId),
    remember: (logicalId, resource) => {
      resources.set(logicalId, resource);
      // Written beside and renamed: a stack killed meanwhile leaves the old state or the new one.
      writeFileSync(`${path}.new`, JSON.stringify(Object.fromEntries(resources), null, 2));
      renameSync(`${path}.new`, path);
    },
  };
}

/** Makes the folder of --data. @throws StartError if it cannot be one */
export function makeFolder(directory: string): void {
  try {
    // Not recursive: below /proc, where nothing can be made, Node would try for ever.
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) mkdirSync(directory);
  } catch (error) {
    throw new StartError(`--data ${directory}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function read(path: string): Record<string, Remembered> {
  try {
    const state: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isObject(state)) return state as Record<string, Remembered>;
  } catch (error) {
    if (isObject(error) && error.code === 'ENOENT') return {};
  }
  throw new StartError(`${path} is not the state of a local stack; remove the folder to start anew`);
}
