// The syntax tree of an expression: parsed within limits, every loop guarded by a step. Pure.
import { parse } from '@bufbuild/cel';

/** A node of a parsed expression. */
export type Expression = NonNullable<ReturnType<typeof parse>['expr']>;

type StructExpression = Extract<Expression['exprKind'], { case: 'structExpr' }>['value'];
type StructEntry = StructExpression['entries'][number];

/** Name of the function that each turn of a loop calls first; no source text can spell it. */
export const stepFunction = '@step';

// The parser is cubic in unclosed brackets and its stack is not endless.
const maxLength = 4_096;
const maxDepth = 40;

/**
 * Parses, and puts a call of {@link stepFunction} before the condition of every comprehension: what they loop over
 * comes from a token, and nested they multiply.
 * @throws Error for text that is no expression, or is too long or nested too deep
 */
export function parseExpression(text: string): Expression {
  if (text.length > maxLength) throw new Error(`longer than ${maxLength} characters`);
  if (bracketDepth(text) > maxDepth) throw new Error(`brackets nest deeper than ${maxDepth}`);
  const { expr } = parse(text);
  if (!expr) throw new Error('empty');
  for (const node of nodesOf(expr)) guardLoop(node);
  return expr;
}

/** Names an expression spells out: of fields, and in string constants. */
export function spelledNames(expression: Expression): ReadonlySet<string> {
  return new Set(nodesOf(expression).flatMap((node) => spelledName(node) ?? []));
}

function spelledName({ exprKind }: Expression): string | undefined {
  if (exprKind.case === 'selectExpr') return exprKind.value.field;
  if (exprKind.case !== 'constExpr') return undefined;
  const { constantKind } = exprKind.value;
  return constantKind.case === 'stringValue' ? constantKind.value : undefined;
}

function guardLoop({ exprKind }: Expression): void {
  if (exprKind.case !== 'comprehensionExpr' || !exprKind.value.loopCondition) return;
  const guard = parse('step() && condition').expr;
  if (guard?.exprKind.case !== 'callExpr') return;
  const { args } = guard.exprKind.value;
  if (args[0]?.exprKind.case === 'callExpr') args[0].exprKind.value.function = stepFunction;
  args[1] = exprKind.value.loopCondition;
  exprKind.value.loopCondition = guard;
}

/** The node and all below it. */
export function nodesOf(root: Expression): readonly Expression[] {
  const nodes = [root];
  // The list grows while it is walked.
  for (const node of nodes) nodes.push(...childrenOf(node));
  return nodes;
}

function childrenOf({ exprKind }: Expression): readonly Expression[] {
  if (exprKind.case === 'selectExpr') return present([exprKind.value.operand]);
  if (exprKind.case === 'callExpr') return present([exprKind.value.target, ...exprKind.value.args]);
  if (exprKind.case === 'listExpr') return exprKind.value.elements;
  if (exprKind.case === 'structExpr') return present(exprKind.value.entries.flatMap(entryNodes));
  if (exprKind.case !== 'comprehensionExpr') return [];
  const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value;
  return present([iterRange, accuInit, loopCondition, loopStep, result]);
}

function entryNodes({ keyKind, value }: StructEntry): readonly (Expression | undefined)[] {
  return [keyKind.case === 'mapKey' ? keyKind.value : undefined, value];
}

function present(nodes: readonly (Expression | undefined)[]): readonly Expression[] {
  return nodes.filter((node) => node !== undefined);
}

function bracketDepth(text: string): number {
  const code = text.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/gs, '');
  let depth = 0;
  let deepest = 0;
  for (const character of code) {
    if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}
