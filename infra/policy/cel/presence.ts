// Where a CEL condition tells a missing claim from one that is there. A missing claim is an error everywhere else, and errors
// never grant: only what is found here can make a token without a claim better off than the same token with it. Pure.
import { childrenOf, type Expression, memberPath } from './tree.ts';
import { type CelScope, kindOf } from './types.ts';

/**
 * What must not come of taking a claim away. `toTrue`: the node becoming true, `toFalse`: its becoming false, `either`: a
 * change of any kind.
 */
export type Unwanted = 'toTrue' | 'toFalse' | 'either';

/** A node that may do it, and the claim it asks for where it names one: `claims.x`. */
export interface PresenceTest {
  readonly node: Expression;
  /** The variable and the path below it; no path: any member of the variable. */
  readonly variable: 'claims' | 'actor';
  readonly path: readonly string[];
}

/** The tests of presence by which a condition can change as unwanted when its token loses a claim. */
export function presenceTests(node: Expression, scope: CelScope, unwanted: Unwanted): readonly PresenceTest[] {
  const { exprKind } = node;
  switch (exprKind.case) {
    case 'callExpr':
      return ofCall(node, exprKind.value, scope, unwanted);
    case 'comprehensionExpr':
      return ofLoop(exprKind.value, scope, unwanted);
    case 'selectExpr':
      if (!exprKind.value.testOnly) return ofPath(node, scope);
      return [...(unwanted === 'toTrue' ? [] : testAt(node, scope)), ...belowPath(node, scope)];
    case 'identExpr':
      return ofPath(node, scope);
    case 'constExpr':
    case 'listExpr':
    case 'structExpr':
    case undefined:
      return within(childrenOf(node), scope, 'either');
  }
}

const turned = { toTrue: 'toFalse', toFalse: 'toTrue', either: 'either' } as const;

type Call = Extract<Expression['exprKind'], { readonly case: 'callExpr' }>['value'];

function ofCall(node: Expression, call: Call, scope: CelScope, unwanted: Unwanted): readonly PresenceTest[] {
  const { function: name, args, target } = call;
  const [first, second] = args;
  if (name === '_&&_' || name === '_||_') return within(args, scope, unwanted);
  if (name === '!_') return within(args, scope, turned[unwanted]);
  if (name === '_?_:_') {
    return [...within(args.slice(0, 1), scope, 'either'), ...within(args.slice(1), scope, unwanted)];
  }
  if (name === '_[_]') return ofPath(node, scope);
  if (name === '@in' && first && second && mayBeMap(second, scope)) {
    return [...within([first], scope, 'either'), ...(unwanted === 'toTrue' ? [] : testAt(second, scope))];
  }
  const operands = target ? [target, ...args] : args;
  if (name === 'size' || (comparing.has(name) && operands.every((each) => mayBeMap(each, scope)))) {
    return operands.flatMap((each) => (mayBeMap(each, scope) ? testAt(each, scope) : within([each], scope, 'either')));
  }
  return within(operands, scope, 'either');
}

const comparing: ReadonlySet<string> = new Set(['_==_', '_!=_']);

type Loop = Extract<Expression['exprKind'], { readonly case: 'comprehensionExpr' }>['value'];

/** A loop over a map visits the claims that are there; one over a list is an error without the list. */
function ofLoop(loop: Loop, scope: CelScope, unwanted: Unwanted): readonly PresenceTest[] {
  const { iterRange, loopStep, iterVar, iterVar2, accuVar } = loop;
  const inner = { ...scope, locals: new Set([...scope.locals, iterVar, iterVar2, accuVar]) };
  return [
    ...(iterRange && mayBeMap(iterRange, scope) ? testAt(iterRange, scope) : []),
    ...(iterRange && !mayBeMap(iterRange, scope) ? within([iterRange], scope, 'either') : []),
    ...(loopStep ? presenceTests(loopStep, inner, unwanted) : []),
  ];
}

/** A path may end anywhere but at a map: as a value, that shows which of its members there are. */
function ofPath(node: Expression, scope: CelScope): readonly PresenceTest[] {
  const shown = kindOf(node, scope) === 'map' ? testAt(node, scope) : [];
  return [...shown, ...belowPath(node, scope)];
}

/** What stands in the brackets along a path, and what the path begins with if that is no variable. */
function belowPath(node: Expression, scope: CelScope): readonly PresenceTest[] {
  const [operand, index] = childrenOf(node);
  if (operand === undefined) return [];
  const indexed = index ? presenceTests(index, scope, 'either') : [];
  const path = memberPath(operand);
  return [...indexed, ...(path ? belowPath(operand, scope) : presenceTests(operand, scope, 'either'))];
}

/** Whether a node is a claim, or all of them, that may be a map. */
function mayBeMap(node: Expression, scope: CelScope): boolean {
  const kind = kindOf(node, scope);
  return claimOf(node, scope) !== undefined && (kind === undefined || kind === 'map');
}

function testAt(node: Expression, scope: CelScope): readonly PresenceTest[] {
  const claim = claimOf(node, scope);
  return claim ? [{ node, ...claim }] : [];
}

function claimOf(node: Expression, { locals }: CelScope): Omit<PresenceTest, 'node'> | undefined {
  const path = memberPath(node);
  if (path === undefined || locals.has(path.variable)) return undefined;
  const { variable, steps } = path;
  return variable === 'claims' || variable === 'actor' ? { variable, path: steps } : undefined;
}

function within(nodes: readonly Expression[], scope: CelScope, unwanted: Unwanted): readonly PresenceTest[] {
  return nodes.flatMap((node) => presenceTests(node, scope, unwanted));
}
