// SHA256SUMS: every file of a release, as `sha256sum -c` reads it. Reads the files; writes it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ReleasePart } from './release-part.ts';

const sums = 'SHA256SUMS';

export const makeChecksums: ReleasePart = async (dist) => {
  const files = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => relative(dist, join(each.parentPath, each.name)))
    .filter((file) => file !== sums)
    .sort();
  const lines = files.map((file) => `${sha256(readFileSync(join(dist, file)))}  ${file}\n`);
  writeFileSync(join(dist, sums), lines.join(''));
  return [`${sums} ${files.length} files`];
};

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
