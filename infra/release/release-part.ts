// A part of a release, and what all of them know. Reads package.json.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes its files in the folder of the release; answers a line for each, for whoever made the release. */
export type ReleasePart = (dist: string) => Promise<readonly string[]>;

export const root = join(import.meta.dirname, '../..');

interface Manifest {
  readonly version: string;
  readonly description: string;
  readonly license: string;
}

/** What the release is called: the checkout's package.json. */
export const { version, description, license } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
) as Manifest;
