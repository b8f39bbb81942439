// Whether a program that is no npm package is there; tests that need one skip loudly without it.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Looks along PATH; says on stderr what does not run when the program is missing. */
export function installed(program: string, tests: string): boolean {
  return firstInstalled([program], tests) !== undefined;
}

/** The path of the first of these that PATH has; says on stderr what does not run when there is none. */
export function firstInstalled([program = '', ...others]: readonly string[], tests: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.flatMap((folder) => [program, ...others].map((name) => join(folder, name))).find(isExecutable);
  if (found === undefined) sayNotInstalled(program, tests);
  return found;
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
