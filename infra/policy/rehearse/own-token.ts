// The claims of the token that a grant would make of a request's tokens (RFC 9068 §2.2), as later hops present it. Pure.

import { type Claims, isClaims } from '../../../shared/policy/claims.ts';
import type { AudienceGrant } from '../../../shared/policy/compiled-policy.ts';
import type { Presented } from '../../../shared/policy/question.ts';
import { fillTemplate } from '../../../shared/policy/template.ts';
import { isOwnIssuer, ownIssuer, selfIssuerName, tenantOf } from '../../../shared/policy/tenant.ts';
import { deployedTenants } from '../../../shared/policy/tenant-parts.ts';
import { issuedSubject } from './issued-subject.ts';
import type { Rehearsal } from './rehearse.ts';
import type { Allow, World } from './world.ts';

/** An own token as policy sees it: its `tenant` says which tenant's rules are about it. */
export function presentedOwn(claims: Claims): Presented {
  return { issuer: ownIssuer(claims['tenant']), claims };
}

/** The issuer as it is named: `self` is of that tenant which the token says. */
export function issuerNamed(name: string, claims: Claims): string {
  return name === selfIssuerName ? ownIssuer(claims['tenant']) : name;
}

/** Names of Cambio itself as an issuer: `self`, and that of each tenant's own tokens. */
export function ownIssuers(policy: World['policy']): readonly string[] {
  return ['', ...deployedTenants(policy)].map(ownIssuer);
}

/** undefined where the issuer's subject template cannot be filled, or the rule is no audience's. */
export function ownToken(
  { policy }: World,
  request: Rehearsal,
  { grant, outlive }: Allow,
  scopes: readonly string[],
): Claims | undefined {
  if ('role' in grant) return undefined;
  const { subject, actor, client, now } = request;
  const audience = policy.audiences[grant.audience];
  const sub = issuedSubject(subject, policy);
  const actors = [...(actor ? [issuedSubject(actor, policy)] : []), ...earlierActors(subject)];
  if (audience === undefined || sub === undefined || actors.includes(undefined)) return undefined;
  const act = actors.reduceRight<object | undefined>(
    (inner, each) => ({ sub: each, ...(inner && { act: inner }) }),
    undefined,
  );
  const { exp } = subject.claims;
  const tenant = tenantOf(subject.issuer);
  const latest = now + grant.ttl;
  return {
    ...mappedClaims(grant, subject.claims),
    sub,
    aud: audience.resource ?? audience.name,
    client_id: client === '' ? subject.issuer : client,
    ...(audience.scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(act && { act }),
    ...(tenant !== '' && { tenant }),
    iat: now,
    exp: outlive || typeof exp !== 'number' ? latest : Math.min(latest, exp),
    jti: 'rehearsal',
  };
}

/** Of a foreign token each under its issuer's name. */
function earlierActors({ issuer, claims }: Presented): readonly (string | undefined)[] {
  const prefix = isOwnIssuer(issuer) ? '' : `${issuer}|`;
  const actors: (string | undefined)[] = [];
  for (let { act } = claims; isClaims(act); act = act['act']) {
    actors.push(typeof act['sub'] === 'string' ? `${prefix}${act['sub']}` : undefined);
  }
  return actors;
}

function mappedClaims({ claims: templates }: AudienceGrant, claims: Claims): Claims {
  const mapped = Object.entries(templates).map(([name, template]) => [name, fillTemplate(template, claims)] as const);
  return Object.fromEntries(mapped.filter(([, value]) => value !== undefined));
}
