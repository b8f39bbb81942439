// The import directions hold, and the check that says so can fail.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
const scratch = mkdtempSync(join(tmpdir(), 'cambio-imports-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Cruises a tree of the given files with the project's rules; answers the names of the violated ones. */
function violations(files: Readonly<Record<string, string>>): readonly string[] {
  const tree = mkdtempSync(join(scratch, 'tree-'));
  for (const name of ['node_modules', '.dependency-cruiser.cjs', 'tsconfig.json'])
    symlinkSync(join(root, name), join(tree, name));
  for (const [path, text] of Object.entries({ 'shared/oauth/ok.ts': 'export const ok = 1;\n', ...files })) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  const folders = [...new Set(['shared', ...Object.keys(files).map((path) => path.split('/')[0] ?? '')])];
  const { stdout } = spawnSync(
    process.execPath,
    [bin, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders],
    { cwd: tree, encoding: 'utf8', maxBuffer: 1e8 },
  );
  const report = JSON.parse(stdout) as { summary: { violations: { rule: { name: string } }[]; totalCruised: number } };
  expect(report.summary.totalCruised).toBeGreaterThan(0);
  return report.summary.violations.map(({ rule }) => rule.name);
}

const infraFile = { 'infra/x.ts': 'export const x = 1;\n' };
const pureFile = { 'shared/policy/x.ts': 'export const x = 1;\n' };

describe('the import check', () => {
  test.each<[string, string, Record<string, string>]>([
    [
      'oauth-is-pure',
      'the pure core imports infra',
      { 'shared/oauth/a.ts': "import '../../infra/x.ts';\n", ...infraFile },
    ],
    ['policy-is-pure', 'policy imports the protocol', { 'shared/policy/a.ts': "import '../oauth/ok.ts';\n" }],
    ['pure-core-has-no-io', 'the pure core reads files', { 'shared/oauth/a.ts': "import 'node:fs';\n" }],
    ['pure-core-has-no-aws', 'the pure core calls AWS', { 'shared/oauth/a.ts': "import '@aws-sdk/client-kms';\n" }],
    [
      'functions-wire-shared',
      'a function imports infra',
      { 'functions/a.ts': "import '../infra/x.ts';\n", ...infraFile },
    ],
    [
      'infra-writes-config-and-policy',
      'the construct imports the protocol',
      { 'infra/a.ts': "import '../shared/oauth/ok.ts';\n" },
    ],
    [
      'cli-runs-beside-credentials',
      'the command imports the protocol',
      { 'cli/a.ts': "import '../shared/oauth/ok.ts';\n" },
    ],
    [
      'no-cycles',
      'two files import each other',
      { 'shared/oauth/a.ts': "import './b.ts';\n", 'shared/oauth/b.ts': "import './a.ts';\n" },
    ],
  ])('finds %s when %s', (rule, _what, files) => {
    expect(violations(files)).toContain(rule);
  });

  test('is content with an import that runs the right way', () => {
    expect(
      violations({ 'shared/oauth/a.ts': "import '../policy/x.ts';\nimport 'node:crypto';\n", ...pureFile }),
    ).toEqual([]);
  });

  test('is content with the project, whose every folder it reads', () => {
    const folders = ['infra', 'functions', 'shared', 'cli'];
    const output = execFileSync(
      process.execPath,
      [bin, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders],
      { cwd: root, encoding: 'utf8', maxBuffer: 1e8 },
    );
    const { summary, modules } = JSON.parse(output) as { summary: { error: number }; modules: { source: string }[] };
    expect(summary.error).toBe(0);
    for (const folder of folders) expect(modules.some(({ source }) => source.startsWith(`${folder}/`))).toBe(true);
  });
});
