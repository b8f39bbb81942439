// Paths of a CEL condition, `claims.x["y"]`: the variable and its members exist. Pure.
import { type Catalogue, typeOfClaim } from '../claims/catalogue.ts';
import { quote } from '../source/diagnostic.ts';
import { didYouMean } from '../source/did-you-mean.ts';
import { type CelProblem, type Expression, memberPath } from './tree.ts';
import type { CelScope } from './types.ts';

type Problem = Omit<CelProblem, 'offset'>;

const variables = ['claims', 'actor', 'client', 'request', 'now'];
const requestMembers = ['scopes', 'audiences', 'resources'];
/** What `type(x)` can be compared with. */
const typeNames = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'null_type', 'type'];

/** undefined for a node that is no path. */
export function lintPath(node: Expression, scope: CelScope): readonly Problem[] | undefined {
  const path = memberPath(node);
  if (path === undefined) return undefined;
  const { variable, steps } = path;
  if (scope.locals.has(variable)) return [];
  if (variable === 'claims' || variable === 'actor') return lintClaim(variable, steps, scope[variable]);
  if (variable === 'request') return lintRequest(steps);
  if (variable === 'client' || variable === 'now') {
    return steps.length === 0 ? [] : [{ message: `${variable} has no members` }];
  }
  if (typeNames.includes(variable) && steps.length === 0) return [];
  return [{ message: `unknown variable ${quote(variable)}`, hint: didYouMean(variable, variables) }];
}

function lintRequest([member, ...more]: readonly string[]): readonly Problem[] {
  if (member === undefined) return [];
  if (!requestMembers.includes(member)) {
    return [{ message: `request has no ${quote(member)}`, hint: didYouMean(member, requestMembers) }];
  }
  return more.length === 0 ? [] : [{ message: `request.${member} is a list` }];
}

function lintClaim(variable: string, steps: readonly string[], catalogue: Catalogue | undefined): readonly Problem[] {
  const [name] = steps;
  if (name === undefined || catalogue === undefined) return [];
  if (Object.keys(catalogue.claims).length === 0) {
    return [{ message: `this rule has no ${variable} token`, hint: 'add "actor: { from: ISSUER }" to the rule' }];
  }
  const known = [...Object.keys(catalogue.claims), ...(catalogue.untyped ?? [])];
  const prefixes = Object.keys(catalogue.profile?.prefixes ?? {});
  if (!known.includes(name) && !prefixes.some((prefix) => name.startsWith(prefix))) {
    const dotted = known.find((claim) => claim.startsWith(`${name}.`) || name.startsWith(`${claim}.`));
    const hint = dotted === undefined ? didYouMean(name, known) : `write ${variable}[${JSON.stringify(dotted)}]`;
    return [{ message: `unknown claim ${quote(name)}`, hint }];
  }
  const path = steps.join('.');
  if (typeOfClaim(catalogue, path) !== undefined) return [];
  return [{ message: `unknown claim ${quote(path)}`, hint: `${quote(name)} has no such member` }];
}
