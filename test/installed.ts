// Whether a program that is no npm package is there; tests that need one skip loudly without it.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Looks along PATH; says on stderr what does not run when the program is missing. */
export function installed(program: string, tests: string): boolean {
  const isThere = (process.env['PATH'] ?? '')
    .split(delimiter)
    .some((directory) => isExecutable(join(directory, program)));
  if (!isThere) sayNotInstalled(program, tests);
  return isThere;
}

export function sayNotInstalled(what: string, tests: string): void {
  process.stderr.write(`SKIPPED: ${tests}: ${what} is not installed here\n`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
