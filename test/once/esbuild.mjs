// esbuild for the tests' own processes: the functions are compiled by the first that needs them, and the others read what it made.
// Sources stand still while tests run. What starts as a user starts it (`npm start`, `cdk synth`) compiles for itself.
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';

export * from 'esbuild';

const folder = join(process.env.TEST_RUN_FOLDER, 'builds');

export function buildSync(options) {
  // Plugins are code, and files that are written are somebody's: neither has a place here.
  if (options.plugins !== undefined || options.write !== false) return esbuild.buildSync(options);
  const key = createHash('sha256')
    .update(JSON.stringify([process.cwd(), options]))
    .digest('hex');
  const path = join(folder, `${key}.json`);
  return revived(read(path) ?? made(path, options));
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function build(options) {
  return options.plugins !== undefined || options.write !== false ? esbuild.build(options) : buildSync(options);
}

/** Written beside and renamed: whoever reads meanwhile finds all of it or nothing. */
function made(path, options) {
  const { outputFiles, ...rest } = esbuild.buildSync(options);
  const json = JSON.stringify({
    ...rest,
    outputFiles: outputFiles.map(({ path, hash, text }) => ({ path, hash, text })),
  });
  mkdirSync(folder, { recursive: true });
  const beside = `${path}.${randomUUID()}`;
  writeFileSync(beside, json);
  renameSync(beside, path);
  return json;
}

function revived(json) {
  const { outputFiles, ...rest } = JSON.parse(json);
  return { ...rest, outputFiles: outputFiles.map((file) => ({ ...file, contents: Buffer.from(file.text) })) };
}
