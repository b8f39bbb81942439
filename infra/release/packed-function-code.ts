// The code of each function as it was compiled when the package was made: what infra/function-code.ts is in the repository. Reads
// the package's files.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionCode } from '../function-entries.ts';
import { type FilesList, filesList } from './function-files.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, path), 'utf8');

export const functionCode: FunctionCode = (entry) => {
  const files = (JSON.parse(read(filesList)) as FilesList)[entry];
  return new Map(Object.entries(files).map(([path, file]) => [path, read(file)]));
};
