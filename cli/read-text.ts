// A file that a person named. Reads it.
import { readFileSync } from 'node:fs';
import { UsageError } from './usage.ts';

/** @throws UsageError naming the file */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`${path}: cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}
