// The import directions hold, and the check that says so can fail.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
const folders = ['infra', 'functions', 'shared', 'cli'];

interface Report {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

function cruise(cwd: string): Report {
  const options = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  const { stdout } = spawnSync(process.execPath, [bin, ...options], { cwd, encoding: 'utf8', maxBuffer: 1e8 });
  return JSON.parse(stdout) as Report;
}

/** A file that violates a rule, and one beside it that imports the right way. */
const seeds: readonly (readonly [rule: string, what: string, path: string, text: string])[] = [
  ['oauth-is-pure', 'the pure core imports infra', 'shared/oauth/a.ts', "import '../../infra/x.ts';"],
  ['policy-is-pure', 'policy imports the protocol', 'shared/policy/a.ts', "import '../oauth/x.ts';"],
  ['pure-core-has-no-io', 'the pure core reads files', 'shared/oauth/b.ts', "import 'node:fs';"],
  ['pure-core-has-no-aws', 'the pure core calls AWS', 'shared/oauth/c.ts', "import '@aws-sdk/client-kms';"],
  ['functions-wire-shared', 'a function imports infra', 'functions/a.ts', "import '../infra/x.ts';"],
  [
    'infra-writes-config-and-policy',
    'the construct imports the protocol',
    'infra/a.ts',
    "import '../shared/oauth/x.ts';",
  ],
  ['cli-runs-beside-credentials', 'the command imports the protocol', 'cli/a.ts', "import '../shared/oauth/x.ts';"],
  ['no-cycles', 'a file imports itself by another', 'shared/oauth/d.ts', "import './e.ts';"],
];
const harmless: Readonly<Record<string, string>> = {
  'infra/x.ts': "import '../shared/policy/x.ts';",
  'shared/oauth/x.ts': "import '../policy/x.ts';\nimport 'node:crypto';",
  'shared/oauth/e.ts': "import './d.ts';",
  'shared/policy/x.ts': 'export const x = 1;',
  'functions/x.ts': "import '../shared/oauth/x.ts';",
  'cli/x.ts': "import '../shared/policy/x.ts';",
};

describe('the import check', () => {
  const tree = mkdtempSync(join(tmpdir(), 'cambio-imports-'));
  let found: Report['summary']['violations'] = [];
  beforeAll(() => {
    const links = ['node_modules', '.dependency-cruiser.cjs', 'tsconfig.json'];
    for (const name of links) symlinkSync(join(root, name), join(tree, name));
    for (const [path, text] of [
      ...Object.entries(harmless),
      ...seeds.map(([, , path, text]) => [path, text] as const),
    ]) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), `${text}\n`);
    }
    found = cruise(tree).summary.violations;
  });
  afterAll(() => rmSync(tree, { recursive: true }));

  test.each(seeds)('finds %s when %s', (rule, _what, path) => {
    expect(found.filter(({ from }) => from === path).map((violation) => violation.rule.name)).toContain(rule);
  });

  test('is content with imports that run the right way', () => {
    const innocent = Object.keys(harmless).filter((path) => path !== 'shared/oauth/e.ts');
    expect(found.filter(({ from }) => innocent.includes(from))).toEqual([]);
  });

  test('is content with the project, whose every folder it reads', () => {
    const { summary, modules } = cruise(root);
    expect(summary.violations).toEqual([]);
    for (const folder of folders) expect(modules.some(({ source }) => source.startsWith(`${folder}/`))).toBe(true);
  });
});
