// The `cambio` command of a release: cambio.mjs, its SHA-256 beside it, and github-action/ with a copy. Writes files.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCli } from '../cli-bundle.ts';
import { type ReleasePart, root } from './release-part.ts';

export const makeCommand: ReleasePart = async (dist) => {
  const action = join(dist, 'github-action');
  const { code, sha256 } = await bundleCli();
  mkdirSync(action, { recursive: true });
  cpSync(join(root, 'cli/github-action'), action, { recursive: true });
  for (const folder of [action, dist]) writeFileSync(join(folder, 'cambio.mjs'), code, { mode: 0o755 });
  writeFileSync(join(dist, 'cambio.mjs.sha256'), `${sha256}  cambio.mjs\n`);
  return [`cambio.mjs ${Math.round(code.length / 1_024)} KiB, sha256 ${sha256}`];
};
