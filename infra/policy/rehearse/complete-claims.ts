// Claims somebody wrote down, as a token: with the registered claims that every token has. Pure.
import type { Claims } from '../../../shared/policy/claims.ts';
import type { PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import type { Presented } from '../../../shared/policy/question.ts';
import { isOwnIssuer, tenantOf } from '../../../shared/policy/tenant.ts';
import { issuerNamed } from './own-token.ts';

/** Seconds a token lives, where its issuer's `maxLifetime` lets it. */
const lifetime = 300;

/**
 * Adds `iss`, `aud`, `iat`, `exp` and `jti` where the claims do not have them; `null` takes one away. Of `self` only the
 * last three, and the tenant whose subject it is of: whom our own token is for makes a difference.
 * @param now epoch seconds
 */
export function completeClaims(
  { issuer: name, claims }: Presented,
  { issuers }: PolicyArtifact,
  now: number,
): Presented {
  const issuer = issuerNamed(name, claims);
  const trusted = Object.hasOwn(issuers, issuer) ? issuers[issuer] : undefined;
  const tenant = isOwnIssuer(issuer) ? tenantOf(issuer) : '';
  const registered: Claims = {
    ...(typeof trusted?.url === 'string' && { iss: trusted.url }),
    ...(trusted && { aud: trusted.audiences[0] }),
    iat: now,
    exp: now + Math.min(lifetime, trusted?.maxLifetime ?? lifetime),
    jti: 'policy-test',
    ...(tenant !== '' && { tenant }),
  };
  const given = Object.entries({ ...registered, ...claims }).filter(([, value]) => value !== null);
  return { issuer, claims: Object.fromEntries(given) };
}
