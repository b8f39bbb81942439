// Roles: what STS takes of them, and lifetimes it gives. Their ARNs are resolve-arns.ts's. Pure.
import { parseRoleArn } from '../../../shared/policy/role-arn.ts';
import { limits, longestSession, roleTtl } from '../schema/defaults.ts';
import { formatDuration } from '../schema/duration.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { RoleEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, errorAt, keyOf } from '../source/place.ts';

/** `aud` of the tokens with which a web identity is presented to STS. */
const stsAudience = 'sts.amazonaws.com';

export function checkRoles(policy: MergedPolicy): readonly Diagnostic[] {
  return [
    ...policy.roles.flatMap((role) => [...checkExternalId(role), ...checkLifetimes(role)]),
    ...checkStsAudience(policy),
    ...roleResources(policy),
  ];
}

function checkExternalId({ name, value: { externalId, via }, place }: Entry<RoleEntry>): Diagnostic[] {
  if (externalId === undefined) return [];
  const at = below(place, 'externalId');
  if (via === 'web-identity') {
    return [errorAt(keyOf(at), `role ${quote(name)}: a web identity has no external id`, 'remove it, or via')];
  }
  if (/^[\w+=,.@:/-]{2,1224}$/.test(externalId)) return [];
  return [
    errorAt(at, `the externalId ${quote(externalId)} is none STS takes`, '2 to 1224 of A–Z a–z 0–9 _ + = , . @ : / -'),
  ];
}

function checkLifetimes({ value, place }: Entry<RoleEntry>): Diagnostic[] {
  const { ttl, maxTtl } = roleTtl(value);
  const longest = longestSession(value);
  const findings = [
    ...(maxTtl > longest ? [tooLong(below(place, 'maxTtl'), `maxTtl ${value.maxTtl}`, value)] : []),
    ...(ttl < limits.sessionMin ? [tooShort(below(place, 'ttl'), ttl)] : []),
  ];
  if (ttl <= maxTtl || findings.length > 0) return findings;
  const written = value.ttl === undefined ? below(place, 'maxTtl') : below(place, 'ttl');
  return [
    errorAt(
      written,
      `ttl ${formatDuration(ttl)} is over the maxTtl ${formatDuration(maxTtl)}`,
      'shorten ttl or raise maxTtl',
    ),
  ];
}

/** A session that STS would not make as long as that. */
export function tooLong(place: Parameters<typeof errorAt>[0], what: string, role: RoleEntry): Diagnostic {
  if (role.via === 'web-identity') return errorAt(place, `${what} is over the 12h of any role session`, 'shorten it');
  return errorAt(place, `${what} is over the 1h of a session by role chaining`, 'shorten it, or use via: web-identity');
}

export function tooShort(place: Parameters<typeof errorAt>[0], ttl: number): Diagnostic {
  return errorAt(
    place,
    `ttl ${formatDuration(ttl)} is shorter than any role session`,
    'STS makes none shorter than 15m',
  );
}

/** An access token for that audience would be a web identity to STS, made by whoever may have one. */
function checkStsAudience({ roles, audiences }: MergedPolicy): Diagnostic[] {
  if (!roles.some(({ value }) => value.via === 'web-identity')) return [];
  return audiences
    .filter(({ name, value: { resource } }) => (resource ?? name) === stsAudience)
    .map(({ name, place }) =>
      errorAt(
        keyOf(place),
        `tokens for audience ${quote(name)} could be presented to STS as web identities`,
        'choose another name or resource',
      ),
    );
}

/** `resource=ARN` names a role. */
function roleResources({ audiences }: MergedPolicy): Diagnostic[] {
  return audiences
    .filter(({ value: { resource } }) => parseRoleArn(resource ?? '') !== undefined)
    .map(({ value: { resource }, place }) =>
      errorAt(below(place, 'resource'), `the resource ${quote(resource)} is the ARN of a role`, 'name it under roles'),
    );
}
