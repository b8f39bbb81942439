// `npm run build:cli`: the part of a release that is the `cambio` command, in dist/. Writes files.
import { join } from 'node:path';
import { makeCommand } from './command.ts';
import { root } from './release-part.ts';

for (const line of await makeCommand(join(root, 'dist'))) process.stdout.write(`dist/${line}\n`);
