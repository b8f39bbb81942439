// The examples as `policy check` and `policy test` see them, and their pages as readers do. Nothing is started.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compilePolicy } from '../infra/policy/compile-policy.ts';
import { readTests } from '../infra/policy/rehearse/read-tests.ts';
import { runTests } from '../infra/policy/rehearse/run-tests.ts';
import { formatDiagnostic } from '../infra/policy/source/diagnostic.ts';
import type { PolicyArtifact } from '../shared/policy/compiled-policy.ts';
import { qualified } from '../shared/policy/tenant.ts';
import { examples } from './examples.ts';

test('there are the ten cases, and the overview links to each', () => {
  const overview = readFileSync(join(import.meta.dirname, '../examples/README.md'), 'utf8');
  const cases = ['admin-elevation', 'b2b', 'ci-cd', 'cross-account', 'data-pipeline', 'edge-gateway'];
  const names = examples.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([...cases, 'per-call-delegation', 'sandbox', 'serverless', 'tenants']));
  expect(names.filter((name) => !overview.includes(`| [${name}](${name}/README.md) |`))).toEqual([]);
});

describe.each(examples.map((example) => [example.name, example] as const))('%s', (_name, { folder, page, script }) => {
  test('has a policy without findings, and tests of grants and refusals that pass', () => {
    const { artifact, diagnostics } = compilePolicy(folder, { urlsComeLater: true, advice: true });
    expect(diagnostics.map(formatDiagnostic)).toEqual([]);
    const { tests, diagnostics: findings } = readTests(folder);
    expect(findings.map(formatDiagnostic)).toEqual([]);
    const failed = runTests(tests, artifact as PolicyArtifact).flatMap(({ failure }) => failure ?? []);
    expect(failed.map(formatDiagnostic)).toEqual([]);
    const expected = tests.map(({ place, test: { expect: wanted } }) => ({
      ...wanted,
      ...(wanted.rule !== undefined && { rule: qualified(place.source.tenant, wanted.rule) }),
    }));
    const rules = artifact?.rules.filter((rule) => 'grant' in rule).map(({ id }) => id);
    expect(new Set(expected.flatMap(({ allow, rule }) => (allow ? (rule ?? []) : [])))).toEqual(new Set(rules));
    expect(expected.filter(({ allow }) => !allow).length).toBeGreaterThan(1);
  });

  test('has a page of a page: the problem, the calls, a refusal', () => {
    expect(page.split(/\s+/).length).toBeLessThan(400);
    expect(page).toMatch(/\n## A refusal\n/);
    expect(script.startsWith('. examples/shell.sh\n')).toBe(true);
  });
});
