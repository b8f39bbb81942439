// A CEL expression as a tree with positions, and the paths it reads. Pure.
import { parse } from '@bufbuild/cel';

/** A node of a parsed expression. */
export type Expression = NonNullable<ReturnType<typeof parse>['expr']>;

/** Something wrong at an offset of the expression's text. */
export interface CelProblem {
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}

export interface CelTree {
  readonly root: Expression;
  readonly offsetOf: (node: Expression) => number;
}

// The parser backtracks over open brackets, and recurses into them.
const maxLength = 1_024;
const maxBrackets = 16;

export function parseCondition(text: string): CelTree | CelProblem {
  if (text.length > maxLength)
    return { offset: maxLength, message: `an expression is at most ${maxLength} characters` };
  if (bracketDepth(text) > maxBrackets) return { offset: 0, message: `brackets nest deeper than ${maxBrackets}` };
  try {
    const { expr, sourceInfo } = parse(text);
    return { root: expr, offsetOf: ({ id }) => sourceInfo?.positions[String(id)] ?? 0 };
  } catch (cause) {
    return syntaxProblem(cause);
  }
}

function bracketDepth(text: string): number {
  const brackets = text.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/gs, '').replaceAll(/[^()[\]{}]/g, '');
  let depth = 0;
  return Math.max(0, ...[...brackets].map((bracket) => (depth += '([{'.includes(bracket) ? 1 : -1)));
}

interface SyntaxError {
  readonly found: string | null;
  readonly location: { readonly start: { readonly offset: number } };
}

function syntaxProblem(cause: unknown): CelProblem {
  if (!isSyntaxError(cause))
    return { offset: 0, message: `not valid CEL: ${cause instanceof Error ? cause.message : ''}` };
  const found =
    cause.found === null || cause.found === '' ? 'it ends too early' : `unexpected ${JSON.stringify(cause.found)}`;
  const hint = 'operators are == != < <= > >= && || ! in + - * / % and ?:, strings are quoted';
  return { offset: cause.location.start.offset, message: `not valid CEL: ${found}`, hint };
}

function isSyntaxError(cause: unknown): cause is SyntaxError {
  return cause instanceof Error && 'found' in cause && 'location' in cause;
}

/** A variable and the members read of it. */
export interface MemberPath {
  readonly variable: string;
  readonly steps: readonly string[];
  /** Goes on with an index that only evaluation knows. */
  readonly computed: boolean;
}

/** `claims.a["b"].c` as a path; undefined for what is none. */
export function memberPath({ exprKind }: Expression): MemberPath | undefined {
  if (exprKind.case === 'identExpr') return { variable: exprKind.value.name, steps: [], computed: false };
  if (exprKind.case === 'selectExpr') {
    const { operand, field } = exprKind.value;
    return operand && step(memberPath(operand), field);
  }
  if (exprKind.case !== 'callExpr' || exprKind.value.function !== '_[_]') return undefined;
  const [list, index] = exprKind.value.args;
  return list && step(memberPath(list), index && stringOf(index));
}

function step(path: MemberPath | undefined, name: string | undefined): MemberPath | undefined {
  if (path === undefined || path.computed) return path;
  return name === undefined ? { ...path, computed: true } : { ...path, steps: [...path.steps, name] };
}

/** The value of a string constant. */
export function stringOf({ exprKind }: Expression): string | undefined {
  const constant = exprKind.case === 'constExpr' ? exprKind.value.constantKind : undefined;
  return constant?.case === 'stringValue' ? constant.value : undefined;
}

export function childrenOf({ exprKind }: Expression): readonly Expression[] {
  switch (exprKind.case) {
    case 'selectExpr':
      return present([exprKind.value.operand]);
    case 'callExpr':
      return present([exprKind.value.target, ...exprKind.value.args]);
    case 'listExpr':
      return exprKind.value.elements;
    case 'structExpr':
      return present(
        exprKind.value.entries.flatMap(({ keyKind, value }) => [
          keyKind.case === 'mapKey' ? keyKind.value : undefined,
          value,
        ]),
      );
    case 'comprehensionExpr':
      return present([exprKind.value.iterRange, exprKind.value.loopStep]);
    case 'constExpr':
    case 'identExpr':
    case undefined:
      return [];
  }
}

function present(nodes: readonly (Expression | undefined)[]): readonly Expression[] {
  return nodes.filter((node) => node !== undefined);
}
