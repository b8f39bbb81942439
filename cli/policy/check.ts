// `cambio policy check [PATH]`: the checks of `cdk synth` alone. Reads the policy files.
import { type CompiledFiles, compilePolicy } from '../../infra/policy/compile-policy.ts';
import { formatDiagnostic, hasErrors } from '../../infra/policy/source/diagnostic.ts';
import { exitCodes, type Output } from '../usage.ts';

/** @returns the exit code: 0 without errors, warnings or not; 1 with errors */
export function policyCheck(path: string, { stdout, stderr }: Output): number {
  const compiled = compilePolicy(path, { urlsComeLater: true, advice: true });
  for (const diagnostic of compiled.diagnostics) stderr(`${formatDiagnostic(diagnostic)}\n`);
  if (hasErrors(compiled.diagnostics)) return exitCodes.refused;
  stdout(`${summaryOf(compiled)}\n`);
  return exitCodes.ok;
}

function summaryOf({ artifact, diagnostics }: CompiledFiles): string {
  const warnings = diagnostics.length === 0 ? [] : [count(diagnostics.length, 'warning')];
  const { issuers = {}, audiences = {}, roles = {}, rules = [], hash = '' } = artifact ?? {};
  const values = [...Object.values(issuers).map(({ url }) => url), ...Object.values(roles).map(({ arn }) => arn)];
  const isWhole = values.every((value) => typeof value === 'string');
  const counts = [
    count(Object.keys(issuers).length, 'issuer'),
    count(Object.keys(audiences).length, 'audience'),
    ...(Object.keys(roles).length > 0 ? [count(Object.keys(roles).length, 'role')] : []),
    count(rules.length, 'rule'),
  ];
  const last = isWhole ? `policy ${hash.slice(0, 12)}` : 'values still to come from TypeScript';
  return `ok: ${[...counts, ...warnings, last].join(', ')}`;
}

/** `1 rule`, `2 rules`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
