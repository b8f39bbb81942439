// Names in a question about a policy that differ from one the policy knows by a slip. Pure.
import { profiles } from '../../infra/policy/profiles/registry.ts';
import type { Rehearsal } from '../../infra/policy/rehearse/rehearse.ts';
import { didYouMean, nearestOf } from '../../infra/policy/source/did-you-mean.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import type { Presented } from '../../shared/policy/question.ts';
import { namedTargets, targetsOf } from '../../shared/policy/target.ts';

/** Hints, one for each slip: `audience order-api: did you mean orders-api?`. */
export function slipsOf(
  { subject, actor, audiences, resources, scope = [] }: Rehearsal,
  policy: PolicyArtifact,
): readonly string[] {
  const targets = targetsOf(policy);
  const [target] = namedTargets({ audiences, resources }, targets);
  const names = targets.map(({ name }) => name);
  const uris = targets.flatMap(({ resource }) => (typeof resource === 'string' ? resource : []));
  const unknown = target ? scope.filter((word) => !target.scopes.includes(word)) : [];
  return [
    ...(target ? [] : audiences.map((name) => `${name} is no audience and no role: ${didYouMean(name, names)}`)),
    ...(target ? [] : resources.map((uri) => `${uri} is no resource: ${didYouMean(uri, uris)}`)),
    ...unknown.map((word) => `${target?.name} has no scope ${word}: ${didYouMean(word, target?.scopes ?? [])}`),
    ...[subject, ...(actor ? [actor] : [])].flatMap((token) => claimSlips(token, policy)),
  ];
}

/** Claims that the issuer's tokens do not have and that are spelt nearly like one they do. */
function claimSlips({ issuer, claims }: Presented, { issuers }: PolicyArtifact): readonly string[] {
  const trusted = Object.hasOwn(issuers, issuer) ? issuers[issuer] : undefined;
  if (!trusted) return [];
  const { prefixes = {} } = profiles.get(trusted.profile ?? '') ?? {};
  const known = Object.keys(trusted.claims);
  const isKnown = (name: string) =>
    known.includes(name) || Object.keys(prefixes).some((prefix) => name.startsWith(prefix));
  return Object.keys(claims)
    .filter((name) => !isKnown(name))
    .flatMap((name) => {
      const nearest = nearestOf(name, known);
      return nearest === undefined || Object.hasOwn(claims, nearest) ? [] : [`claim ${name}: did you mean ${nearest}?`];
    });
}
