// Reads the policy tests that belong to a policy path: those of its folder, or the one beside its file.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkAgainst } from '../schema/check-schema.ts';
import type { Diagnostic } from '../source/diagnostic.ts';
import { parseSource } from '../source/parse-source.ts';
import { below, type Place } from '../source/place.ts';
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

/** Tests of a policy: `*.test.yaml` of a folder; `NAME.test.yaml` of the file `NAME.yaml`. None is no mistake. */
export function readTests(policyPath: string): ReadTests {
  const read = testFiles(policyPath).map(readFile);
  return { tests: read.flatMap(({ tests }) => tests), diagnostics: read.flatMap(({ diagnostics }) => diagnostics) };
}

/** The policy a path means: of a test file, the file or folder it belongs to. */
export function policyOf(path: string): string {
  if (!path.endsWith(ending)) return path;
  const beside = `${path.slice(0, -ending.length)}.yaml`;
  return existsSync(beside) ? beside : join(path, '..');
}

function testFiles(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isDirectory()) {
    const names = readdirSync(path).sort();
    return names.filter((name) => name.endsWith(ending)).map((name) => join(path, name));
  }
  const beside = path.replace(/\.yaml$/, ending);
  return beside !== path && existsSync(beside) ? [beside] : [];
}

function readFile(path: string): ReadTests {
  const { source, diagnostics } = parseSource({ path, text: readFileSync(path, 'utf8') });
  if (source === undefined) return { tests: [], diagnostics };
  const { document, diagnostics: findings } = checkAgainst(testSchema, source);
  const root: Place = { source, path: [], on: 'value' };
  const tests = document?.tests.map((test, index) => ({ place: below(root, 'tests', index), test })) ?? [];
  return { tests, diagnostics: findings };
}
