// Which rules lead to a target one after the other: a rule about a foreign token first, then rules about our own. Pure.

import type { PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { groupBy } from '../../../shared/policy/group-by.ts';
import { isOwnIssuer, tenantOf } from '../../../shared/policy/tenant.ts';
import { audiencesNamed } from './audience-names.ts';
import { isWanted } from './witness.ts';
import { type Allow, targetOf } from './world.ts';

/** From the foreign token to the target. A token of ours stays of the tenant whose subject it is of. */
export type RulePath = readonly [Allow, ...Allow[]];

export interface Paths {
  readonly paths: readonly RulePath[];
  /** There are more. */
  readonly truncated: boolean;
}

/** The most exchanges from a foreign token (`depth`). */
const maxHops = 16;

/**
 * Paths that come by no audience twice, the short ones first.
 * @param isAskedFor the paths that count
 */
export function pathsTo(
  policy: PolicyArtifact,
  target: string,
  most: number,
  isAskedFor: (path: RulePath) => boolean = () => true,
): Paths {
  const granting = grantsByTarget(policy);
  const found: RulePath[] = [];
  let open: readonly RulePath[] = (granting.get(target) ?? []).map((rule) => [rule]);
  for (let seen = open.length; open.length > 0 && found.length <= most; seen += open.length) {
    if (seen > mostSeen) return { paths: found.slice(0, most), truncated: true };
    found.push(...open.filter(([first]) => !isOwnIssuer(first.from)).filter(isAskedFor));
    open = open.filter(([first]) => isOwnIssuer(first.from)).flatMap((path) => longer(path, target, granting, policy));
  }
  return { paths: found.slice(0, most), truncated: found.length > most };
}

/** Paths that are looked at for those that count. */
const mostSeen = 100_000;

const grants = new WeakMap<PolicyArtifact, ReadonlyMap<string, readonly Allow[]>>();

/** Allow rules by the name of their target; listed once for each policy. */
export function grantsByTarget(policy: PolicyArtifact): ReadonlyMap<string, readonly Allow[]> {
  const listed =
    grants.get(policy) ??
    groupBy(
      policy.rules.filter((rule): rule is Allow => 'grant' in rule),
      targetOf,
    );
  grants.set(policy, listed);
  return listed;
}

function longer(
  path: RulePath,
  target: string,
  granting: ReadonlyMap<string, readonly Allow[]>,
  policy: PolicyArtifact,
): readonly RulePath[] {
  if (path.length >= maxHops) return [];
  const visited = [target, ...path.map(targetOf)];
  return audiencesOf(path[0], policy)
    .filter((audience) => !visited.includes(audience))
    .flatMap((audience) => granting.get(audience) ?? [])
    .filter((rule) => tenantOf(rule.from) === tenantOf(path[0].from))
    .map((rule): RulePath => [rule, ...path]);
}

const exchanged = new WeakMap<PolicyArtifact, Map<Allow, readonly string[]>>();

/** Audiences whose tokens a rule from self exchanges, found once for each rule: references never are. */
export function audiencesOf(rule: Allow, policy: PolicyArtifact): readonly string[] {
  const known = exchanged.get(policy) ?? new Map<Allow, readonly string[]>();
  exchanged.set(policy, known);
  const found = known.get(rule) ?? findAudiences(rule, policy);
  known.set(rule, found);
  return found;
}

function findAudiences({ match }: Allow, { audiences }: PolicyArtifact): readonly string[] {
  const wishes = match.filter(({ path }) => path === 'aud');
  const written = wishes.map(({ anyOf }) => anyOf.map((wanted) => ('equals' in wanted ? wanted.equals : undefined)));
  const named = written.find((values) => !values.includes(undefined));
  return (named ? audiencesNamed(named, audiences) : Object.values(audiences))
    .filter(({ format }) => format !== 'reference')
    .filter(({ name, resource }) => {
      const forms = resource === undefined ? [name] : [name, resource];
      return wishes.every((wish) => isWanted(wish, forms));
    })
    .map(({ name }) => name);
}
