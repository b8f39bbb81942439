// What type an expression surely has; CEL's own checker is not in the library. Pure.
import type { ClaimType } from '../../../shared/policy/compiled-policy.ts';
import { type Catalogue, typeOfClaim } from '../claims/catalogue.ts';
import { comparisons, ofStrings } from './functions.ts';
import { type Expression, memberPath } from './tree.ts';

/** `value`: surely no bool, but nothing more is known. */
export type CelKind = 'bool' | 'number' | 'string' | 'list' | 'map' | 'null' | 'value';

/** What is known of the variables; locals hide them. */
export interface CelScope {
  readonly claims: Catalogue | undefined;
  readonly actor: Catalogue | undefined;
  readonly locals: ReadonlySet<string>;
}

const kindOfClaim: Readonly<Record<ClaimType, CelKind>> = {
  string: 'string',
  int: 'number',
  bool: 'bool',
  list: 'list',
  object: 'map',
};

const kindOfCall: Readonly<Record<string, CelKind>> = {
  '_&&_': 'bool',
  '_||_': 'bool',
  '!_': 'bool',
  '@in': 'bool',
  bool: 'bool',
  '_+_': 'value',
  '_-_': 'number',
  '_*_': 'number',
  '_/_': 'number',
  '_%_': 'number',
  '-_': 'number',
  size: 'number',
  int: 'number',
  uint: 'number',
  double: 'number',
  string: 'string',
  bytes: 'value',
  type: 'value',
};

/** The kind of a node, or undefined where only evaluation can tell. */
export function kindOf(node: Expression, scope: CelScope): CelKind | undefined {
  const { exprKind } = node;
  switch (exprKind.case) {
    case 'constExpr':
      return kindOfConstant(exprKind.value.constantKind.case);
    case 'identExpr':
    case 'selectExpr':
      return exprKind.case === 'selectExpr' && exprKind.value.testOnly ? 'bool' : kindOfPath(node, scope);
    case 'callExpr':
      return exprKind.value.function === '_[_]' ? kindOfPath(node, scope) : kindOfFunction(exprKind.value, scope);
    case 'listExpr':
      return 'list';
    case 'structExpr':
      return 'map';
    case 'comprehensionExpr':
      return exprKind.value.accuInit?.exprKind.case === 'listExpr' ? 'list' : 'bool';
    case undefined:
      return undefined;
  }
}

function kindOfConstant(name: string | undefined): CelKind {
  if (name === 'boolValue') return 'bool';
  if (name === 'stringValue') return 'string';
  if (name === 'nullValue') return 'null';
  return name === 'bytesValue' ? 'value' : 'number';
}

function kindOfFunction(
  { function: name, args }: { readonly function: string; readonly args: readonly Expression[] },
  scope: CelScope,
): CelKind | undefined {
  if (comparisons.has(name) || ofStrings.has(name)) return 'bool';
  if (name !== '_?_:_') return Object.hasOwn(kindOfCall, name) ? kindOfCall[name] : undefined;
  const [yes, no] = args.slice(1).map((branch) => kindOf(branch, scope));
  if (yes === no) return yes;
  return [yes, no].some((kind) => kind !== undefined && kind !== 'bool') ? 'value' : undefined;
}

function kindOfPath(node: Expression, scope: CelScope): CelKind | undefined {
  const path = memberPath(node);
  if (path === undefined || path.computed || scope.locals.has(path.variable)) return undefined;
  const { variable, steps } = path;
  if (variable === 'request') return steps.length === 0 ? 'map' : 'list';
  if (variable === 'client') return 'string';
  if (variable === 'now') return 'number';
  if (variable !== 'claims' && variable !== 'actor') return undefined;
  if (steps.length === 0) return 'map';
  const catalogue = scope[variable];
  const type = catalogue && typeOfClaim(catalogue, steps.join('.'));
  return type === undefined || type === 'open' ? undefined : kindOfClaim[type];
}
