// What is wrong with one CEL condition: names that do not exist, types that cannot fit, work without bound. Pure.
import { isCelError, run } from '@bufbuild/cel';
import { quote } from '../source/diagnostic.ts';
import { didYouMean } from '../source/did-you-mean.ts';
import { comparisons, functions, isAboutTime, macros, ofStrings, operators } from './functions.ts';
import { lintPath } from './lint-path.ts';
import { type CelProblem, type CelTree, childrenOf, type Expression, parseCondition, stringOf } from './tree.ts';
import { type CelKind, type CelScope, kindOf } from './types.ts';

const maxNestedLoops = 2;
/** One that goes through what another has made, or inside it. */
const maxLoopsInARow = 4;

interface Context {
  readonly tree: CelTree;
  readonly scope: CelScope;
  /** Loops around the node. */
  readonly loops: number;
  /** Their variables. */
  readonly turning: ReadonlySet<string>;
}

/** Everything that is surely wrong; the first syntax error alone if it does not parse. */
export function lintCondition(text: string, scope: CelScope): readonly CelProblem[] {
  const tree = parseCondition(text);
  if (!('root' in tree)) return [tree];
  const context = { tree, scope, loops: 0, turning: new Set<string>() };
  return [...needsBool(tree.root, context), ...lint(tree.root, context)];
}

function lint(node: Expression, context: Context): readonly CelProblem[] {
  const path = lintPath(node, context.scope);
  if (path !== undefined)
    return [...path.map((problem) => at(beginOf(node), context, problem)), ...lintIndexes(node, context)];
  const { exprKind } = node;
  if (exprKind.case === 'comprehensionExpr') return lintLoop(node, exprKind.value, context);
  const children = [...lintGrowth(node, context), ...childrenOf(node).flatMap((child) => lint(child, context))];
  if (exprKind.case === 'callExpr') return [...lintCall(node, exprKind.value, context), ...children];
  if (exprKind.case !== 'structExpr' || exprKind.value.messageName === '') return children;
  return [at(node, context, { message: `${exprKind.value.messageName} cannot be made here` }), ...children];
}

/** What stands in the brackets along a path: `claims[request.scopes[0]]`. */
function lintIndexes(node: Expression, context: Context): readonly CelProblem[] {
  const [inner, index] = childrenOf(node);
  const own = index === undefined || stringOf(index) !== undefined ? [] : lint(index, context);
  return inner === undefined ? own : [...lintIndexes(inner, context), ...own];
}

type Loop = Extract<Expression['exprKind'], { readonly case: 'comprehensionExpr' }>['value'];

function lintLoop(node: Expression, loop: Loop, context: Context): readonly CelProblem[] {
  const { scope, loops, turning } = context;
  const inner = {
    ...context,
    loops: loops + 1,
    turning: new Set([...turning, loop.iterVar, loop.iterVar2]),
    scope: { ...scope, locals: new Set([...scope.locals, loop.iterVar, loop.iterVar2, loop.accuVar]) },
  };
  const message = `more than ${maxNestedLoops} loops inside each other`;
  const hint = 'their turns multiply, and a token decides how many there are';
  return [
    ...(loops < maxNestedLoops ? [] : [at(node, context, { message, hint })]),
    ...(loopsInARow(node) === maxLoopsInARow + 1 ? [at(node, context, inARow)] : []),
    ...(loop.iterRange ? lint(loop.iterRange, context) : []),
    ...(loop.loopStep ? lint(loop.loopStep, inner) : []),
  ];
}

const inARow = {
  message: `more than ${maxLoopsInARow} loops, each over what another has made`,
  hint: 'what they make can grow with each: make it one loop, or two conditions',
};

function loopsInARow(node: Expression): number {
  const below = Math.max(0, ...childrenOf(node).map(loopsInARow));
  return below + (node.exprKind.case === 'comprehensionExpr' ? 1 : 0);
}

/** In a loop nothing is made of what it goes through twice: twenty such loops make a million of it. */
function lintGrowth(node: Expression, context: Context): readonly CelProblem[] {
  const { exprKind } = node;
  const isSum = exprKind.case === 'callExpr' && exprKind.value.function === '_+_';
  if (!isSum && exprKind.case !== 'listExpr' && exprKind.case !== 'structExpr') return [];
  const parts = childrenOf(node);
  if (isSum && parts.some((part) => kindOf(part, context.scope) === 'number')) return [];
  if (parts.filter((part) => mentions(part, context.turning)).length < 2) return [];
  const hint = 'name the variable of the loop once in what the loop makes';
  return [at(node, context, { message: 'this loop makes twice of what it goes through', hint })];
}

