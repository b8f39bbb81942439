// Whether a Status List or an AWS session can show a revocation: what none can show is kept out of the index that lists and
// denials are made from, because whoever holds a trusted token may revoke it. Pure.
import type { JsonObject } from '../../policy/json.ts';
import { type ReachingPolicy, reachOf } from '../../policy/reach.ts';
import type { RegisteredClaims } from '../../policy/registered-claims.ts';
import { revocableRoles } from '../../policy/session-revocation.ts';
import { audienceOf } from '../verify/self-issuer.ts';

interface OwnToken {
  readonly registered: Pick<RegisteredClaims, 'aud'>;
  readonly claims: JsonObject;
}

/**
 * Whether anything the policy grants can show a revocation; of one token of ours, whether it or what can be made of it can.
 * Of a token whose audience the policy no longer has nobody knows what was made: as of anything.
 */
export function isListed(policy: ReachingPolicy, token?: OwnToken): boolean {
  const roles = revocableRoles(policy).map(({ name }) => name);
  const audiences = Object.values(policy.audiences).flatMap(({ name, status }) => (status ? [name] : []));
  const audience = token && audienceOf(token, policy);
  if (!audience) return roles.length > 0 || audiences.length > 0;
  if (token.claims['status'] !== undefined || audience.status) return true;
  const reached = reachOf({ audience: audience.name }, policy);
  return roles.some((name) => reached.roles.has(name)) || audiences.some((name) => reached.audiences.has(name));
}
