// A decision as a tree of lines: outcome, then rule by rule and condition by condition. Pure.

interface TreeCondition {
  readonly name: string;
  readonly wanted: readonly unknown[];
  readonly got?: unknown;
  readonly matched: boolean;
  readonly hint?: string;
}

interface TreeRule {
  readonly id: string;
  readonly matched: boolean;
  readonly conditions: readonly TreeCondition[];
}

const branch = (matched: boolean): string => (matched ? '✓' : '✗');

/** Lines of the conditions under a heading; empty without conditions. */
export function conditionLines(conditions: readonly TreeCondition[], indent = '  '): readonly string[] {
  return conditions.flatMap((condition) => lineOf(condition, indent));
}

/** Lines of the rules, each with its conditions. */
export function ruleLines(rules: readonly TreeRule[]): readonly string[] {
  return rules.flatMap(({ id, matched, conditions }) => [
    `  ${branch(matched)} ${id}`,
    ...conditionLines(conditions, '      '),
  ]);
}

function lineOf({ name: claim, wanted, got, matched, hint }: TreeCondition, indent: string): readonly string[] {
  const name = claim.replace(/[\p{Cc}\p{Cf}]/gu, '?');
  const values = wanted.map(shown).join(' | ');
  const text = matched ? `${name}: ${shown(got)}` : `${name}: wanted ${values || 'none'}, got ${shown(got)}`;
  return [`${indent}${branch(matched)} ${text}`, ...(hint === undefined ? [] : [`${indent}    hint: ${hint}`])];
}

// Claims are other people's text: control characters in them must not reach a terminal.
function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = JSON.stringify(value).replace(/[\p{Cc}\p{Cf}]/gu, '?');
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`;
}
