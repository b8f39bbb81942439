// `cambio policy diff OLD NEW`: who gains and who loses what between two policies, each with a witness. Reads both.
import { diffPolicies } from '../../infra/policy/rehearse/diff.ts';
import type { Change } from '../../infra/policy/rehearse/trust-changes.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import type { Machine } from '../machine.ts';
import { printable } from '../printable.ts';
import { exitCodes, type Output } from '../usage.ts';
import { count } from './check.ts';
import { compiledPolicy } from './file.ts';
import { wayLines } from './reach.ts';

/** @returns the exit code: 0 when nobody gains, 1 when somebody does or it cannot be told, 2 when a policy is wrong */
export function policyDiff(
  [oldPath, newPath]: readonly [string, string],
  { json }: { readonly json?: boolean | undefined },
  output: Output,
  { clock }: Pick<Machine, 'clock'>,
): number {
  const policies = [oldPath, newPath].map((path) => compiledPolicy(path, output));
  const [before, after] = policies;
  if (!before || !after) return exitCodes.usage;
  const { gains, loses, undecided } = diffPolicies(before, after, Math.floor(clock() / 1_000));
  const isSure = undecided.length === 0;
  output.stderr('a witness is a proof that somebody gains; no witness is no proof that nobody does\n');
  output.stdout(
    json
      ? `${JSON.stringify({ gains, loses, ...(isSure ? {} : { undecided }) })}\n`
      : `${[...section('gain', gains, after), ...section('loss', loses, before), ...undecidedLines(undecided)].join('\n')}\n`,
  );
  return gains.length === 0 && isSure ? exitCodes.ok : exitCodes.refused;
}

function section(noun: 'gain' | 'loss', changes: readonly Change[], policy: PolicyArtifact): readonly string[] {
  const head =
    changes.length === 0 ? `no ${noun}` : noun === 'gain' ? count(changes.length, noun) : lossCount(changes.length);
  return [
    head,
    ...changes.flatMap(({ who, what, way }) => [
      `  ${who}: ${printable(what)}`,
      ...(way ? wayLines(way, policy, '').map((line) => `    ${line}`) : []),
    ]),
  ];
}

function lossCount(number: number): string {
  return number === 1 ? '1 loss' : `${number} losses`;
}

function undecidedLines(undecided: readonly string[]): readonly string[] {
  return undecided.length === 0 ? [] : ['not decided', ...undecided.map((each) => `  ${printable(each)}`)];
}
