// `npm run build:cli`: dist/cambio.mjs, its SHA-256 beside it. Writes files.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCli } from './cli-bundle.ts';

const folder = join(import.meta.dirname, '../dist');
const { code, sha256 } = await bundleCli();
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'cambio.mjs'), code, { mode: 0o755 });
writeFileSync(join(folder, 'cambio.mjs.sha256'), `${sha256}  cambio.mjs\n`);
process.stdout.write(`dist/cambio.mjs ${Math.round(code.length / 1_024)} KiB, sha256 ${sha256}\n`);
