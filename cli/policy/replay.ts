// `cambio policy replay AUDIT.jsonl --policy PATH`: what recorded decisions would be under another policy. Reads both.

import { readText } from '../read-text.ts';
import { exitCodes, type Output, UsageError } from '../usage.ts';
import { compiledPolicy } from './file.ts';
import { parseDecision, type RecordedDecision } from './recorded-decision.ts';
import { createReplay, type Replayed } from './replay-decision.ts';

interface Outcome {
  readonly decision: RecordedDecision;
  readonly replayed: Replayed;
}

/** @returns the exit code: 0 when nothing flips, 1 when something does, 2 when the options or the files are wrong */
export function policyReplay(file: string, options: { readonly policy?: unknown }, output: Output): number {
  if (typeof options.policy !== 'string') throw new UsageError('policy replay needs --policy PATH');
  const lines = readText(file)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const decisions = lines.flatMap((line) => parseDecision(line) ?? []);
  if (decisions.length === 0) throw new UsageError(`${file}: no line is a decision`);
  const policy = compiledPolicy(options.policy, output);
  if (!policy) return exitCodes.usage;
  const replay = createReplay(policy);
  const outcomes = decisions.map((decision): Outcome => ({ decision, replayed: replay(decision) }));
  for (const { decision, replayed } of outcomes) {
    for (const line of lineOf(decision, replayed)) output.stdout(`${line}\n`);
  }
  output.stdout(`${summaryOf(outcomes, lines.length - decisions.length)}\n`);
  return flips(outcomes).length > 0 ? exitCodes.refused : exitCodes.ok;
}

function lineOf({ id, rule, request, subject }: RecordedDecision, replayed: Replayed): readonly string[] {
  const target = [...(request?.audiences ?? []), ...(request?.resources ?? [])].join(' ');
  const what = `${id} ${subject?.issuer ?? 'unknown'} ${String(subject?.claims['sub'] ?? '')} -> ${target}`;
  switch (replayed.kind) {
    case 'granted_to_refused':
    case 'refused_to_granted': {
      const words = replayed.kind.replaceAll('_', ' ');
      return [`${words}: ${printable(what)} (rule ${rule ?? 'none'} before, ${replayed.rule ?? 'none'} now)`];
    }
    case 'undecided':
      return [`undecided: ${printable(what)}: ${replayed.why}`];
    case 'same':
    case 'not_policy':
      return [];
  }
}

function summaryOf(outcomes: readonly Outcome[], skipped: number): string {
  const of = (...kinds: readonly Replayed['kind'][]) =>
    outcomes.filter(({ replayed }) => kinds.includes(replayed.kind)).length;
  const parts = [
    `${outcomes.length} decisions: ${flips(outcomes).length} would flip`,
    `${of('same')} stay`,
    `${of('undecided')} undecided`,
    `${of('not_policy')} refused before policy`,
  ];
  return [...parts, ...(skipped > 0 ? [`${skipped} lines are no decision`] : [])].join(', ');
}

function flips(outcomes: readonly Outcome[]): readonly Outcome[] {
  return outcomes.filter(({ replayed: { kind } }) => kind === 'granted_to_refused' || kind === 'refused_to_granted');
}

// Claims are other people's text: control characters in them must not reach a terminal.
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '?');
}
