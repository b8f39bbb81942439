// `npm run build:cli`: dist/cambio.mjs, its SHA-256 beside it, and dist/github-action/ with a copy. Writes files.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCli } from './cli-bundle.ts';

const root = join(import.meta.dirname, '..');
const action = join(root, 'dist/github-action');
const { code, sha256 } = await bundleCli();
mkdirSync(action, { recursive: true });
cpSync(join(root, 'cli/github-action'), action, { recursive: true });
for (const folder of [action, join(root, 'dist')]) writeFileSync(join(folder, 'cambio.mjs'), code, { mode: 0o755 });
writeFileSync(join(root, 'dist/cambio.mjs.sha256'), `${sha256}  cambio.mjs\n`);
process.stdout.write(`dist/cambio.mjs ${Math.round(code.length / 1_024)} KiB, sha256 ${sha256}\n`);
