// sbom.cdx.json: the libraries that are compiled into a release, as CycloneDX 1.6. Reads package-lock.json; writes the file.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCli } from '../cli-bundle.ts';
import { functionSources } from '../function-code.ts';
import { bundleConstruct } from './construct-bundle.ts';
import { description, license, type ReleasePart, root, version } from './release-part.ts';

/** The paths that each part was compiled from, below the checkout. */
type Sources = Readonly<Record<string, readonly string[]>>;

interface LockedPackage {
  readonly version: string;
  readonly license: string;
  readonly integrity: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Of package-lock.json: by path below the checkout. */
export type LockedPackages = Readonly<Record<string, LockedPackage>>;

const name = 'cambio-token-exchange';

export const makeSbom: ReleasePart = async (dist) => {
  const [construct, command] = await Promise.all([bundleConstruct(), bundleCli()]);
  const sources = { construct: construct.sources, functions: functionSources(), 'cambio.mjs': command.sources };
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: LockedPackages };
  const bom = billOfMaterials(sources, lock.packages);
  writeFileSync(join(dist, 'sbom.cdx.json'), `${JSON.stringify(bom, undefined, 2)}\n`);
  return [`sbom.cdx.json ${bom.components.length} libraries`];
};

/**
 * The same for the same sources and lock file: its serial number is made of what it says, and it has no time.
 * @throws Error when a library is not in the lock file
 * @see [CycloneDX 1.6](https://cyclonedx.org/docs/1.6/json/)
 */
export function billOfMaterials(sources: Sources, locked: LockedPackages) {
  const parts = Object.entries(sources);
  const paths = [...new Set(parts.flatMap(([, files]) => files.flatMap((file) => libraryOf(file) ?? [])))].sort();
  const components = paths.map((path) => {
    const within = parts.filter(([, files]) => files.some((file) => libraryOf(file) === path)).map(([part]) => part);
    return component(path, lockedAt(path, locked), within);
  });
  const root = `pkg:npm/${name}@${version}`;
  const content = {
    metadata: {
      component: {
        ...{ type: 'library', 'bom-ref': root, name, version, description },
        ...{ licenses: licensesOf(license), purl: root },
      },
    },
    components,
    dependencies: [
      { ref: root, dependsOn: refsOf(paths, locked) },
      ...paths.map((path) => ({ ref: refOf(path, locked), dependsOn: refsOf(neededBy(path, paths, locked), locked) })),
    ],
  };
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(content))}`;
  return { bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber, version: 1, ...content } as const;
}

/** The library that a source is of, by its path in the lock file; undefined for a source of ours. */
function libraryOf(source: string): string | undefined {
  return /node_modules\/(?:(?:@[^/]+\/)?[^/]+\/node_modules\/)*(?:@[^/]+\/)?[^/]+(?=\/)/.exec(source)?.[0];
}

function lockedAt(path: string, locked: LockedPackages): LockedPackage {
  return locked[path] ?? missing(path);
}

function component(path: string, { version, license, integrity }: LockedPackage, parts: readonly string[]) {
  const [, group, name] = /(?:(@[^/]+)\/)?([^/]+)$/.exec(path) ?? [];
  const purl = purlOf(path, version);
  const [algorithm = '', digest = ''] = integrity.split('-');
  const content = Buffer.from(digest, 'base64').toString('hex');
  return {
    ...{ type: 'library', 'bom-ref': purl, ...(group !== undefined && { group }), name, version, purl },
    licenses: licensesOf(license),
    hashes: [{ alg: algorithm.replace(/^sha/, 'SHA-'), content }],
    properties: parts.map((value) => ({ name: 'cambio:part', value })),
  };
}

function licensesOf(license: string) {
  return /[ ()]/.test(license) ? [{ expression: license }] : [{ license: { id: license } }];
}

/** @see [purl type npm](https://github.com/package-url/purl-spec): the @ of a scope is encoded */
function purlOf(path: string, version: string): string {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function refOf(path: string, locked: LockedPackages): string {
  return purlOf(path, lockedAt(path, locked).version);
}

function refsOf(paths: readonly string[], locked: LockedPackages): readonly string[] {
  return paths.map((path) => refOf(path, locked));
}

/** Those it depends on, as far as they were compiled in, found as Node finds them: beside it, or above. */
function neededBy(path: string, among: readonly string[], locked: LockedPackages): readonly string[] {
  const { dependencies = {} } = lockedAt(path, locked);
  return Object.keys(dependencies).flatMap((name) => {
    const places = foldersAbove(path).map((folder) => `${folder}node_modules/${name}`);
    return places.find((place) => among.includes(place)) ?? [];
  });
}

function foldersAbove(path: string): readonly string[] {
  const above = path.lastIndexOf('node_modules/');
  return above < 0 ? [] : [`${path}/`, ...(above === 0 ? [''] : foldersAbove(path.slice(0, above - 1)))];
}

/** A UUID of version 8 (RFC 9562 §5.8): made of a hash. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `${variant}${hex.slice(17, 20)}`];
  return [...parts, hex.slice(20, 32)].join('-');
}

function missing(path: string): never {
  throw new Error(`${path} is not in package-lock.json`);
}
