// Which rules lead to a target one after the other: a rule about a foreign token first, then rules about our own. Pure.
import type { PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { groupBy } from './rule-index.ts';
import { isWanted } from './witness.ts';
import { type Allow, targetOf } from './world.ts';

/** From the foreign token to the target. */
export type RulePath = readonly [Allow, ...Allow[]];

export interface Paths {
  readonly paths: readonly RulePath[];
  /** There are more. */
  readonly truncated: boolean;
}

/** The most exchanges from a foreign token (`depth`). */
const maxHops = 16;

/** Paths that come by no audience twice, the short ones first. */
export function pathsTo(policy: PolicyArtifact, target: string, most: number): Paths {
  const granting = grantsByTarget(policy);
  const found: RulePath[] = [];
  let open: readonly RulePath[] = (granting.get(target) ?? []).map((rule) => [rule]);
  while (open.length > 0 && found.length <= most) {
    found.push(...open.filter(([first]) => first.from !== 'self'));
    open = open.filter(([first]) => first.from === 'self').flatMap((path) => longer(path, target, granting, policy));
  }
  return { paths: found.slice(0, most), truncated: found.length > most };
}

export function grantsByTarget({ rules }: PolicyArtifact): ReadonlyMap<string, readonly Allow[]> {
  return groupBy(
    rules.filter((rule): rule is Allow => 'grant' in rule),
    targetOf,
  );
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
    .flatMap((audience) => (granting.get(audience) ?? []).map((rule): RulePath => [rule, ...path]));
}

/** Audiences whose tokens a rule from self exchanges: references never are. */
export function audiencesOf({ match }: Allow, { audiences }: PolicyArtifact): readonly string[] {
  const wishes = match.filter(({ path }) => path === 'aud');
  return Object.values(audiences)
    .filter(({ format }) => format !== 'reference')
    .filter(({ name, resource }) => {
      const forms = resource === undefined ? [name] : [name, resource];
      return wishes.every((wish) => isWanted(wish, forms));
    })
    .map(({ name }) => name);
}
