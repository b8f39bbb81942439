// Reads the policy tests that belong to a policy path: those of its folder, or the one beside its file.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkAgainst } from '../schema/check-schema.ts';
import type { Diagnostic } from '../source/diagnostic.ts';
import { type PolicyFile, parseSource } from '../source/parse-source.ts';
import { below, type Place } from '../source/place.ts';
import { tenantFolders } from '../source/read-policy.ts';
import { type PolicyTest, testSchema } from './test-schema.ts';

/** A test and where it stands. */
export interface PlacedTest {
  readonly place: Place;
  readonly test: PolicyTest;
}

export interface ReadTests {
  readonly tests: readonly PlacedTest[];
  readonly diagnostics: readonly Diagnostic[];
}

const ending = '.test.yaml';

/** Tests of a policy: `*.test.yaml` of a folder and of its tenants; `NAME.test.yaml` of the file `NAME.yaml`. None is no mistake. */
export function readTests(policyPath: string): ReadTests {
  const read = testFiles(policyPath).map(readFile);
  return { tests: read.flatMap(({ tests }) => tests), diagnostics: read.flatMap(({ diagnostics }) => diagnostics) };
}

/** The policy a path means: of a test file, the file or folder it belongs to. */
export function policyOf(path: string): string {
  if (!path.endsWith(ending)) return path;
  const folder = join(path, '..');
  const above = tenantFolders(join(folder, '..', '..')).some((tenant) => tenant.folder === folder);
  if (above) return join(folder, '..', '..');
  const beside = `${path.slice(0, -ending.length)}.yaml`;
  return existsSync(beside) ? beside : folder;
}

interface TestFile {
  readonly path: string;
  /** `''`: the root policy. */
  readonly tenant: string;
}

function testFiles(path: string): readonly TestFile[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isDirectory()) {
    const folders = [{ tenant: '', folder: path }, ...tenantFolders(path)];
    return folders.flatMap(({ tenant, folder }) => testsIn(folder).map((file) => ({ path: file, tenant })));
  }
  const beside = path.replace(/\.yaml$/, ending);
  return beside !== path && existsSync(beside) ? [{ path: beside, tenant: '' }] : [];
}

function testsIn(folder: string): readonly string[] {
  if (!statSync(folder).isDirectory()) return [];
  const names = readdirSync(folder).sort();
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

function readFile({ path, tenant }: TestFile): ReadTests {
  return parseTests({ path, tenant, text: readFileSync(path, 'utf8') });
}

/** Tests given as text. Pure; never throws. */
export function parseTests(file: PolicyFile): ReadTests {
  const { source, diagnostics } = parseSource(file);
  if (source === undefined) return { tests: [], diagnostics };
  const { document, diagnostics: findings } = checkAgainst(testSchema, source);
  const root: Place = { source, path: [], on: 'value' };
  const tests = document?.tests.map((test, index) => ({ place: below(root, 'tests', index), test })) ?? [];
  return { tests, diagnostics: findings };
}