function mentions(node: Expression, names: ReadonlySet<string>): boolean {
  if (node.exprKind.case === 'identExpr') return names.has(node.exprKind.value.name);
  return childrenOf(node).some((child) => mentions(child, names));
}

type Call = Extract<Expression['exprKind'], { readonly case: 'callExpr' }>['value'];

function lintCall(node: Expression, call: Call, context: Context): readonly CelProblem[] {
  const { function: name, args } = call;
  if (name === '_&&_' || name === '_||_' || name === '!_') return args.flatMap((arg) => needsBool(arg, context));
  if (name === '_?_:_') return args.slice(0, 1).flatMap((arg) => needsBool(arg, context));
  if (comparisons.has(name)) return lintComparison(node, args, context);
  if (name === '@in') return lintIn(args, context);
  if (operators.has(name)) return [];
  return lintFunction(call, context).map((problem) => at(node, context, problem));
}

type Problem = Omit<CelProblem, 'offset'>;

function lintFunction({ function: name, target, args }: Call, { scope }: Context): readonly Problem[] {
  if (isAboutTime(name))
    return [{ message: `${name}() is not for conditions`, hint: 'use now and whole seconds: now - claims.iat < 300' }];
  const macro = macros.get(name);
  if (macro !== undefined) return [{ message: `${name}() is not written like this`, hint: `such as ${macro}` }];
  const arity = functions.get(name);
  if (arity === undefined) {
    const known = [...functions.keys(), ...macros.keys()];
    return [{ message: `unknown function ${quote(name)}`, hint: didYouMean(name, known) }];
  }
  const wanted = target === undefined ? arity.global : arity.method;
  if (wanted !== args.length) return [{ message: `${name}() is not called like this`, hint: howToCall(name, arity) }];
  const kind = target && kindOf(target, scope);
  if (ofStrings.has(name) && kind !== undefined && kind !== 'string' && kind !== 'value') {
    return [
      {
        message: `${name}() is for strings, this is ${words[kind]}`,
        ...(kind === 'list' && { hint: '"x" in claims.list' }),
      },
    ];
  }
  return name === 'matches' ? lintPattern(args[0]) : [];
}

function howToCall(name: string, { method }: { readonly method?: number }): string {
  if (method === undefined) return `write ${name}(claims.x)`;
  return method === 0 ? `write ${name}(claims.x) or claims.x.${name}()` : `write claims.x.${name}("text")`;
}

function lintPattern(pattern: Expression | undefined): readonly Problem[] {
  const text = pattern && stringOf(pattern);
  if (text === undefined || !isCelError(run('"".matches(pattern)', { pattern: text }))) return [];
  return [
    {
      message: `${quote(text)} is no regular expression of RE2`,
      hint: 'RE2 has no look-around and no back references',
    },
  ];
}

const words: Readonly<Record<CelKind, string>> = {
  bool: 'a bool',
  number: 'a number',
  string: 'a string',
  list: 'a list',
  map: 'a map',
  null: 'null',
  value: 'another value',
};

/** CEL has no truthiness: where a bool is wanted, anything else is an error of every evaluation. */
function needsBool(node: Expression, context: Context): readonly CelProblem[] {
  const kind = kindOf(node, context.scope);
  if (kind === undefined || kind === 'bool') return [];
  return [
    at(node, context, {
      message: `this must be true or false, it is ${words[kind]}`,
      hint: 'compare it: == != < > in',
    }),
  ];
}

function lintComparison(node: Expression, args: readonly Expression[], context: Context): readonly CelProblem[] {
  const [left, right] = args.map((arg) => kindOf(arg, context.scope));
  if (left === undefined || right === undefined || left === right) return [];
  if ([left, right].some((kind) => kind === 'value' || kind === 'null')) return [];
  const hint = 'types follow the claims of the issuer; GitHub writes ids and booleans as strings';
  return [at(node, context, { message: `this compares ${words[left]} with ${words[right]}`, hint })];
}

function lintIn([, list]: readonly Expression[], context: Context): readonly CelProblem[] {
  const kind = list && kindOf(list, context.scope);
  if (list === undefined || kind === undefined || kind === 'list' || kind === 'map' || kind === 'value') return [];
  return [at(list, context, { message: `"in" looks into a list, this is ${words[kind]}` })];
}

/** The variable that a path begins with. */
function beginOf(node: Expression): Expression {
  const [first] = childrenOf(node);
  return first === undefined ? node : beginOf(first);
}

function at(node: Expression, { tree }: Context, problem: Problem): CelProblem {
  return { ...problem, offset: tree.offsetOf(node) };
}
