// For a program that a test starts with an environment of its own: what is compiled for it is compiled once in a run of the tests
// (see once/run-folder.ts).
import { join } from 'node:path';

const { NODE_COMPILE_CACHE, TEST_RUN_FOLDER } = process.env;

/** What Node compiles. A start of `cambio` takes a third of the CPU then. */
export const compiledOnce: Readonly<Record<string, string>> =
  NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };

/** And what esbuild does: for a program that synthesizes, which a user's compiles for itself. */
export const bundledOnce: Readonly<Record<string, string>> =
  TEST_RUN_FOLDER === undefined
    ? {}
    : { ...compiledOnce, TEST_RUN_FOLDER, NODE_OPTIONS: `--import ${join(import.meta.dirname, 'once/preload.mjs')}` };
