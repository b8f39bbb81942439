// What a decision keeps of the evaluated rules: enough to see why, private claims hashed, within a budget of bytes. Pure.
import type { EvaluatedRule } from '../../policy/evaluate.ts';
import { showsPrivate } from '../../policy/private-claims.ts';
import { type ClaimCatalogue, hashClaim } from '../../policy/recorded-claims.ts';

type Condition = EvaluatedRule['conditions'][number];

export interface RecordedRules {
  /** In policy order, shortened; the rule that decided is always among them. */
  readonly rules: readonly EvaluatedRule[];
  /** How many more were evaluated. */
  readonly omitted: number;
}

export interface RecordedBy {
  readonly salt: string;
  readonly subject: ClaimCatalogue | undefined;
  readonly actor: ClaimCatalogue | undefined;
}

const maxTraceBytes = 12_288;
const mostWanted = 10;
const mostConditions = 32;
const longestText = 200;

/** The trace to keep; the rule that decided comes first to the budget, then the others in order. */
export function recordRules(
  rules: readonly EvaluatedRule[],
  decided: string | undefined,
  by: RecordedBy,
): RecordedRules {
  const kept = new Map<number, EvaluatedRule>();
  let left = maxTraceBytes;
  const first = rules.findIndex(({ id }) => id === decided);
  for (const index of first < 0 ? rules.keys() : [first, ...rules.keys()]) {
    const rule = rules[index];
    if (rule === undefined || kept.has(index)) continue;
    const recorded = recordRule(rule, by);
    left -= Buffer.byteLength(JSON.stringify(recorded));
    if (left < 0) break;
    kept.set(index, recorded);
  }
  return { rules: rules.flatMap((_, index) => kept.get(index) ?? []), omitted: rules.length - kept.size };
}

function recordRule({ id, matched, conditions }: EvaluatedRule, by: RecordedBy): EvaluatedRule {
  return {
    id,
    matched,
    conditions: conditions.slice(0, mostConditions).map((condition) => recordCondition(condition, by)),
  };
}

function recordCondition(condition: Condition, by: RecordedBy): Condition {
  const got = hide(condition, by) ?? shorten(condition.got);
  const { wanted } = condition;
  const isShort = wanted.length <= mostWanted && !wanted.some(isLong);
  if (isShort && got === condition.got) return condition;
  return {
    ...condition,
    wanted: wanted.slice(0, mostWanted).map((value) => (isLong(value) ? cut(value) : value)),
    got,
  };
}

function isLong(value: unknown): value is string {
  return typeof value === 'string' && value.length > longestText;
}

/** A condition on a private claim shows its hash, as the claim itself does. A name may be read in two ways. */
function hide({ name, got }: Condition, { salt, subject, actor }: RecordedBy): unknown {
  if (got === undefined) return undefined;
  if (subject && showsPrivate(name, subject)) return hashClaim(got, name, salt);
  if (!actor || !name.startsWith('actor.')) return undefined;
  const path = name.slice('actor.'.length);
  return showsPrivate(path, actor) ? hashClaim(got, path, salt) : undefined;
}

function shorten(got: unknown): unknown {
  // No character takes more than six in JSON.
  if (typeof got === 'string' && got.length * 6 + 2 <= longestText) return got;
  const text = JSON.stringify(got);
  return text === undefined || text.length <= longestText ? got : cut(text);
}

function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText)}…`;
}
