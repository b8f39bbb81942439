// `npm run release`: everything of a release, in dist/. Each part is a function of a file of its own, and is handed the folder.
// Writes files.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeCommand } from './command.ts';
import { makePackage } from './package.ts';
import type { ReleasePart } from './release-part.ts';

/** In this order: what is made of all the others comes last. */
const parts: readonly ReleasePart[] = [makeCommand, makePackage];

const dist = join(import.meta.dirname, '../../dist');
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
for (const part of parts) for (const line of await part(dist)) process.stdout.write(`${line}\n`);
