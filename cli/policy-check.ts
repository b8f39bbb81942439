// `cambio policy check [PATH]`: the checks of `cdk synth` alone. Reads the policy files.
import { type CompiledFiles, compilePolicy } from '../infra/policy/compile-policy.ts';
import { formatDiagnostic, hasErrors } from '../infra/policy/diagnostic.ts';
import { exitCodes, type Output } from './usage.ts';

/** @returns the exit code: 0 without errors, warnings or not; 1 with errors */
export function policyCheck(path: string, { stdout, stderr }: Output): number {
  const compiled = compilePolicy(path, { urlsComeLater: true });
  for (const diagnostic of compiled.diagnostics) stderr(`${formatDiagnostic(diagnostic)}\n`);
  if (hasErrors(compiled.diagnostics)) return exitCodes.refused;
  stdout(`${summaryOf(compiled)}\n`);
  return exitCodes.ok;
}

function summaryOf({ artifact, diagnostics }: CompiledFiles): string {
  const warnings = diagnostics.length === 0 ? [] : [count(diagnostics.length, 'warning')];
  const { issuers = {}, audiences = {}, rules = [], hash = '' } = artifact ?? {};
  const urlsAreKnown = Object.values(issuers).every(({ url }) => typeof url === 'string');
  const counts = [
    count(Object.keys(issuers).length, 'issuer'),
    count(Object.keys(audiences).length, 'audience'),
    count(rules.length, 'rule'),
  ];
  const last = urlsAreKnown ? `policy ${hash.slice(0, 12)}` : 'issuer URLs still to come from TypeScript';
  return `ok: ${[...counts, ...warnings, last].join(', ')}`;
}

/** `1 rule`, `2 rules`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
