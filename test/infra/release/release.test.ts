// The parts of a release that are no bundles, its checksums, and that everything says the same version.
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeChecksums } from '../../../infra/release/checksums.ts';
import { makeDocuments } from '../../../infra/release/documents.ts';
import { makeJobs } from '../../../infra/release/jobs.ts';
import { settleModes } from '../../../infra/release/modes.ts';
import { version } from '../../../shared/version.ts';

const root = join(import.meta.dirname, '../../..');
const dist = mkdtempSync(join(tmpdir(), 'cambio-release-'));
const textOf = (file: string): string => readFileSync(join(dist, file), 'utf8');
beforeAll(async () => {
  for (const make of [makeDocuments, makeJobs, makeChecksums]) await make(dist);
});
afterAll(() => rmSync(dist, { recursive: true }));

test('documents, the script for jobs, GitLab and Kubernetes files are in it', () => {
  expect(JSON.parse(textOf('openapi.json'))).toMatchObject({ openapi: '3.1.1', info: { version } });
  expect(textOf('policy.schema.json')).toBe(readFileSync(join(root, 'docs/policy.schema.json'), 'utf8'));
  for (const file of ['cambio.sh', 'gitlab/templates/cambio.yml', 'kubernetes/Dockerfile', 'kubernetes/sidecar.yaml']) {
    expect(textOf(file)).toBe(readFileSync(join(root, 'cli', file), 'utf8'));
  }
});

test('its checksums are of every file, and of no other', () => {
  const lines = textOf('SHA256SUMS').trimEnd().split('\n');
  const sums = lines.map((line) => line.split('  ') as [string, string]);
  expect(sums.map(([, file]) => file)).toEqual(expect.arrayContaining(['cambio.sh', 'openapi.json']));
  expect(sums.map(([, file]) => file)).not.toContain('SHA256SUMS');
  for (const [sum, file] of sums) expect(createHash('sha256').update(textOf(file)).digest('hex')).toBe(sum);
});

test('everybody may read it, and run what is run, whatever the checkout allows', () => {
  const modeOf = (file: string): string => (statSync(join(dist, file)).mode & 0o777).toString(8);
  for (const [file, mode] of Object.entries({ 'cambio.sh': 0o700, 'openapi.json': 0o600, gitlab: 0o700 })) {
    chmodSync(join(dist, file), mode);
  }
  settleModes(dist);
  expect(['cambio.sh', 'openapi.json', 'gitlab', '.'].map(modeOf)).toEqual(['755', '644', '755', '755']);
});

test('the package, the lock file, the code and the changelog have one version', () => {
  const read = (file: string) => readFileSync(join(root, file), 'utf8');
  expect(JSON.parse(read('package.json')).version).toBe(version);
  expect(JSON.parse(read('package-lock.json')).packages[''].version).toBe(version);
  expect(read('CHANGELOG.md')).toContain(`\n## ${version}\n`);
});
