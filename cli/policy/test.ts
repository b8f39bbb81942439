// `cambio policy test [PATH]`: runs the tests beside a policy. Reads the policy and its *.test.yaml.

import { policyOf, readTests } from '../../infra/policy/rehearse/read-tests.ts';
import { runTests, type TestResult } from '../../infra/policy/rehearse/run-tests.ts';
import { formatDiagnostic } from '../../infra/policy/source/diagnostic.ts';
import { exitCodes, type Output } from '../usage.ts';
import { count } from './check.ts';
import { conditionLines, ruleLines } from './decision-tree.ts';
import { compiledPolicy } from './file.ts';

/** @returns the exit code: 0 when every test passes, 1 when one fails, there is none, or the policy has errors */
export function policyTest(path: string, output: Output): number {
  const policyPath = policyOf(path);
  const policy = compiledPolicy(policyPath, output);
  if (!policy) return exitCodes.refused;
  const { tests, diagnostics } = readTests(policyPath);
  for (const diagnostic of diagnostics) output.stderr(`${formatDiagnostic(diagnostic)}\n`);
  if (diagnostics.length > 0) return exitCodes.refused;
  if (tests.length === 0) {
    output.stderr(`${policyPath}: there are no tests (*.test.yaml)\n`);
    return exitCodes.refused;
  }
  return report(runTests(tests, policy), output);
}

function report(results: readonly TestResult[], { stdout, stderr }: Output): number {
  const failed = results.filter(({ failure }) => failure !== undefined);
  for (const { failure, rehearsed } of failed) {
    const checks = rehearsed?.checks.filter(({ matched }) => !matched) ?? [];
    const tree = [...conditionLines(checks), ...ruleLines(rehearsed?.rules ?? [])];
    const hint = tree.length > 0 ? { hint: 'the tree below says why' } : {};
    if (failure) stderr(`${formatDiagnostic({ ...failure, ...hint })}\n`);
    for (const line of tree) stderr(`${line}\n`);
  }
  const passed = count(results.length - failed.length, 'test');
  stdout(failed.length === 0 ? `ok: ${passed} passed\n` : `${count(failed.length, 'test')} failed, ${passed} passed\n`);
  return failed.length === 0 ? exitCodes.ok : exitCodes.refused;
}
