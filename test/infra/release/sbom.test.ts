import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { billOfMaterials, type LockedPackages } from '../../../infra/release/sbom.ts';

const digest = Buffer.alloc(64, 1);
const locked = (version: string, dependencies: Readonly<Record<string, string>> = {}, license = 'MIT') => ({
  ...{ version, license, dependencies, integrity: `sha512-${digest.toString('base64')}` },
});
const packages: LockedPackages = {
  'node_modules/a': locked('1.0.0', { b: '^1.0.0', '@scope/c': '*', unused: '*' }),
  'node_modules/a/node_modules/b': locked('1.1.0', { '@scope/c': '*' }),
  'node_modules/b': locked('2.0.0'),
  'node_modules/@scope/c': locked('3.0.0', {}, '(Apache-2.0 AND BSD-3-Clause)'),
  'node_modules/unused': locked('4.0.0'),
};
const sources = {
  construct: ['infra/x.ts', 'node_modules/a/index.js', 'node_modules/a/node_modules/b/lib/index.js'],
  functions: ['functions/x.ts', '../elsewhere/node_modules/@scope/c/index.js', 'node_modules/a/other.js'],
};

test('names each library that is compiled in, once, with its licence, its hash, and the parts that have it', () => {
  const { components, dependencies } = billOfMaterials(sources, packages);
  expect(components.map(({ purl, properties }) => [purl, ...properties.map(({ value }) => value)])).toEqual([
    ['pkg:npm/%40scope/c@3.0.0', 'functions'],
    ['pkg:npm/a@1.0.0', 'construct', 'functions'],
    ['pkg:npm/b@1.1.0', 'construct'],
  ]);
  expect(components[0]).toMatchObject({
    ...{ type: 'library', group: '@scope', name: 'c', version: '3.0.0' },
    licenses: [{ expression: '(Apache-2.0 AND BSD-3-Clause)' }],
    hashes: [{ alg: 'SHA-512', content: digest.toString('hex') }],
  });
  expect(components[1]?.licenses).toEqual([{ license: { id: 'MIT' } }]);
  const dependsOn = Object.fromEntries(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  expect(dependsOn['pkg:npm/a@1.0.0']).toEqual(['pkg:npm/b@1.1.0', 'pkg:npm/%40scope/c@3.0.0']);
  expect(dependsOn['pkg:npm/b@1.1.0']).toEqual(['pkg:npm/%40scope/c@3.0.0']);
});

test('is the same for the same libraries and another for others, and a library that is not locked is an error', () => {
  const bom = billOfMaterials(sources, packages);
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
  expect(bom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(billOfMaterials(sources, packages)).toEqual(bom);
  expect(billOfMaterials({ construct: sources.construct }, packages).serialNumber).not.toBe(bom.serialNumber);
  expect(() => billOfMaterials({ construct: ['node_modules/z/index.js'] }, packages)).toThrow(
    'node_modules/z is not in package-lock.json',
  );
});

test('the lock file has what a bill needs of every library', () => {
  const { packages: all } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package-lock.json'), 'utf8'));
  for (const name of ['zod', 'yaml', '@bufbuild/cel', '@bufbuild/protobuf', '@middy/core']) {
    expect(all[`node_modules/${name}`]).toMatchObject({
      version: expect.any(String),
      license: expect.any(String),
      integrity: expect.stringMatching(/^sha512-/),
    });
  }
});
