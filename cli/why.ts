// `cambio why DECISION_ID`: the trace of a decision. Calls GET /admin/decisions/{decision_id}, signed with SigV4.
import { callAdmin } from './admin-call.ts';
import type { Machine } from './machine.ts';
import { conditionLines, ruleLines } from './policy/decision-tree.ts';
import { serverOf } from './server.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

export interface WhyOptions {
  readonly url?: string | undefined;
  readonly json?: boolean | undefined;
}

type Document = Readonly<Record<string, unknown>>;

/**
 * @returns the exit code
 * @throws CallFailed when there is no such decision or the caller may not see it, UsageError
 */
export async function why(id: string, options: WhyOptions, output: Output, machine: Machine): Promise<number> {
  if (!/^[0-9a-f-]{36}$/.test(id)) {
    throw new UsageError('a decision id is a UUID, as decision_id of an error answer or jti of a token');
  }
  const { json } = await callAdmin(
    {
      method: 'GET',
      url: serverOf(options.url, machine).at(`/admin/decisions/${id}`),
      action: 'GET /admin/decisions/*',
      absent: `there is no such decision, or it was long ago: ${id}`,
    },
    machine,
  );
  output.stdout(options.json ? `${JSON.stringify(json)}\n` : `${treeOf(json).join('\n')}\n`);
  return exitCodes.ok;
}

function treeOf(decision: Document): readonly string[] {
  const rules = Array.isArray(decision['rules']) ? decision['rules'] : [];
  const omitted = decision['rules_omitted'];
  return [
    headOf(decision),
    ...becauseOf(decision),
    ...['request', 'subject', 'actor', 'issued'].flatMap((name) => partLines(name, decision[name])),
    'rules',
    ...(rules.length === 0 ? ['  none was evaluated'] : ruleLines(rules)),
    ...(omitted === undefined ? [] : [`  and ${String(omitted)} more`]),
  ];
}

/** What the reason alone does not say: which check failed, or what is suspended and where that is looked up. */
function becauseOf({ detail, reason }: Document): readonly string[] {
  return [
    ...(typeof detail === 'string' ? partLines('because', { detail }) : []),
    ...(reason === 'suspended' ? ['  by whom and why: cambio suspend list'] : []),
  ];
}

function headOf({ decision_id: id, at, outcome, error, reason, rule }: Document): string {
  const when = typeof at === 'number' ? new Date(at * 1_000).toISOString() : 'unknown time';
  const by = rule === undefined ? '' : ` by ${String(rule)}`;
  const because = error === undefined ? '' : `: ${String(error)}, reason ${String(reason)}`;
  return `${String(id)} ${when} ${String(outcome)}${by}${because}`;
}

function partLines(name: string, part: unknown): readonly string[] {
  if (typeof part !== 'object' || part === null) return [];
  const { claims, session, ...facts } = part as Document;
  const values = { ...facts, ...(typeof claims === 'object' ? claims : {}) };
  const conditions = Object.entries(values).map(([key, got]) => ({ name: key, wanted: [], got, matched: true }));
  const lines = conditionLines(conditions).map((line) => line.replace('✓ ', ''));
  return [name, ...lines, ...partLines('session', session)];
}
