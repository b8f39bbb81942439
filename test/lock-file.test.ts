// The lock files are whole: npm ci refuses one that lacks an optional package of any platform, wherever it runs.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>>; readonly resolved?: string }>
  >;
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
/** Ours, that of what only test/bench/peer.ts compares with, and that of what only mutation testing needs. */
const folders = ['', 'test/bench/', 'test/mutation/'];

test('every optional dependency in the lock file has an entry of its own', () => {
  const { packages } = read('package-lock.json') as LockFile;
  const names = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')));
  const wanted = Object.values(packages).flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}));
  expect(wanted.length).toBeGreaterThan(20);
  expect(wanted.filter((name) => !names.has(name))).toEqual([]);
});

test.each(folders)('every version in %spackage.json is exact', (folder) => {
  const { dependencies, devDependencies, optionalDependencies } = read(`${folder}package.json`);
  const versions = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
  expect(versions).not.toEqual([]);
  for (const [name, version] of versions) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
});

test.each(folders)('%spackage-lock.json names no registry but the public one', (folder) => {
  const { packages } = read(`${folder}package-lock.json`) as LockFile;
  const places = Object.values(packages).flatMap(({ resolved }) => resolved ?? []);
  const elsewhere = (urls: readonly string[]) => urls.filter((url) => !url.startsWith('https://registry.npmjs.org/'));
  expect(elsewhere(places)).toEqual([]);
  expect(elsewhere(['https://npm.acme.example/koa'])).toHaveLength(1);
});
