// Which claims an expression reads, and whether one of them is of another type than its catalogue says: CEL calls values of
// two types merely unequal, and a deny rule would be passed over for that. Pure.
import { type Expression, nodesOf } from './cel-syntax.ts';
import { type Claims, isClaims, typeName } from './claims.ts';
import type { ConditionVariables } from './when.ts';

/** `claims.a["b"]` as the names it goes through. */
export interface Read {
  readonly variable: 'claims' | 'actor';
  readonly steps: readonly string[];
}

/** What is read for its value; `has()` and `type()` ask for something else. */
export function readsOf(root: Expression): readonly Read[] {
  const nodes = nodesOf(root);
  const locals = nodes.flatMap(({ exprKind }) =>
    exprKind.case === 'comprehensionExpr' ? [exprKind.value.iterVar, exprKind.value.iterVar2] : [],
  );
  const asked = new Set(nodes.flatMap(onlyAskedFor));
  return nodes
    .filter((node) => !asked.has(node))
    .flatMap((node) => readOf(node) ?? [])
    .filter(({ variable, steps }) => steps.length > 0 && !locals.includes(variable));
}

function onlyAskedFor(node: Expression): readonly Expression[] {
  const { exprKind } = node;
  if (exprKind.case === 'selectExpr' && exprKind.value.testOnly) return [node];
  const isType = exprKind.case === 'callExpr' && exprKind.value.function === 'type';
  return isType ? exprKind.value.args : [];
}

function readOf({ exprKind }: Expression): Read | undefined {
  if (exprKind.case === 'identExpr') {
    const { name } = exprKind.value;
    return name === 'claims' || name === 'actor' ? { variable: name, steps: [] } : undefined;
  }
  if (exprKind.case === 'selectExpr') {
    const { operand, field } = exprKind.value;
    return below(operand && readOf(operand), field);
  }
  if (exprKind.case !== 'callExpr' || exprKind.value.function !== '_[_]') return undefined;
  const [map, index] = exprKind.value.args;
  return below(map && readOf(map), index && textOf(index));
}

function below(read: Read | undefined, name: string | undefined): Read | undefined {
  return read && name !== undefined ? { ...read, steps: [...read.steps, name] } : undefined;
}

function textOf({ exprKind }: Expression): string | undefined {
  const constant = exprKind.case === 'constExpr' ? exprKind.value.constantKind : undefined;
  return constant?.case === 'stringValue' ? constant.value : undefined;
}

/** Why one of the reads has no meaning in these tokens, without its value; undefined where all have. */
export function doubtIn(
  reads: readonly Read[],
  { claims, actor, declared = {} }: ConditionVariables,
): string | undefined {
  for (const { variable, steps } of reads) {
    const value = valueAt(variable === 'claims' ? claims : actor, steps);
    const path = steps.join('.');
    const types = declared[variable] ?? {};
    const type = Object.hasOwn(types, path) ? types[path] : undefined;
    if (value !== undefined && value !== null && type !== undefined && typeName(value) !== type) {
      return `${path} is of type ${typeName(value)}, not ${type}`;
    }
  }
  return undefined;
}

function valueAt(claims: Claims, steps: readonly string[]): unknown {
  return steps.reduce<unknown>(
    (value, step) => (isClaims(value) && Object.hasOwn(value, step) ? value[step] : undefined),
    claims,
  );
}
