// A token of an issuer as its vendor makes it, or, of a plain map of claims, with made-up values of the declared types. Pure.
import type { Claims } from '../../../shared/policy/claims.ts';
import type { ClaimType, PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { isAlwaysCarried } from '../claims/carried-claims.ts';
import { profiles } from '../profiles/registry.ts';

type Issuer = PolicyArtifact['issuers'][string];

/** Seconds a token lives, where its issuer's `maxLifetime` lets it. */
const lifetime = 300;

/** A payload. @param now epoch seconds */
export function sampleToken(issuer: Issuer, now: number): Claims {
  const { profile, audiences } = issuer;
  const input = { issuer: issuerUrl(issuer), audience: audiences[0] ?? '', now };
  const made = profiles.get(profile ?? '')?.sample(input) ?? madeUp(issuer);
  return { ...made, ...registered(issuer, made, now) };
}

/** `iss`; of an issuer whose URL only the deployment knows, what stands for it. */
export function issuerUrl({ url }: Issuer): string {
  return typeof url === 'string' ? url : url.$value;
}

function registered(issuer: Issuer, made: Claims, now: number): Claims {
  const exp = now + Math.min(lifetime, issuer.maxLifetime);
  return { iss: issuerUrl(issuer), aud: made['aud'] ?? issuer.audiences[0], iat: now, exp };
}

function madeUp({ claims }: Issuer): Claims {
  const made = Object.entries(claims).flatMap(([name, type]) =>
    ofToken.includes(name) ? [] : [[name, madeUpValue(name, type)] as const],
  );
  return { ...Object.fromEntries(made), sub: 'somebody' };
}

const ofToken: readonly string[] = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'];

function madeUpValue(name: string, type: ClaimType): unknown {
  return { string: `some-${name}`, int: 1, bool: true, list: [`some-${name}`], object: {} }[type];
}

/** Whether no token of the issuer lacks a claim. */
export function isCarried({ claims, profile }: Issuer, path: string): boolean {
  const known = profiles.get(profile ?? '');
  return isAlwaysCarried({ claims, ...(known && { profile: known }) }, path);
}

/** The declared type of a claim path; undefined where nothing is known of it. */
export function declaredType({ claims, profile }: Issuer, path: string): ClaimType | undefined {
  const known = profiles.get(profile ?? '');
  const own = [claims, known?.members ?? {}].find((types) => Object.hasOwn(types, path));
  if (own) return own[path];
  return Object.entries(known?.prefixes ?? {}).find(([prefix]) => path.startsWith(prefix))?.[1];
}
