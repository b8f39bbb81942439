// `npm run release`: everything of a release, in dist/. Each part is a function of a file of its own, and is handed the folder.
// Writes files.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeChecksums } from './checksums.ts';
import { makeCommand } from './command.ts';
import { makeDocuments } from './documents.ts';
import { makeJobs } from './jobs.ts';
import { settleModes } from './modes.ts';
import { makePackage } from './package.ts';
import type { ReleasePart } from './release-part.ts';
import { makeSbom } from './sbom.ts';

/** In this order: what is made of all the others comes last. */
const parts: readonly ReleasePart[] = [...[makeCommand, makePackage, makeDocuments, makeJobs, makeSbom], makeChecksums];

const dist = join(import.meta.dirname, '../../dist');
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
for (const part of parts) for (const line of await part(dist)) process.stdout.write(`${line}\n`);
settleModes(dist);
