// The licences of the libraries that are compiled into something. Reads node_modules.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './release-part.ts';

/**
 * One after the other, by name.
 * @param paths of the sources that were compiled, below the checkout; those of no library count for nothing
 * @throws Error when a library does not say under what licence it is
 */
export function licencesOf(paths: readonly string[]): string {
  const folders = paths.flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  const licences = [...new Set(folders)].map((folder) => licenceIn(join(root, folder))).sort();
  return licences.map((text) => `${'-'.repeat(80)}\n${text}`).join('\n');
}

function licenceIn(folder: string): string {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (typeof license !== 'string') throw new Error(`${folder} names no licence`);
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8')}`;
  const by = author === undefined ? '' : `, by ${author.name ?? author}`;
  return `${name} ${version}${by}: ${license}\n${text}`;
}
