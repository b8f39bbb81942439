// What a witness shows of its tokens: who it is, whom it is for, and what the rules read. Pure.

import { type Claims, isClaims } from '../../../shared/policy/claims.ts';
import type { PolicyRule, Template } from '../../../shared/policy/compiled-policy.ts';
import { isOwnIssuer } from '../../../shared/policy/tenant.ts';
import type { Slot } from './witness.ts';
import { type Allow, targetOf, type World } from './world.ts';

/** The claims of a token that say anything about a rule and the deny rules beside it. */
export function shownClaims(
  world: World,
  rule: Allow,
  issuer: string,
  claims: Claims,
  variable: 'claims' | 'actor',
): Claims {
  if (isOwnIssuer(issuer)) return withoutTimes(claims);
  // A missing claim fires the condition of a denial, and keeps its match from fitting.
  const opposed = world.allDenials(rule.from, targetOf(rule)).filter(({ when }) => when !== undefined);
  const paths = [
    ...readPaths(world, rule, variable),
    ...opposed.flatMap(({ when = [] }) => readPaths(world, { match: [], when }, variable)),
  ];
  const whole = paths.includes('');
  const ofToken = variable === 'claims' ? templatePaths(world, rule) : subjectPaths(world, issuer);
  return whole ? withoutTimes(claims) : pick(claims, ['iss', 'sub', 'aud', ...paths, ...ofToken]);
}

const times: readonly string[] = ['exp', 'nbf', 'iat', 'jti'];

function withoutTimes(claims: Claims): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !times.includes(name)));
}

function readPaths(
  { factsOf }: World,
  { match, actor, when = [] }: Pick<PolicyRule, 'match' | 'actor' | 'when'>,
  variable: Slot['variable'],
): readonly string[] {
  const matches = variable === 'actor' ? (actor?.match ?? []) : match;
  const reads = when.flatMap(({ expression }) => factsOf(expression).reads);
  return [
    ...matches.map(({ path }) => path),
    ...reads.filter((read) => read.variable === variable).map(({ path }) => path),
  ];
}

/** Claims that what is granted is made of. */
function templatePaths(world: World, { from, grant }: Allow): readonly string[] {
  const templates: readonly Template[] =
    'role' in grant
      ? [...grant.tags.map(({ value }) => value), grant.sourceIdentity ?? [], grant.sessionPolicy ?? []]
      : Object.values(grant.claims);
  return [...templates.flatMap(pathsOf), ...subjectPaths(world, from)];
}

function subjectPaths({ policy }: World, issuer: string): readonly string[] {
  return pathsOf(policy.issuers[issuer]?.subject ?? []);
}

function pathsOf(template: Template): readonly string[] {
  return template.flatMap((part) => (typeof part === 'string' ? [] : [part.claim]));
}

/** The claims at some paths, in their own shape. */
function pick(claims: Claims, paths: readonly string[]): Claims {
  return paths.reduce<Claims>((picked, path) => pickOne(claims, path, picked), {});
}

function pickOne(claims: Claims, path: string, picked: Claims): Claims {
  if (Object.hasOwn(claims, path)) return { ...picked, [path]: claims[path] };
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const name = path.slice(0, dot);
    const inner = claims[name];
    if (!Object.hasOwn(claims, name) || !isClaims(inner)) continue;
    const earlier = picked[name];
    return { ...picked, [name]: pickOne(inner, path.slice(dot + 1), isClaims(earlier) ? earlier : {}) };
  }
  return picked;
}
