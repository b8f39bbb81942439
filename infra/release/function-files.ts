// The functions' code as files of the package: each chunk once, and a list of the files of each function. Pure.
import { join } from 'node:path';
import type { FunctionCode, FunctionEntry } from '../function-entries.ts';

/** Of the list, below the package. */
export const filesList = 'functions/files.json';

/** Path below the package of each path in a function's bundle. */
export type FilesList = Readonly<Record<FunctionEntry, Readonly<Record<string, string>>>>;

/** Text by its path in the package. */
export function filesOfFunctions(entries: readonly FunctionEntry[], codeOf: FunctionCode): Record<string, string> {
  const files: Record<string, string> = {};
  const list = entries.map((entry) => {
    const placed = [...codeOf(entry)].map(([path, code]) => {
      const place = join('functions', path === 'index.mjs' ? `${entry}.mjs` : path);
      files[place] = code;
      return [path, place] as const;
    });
    return [entry, Object.fromEntries(placed)] as const;
  });
  return { ...files, [filesList]: JSON.stringify(Object.fromEntries(list)) };
}
