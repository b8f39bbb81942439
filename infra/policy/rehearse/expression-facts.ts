// What an expression of a `when` looks at, and the constants it compares with: what values of claims are worth a try. Pure.
import { childrenOf, type Expression, memberPath, parseCondition, stringOf } from '../cel/tree.ts';

/** Something of a request that an expression reads: `claims` and a path, `now` and none. */
export interface Read {
  readonly variable: 'claims' | 'actor' | 'client' | 'request' | 'now';
  /** Dotted; empty for the variable as a whole. */
  readonly path: string;
}

export interface ExpressionFacts {
  readonly reads: readonly Read[];
  readonly strings: readonly string[];
  readonly numbers: readonly number[];
  /** Regular expressions of `matches`. */
  readonly patterns: readonly string[];
}

const variables: readonly string[] = ['claims', 'actor', 'client', 'request', 'now'] satisfies Read['variable'][];

/** Facts of an expression; none where it does not parse. */
export function expressionFacts(text: string): ExpressionFacts {
  const tree = parseCondition(text);
  if (!('root' in tree)) return { reads: [], strings: [], numbers: [], patterns: [] };
  const nodes = nodesOf(tree.root);
  const reads = new Map(nodes.flatMap(readsOf).map((read) => [`${read.variable}.${read.path}`, read]));
  const patterns = nodes.flatMap(patternsOf);
  const strings = nodes.flatMap((node) => stringOf(node) ?? []);
  return {
    reads: [...reads.values()],
    strings: [...new Set(strings)].filter((text) => !patterns.includes(text)),
    numbers: [...new Set(nodes.flatMap(numbersOf))],
    patterns,
  };
}

/** Every node; of a path only the whole of it and what stands in its brackets. */
function nodesOf(node: Expression): readonly Expression[] {
  if (memberPath(node) === undefined) return [node, ...childrenOf(node).flatMap(nodesOf)];
  return [node, ...indexesOf(node).flatMap(nodesOf)];
}

function indexesOf(node: Expression): readonly Expression[] {
  const [inner, index] = childrenOf(node);
  if (inner === undefined) return [];
  const own = index === undefined || stringOf(index) !== undefined ? [] : [index];
  return [...indexesOf(inner), ...own];
}

function readsOf(node: Expression): readonly Read[] {
  const path = memberPath(node);
  if (path === undefined || !variables.includes(path.variable)) return [];
  return [{ variable: path.variable as Read['variable'], path: path.steps.join('.') }];
}

function patternsOf({ exprKind }: Expression): readonly string[] {
  if (exprKind.case !== 'callExpr' || exprKind.value.function !== 'matches') return [];
  return exprKind.value.args.flatMap((argument) => stringOf(argument) ?? []);
}

function numbersOf({ exprKind }: Expression): readonly number[] {
  const constant = exprKind.case === 'constExpr' ? exprKind.value.constantKind : undefined;
  if (constant?.case !== 'int64Value' && constant?.case !== 'uint64Value' && constant?.case !== 'doubleValue')
    return [];
  return [Number(constant.value)];
}
