// What verification would say of a token's claims, as far as it can be known without its signature. Pure.

import type { Claims } from '../../../shared/policy/claims.ts';
import type { PolicyArtifact, TrustedIssuer, ValueHole } from '../../../shared/policy/compiled-policy.ts';
import type { JsonObject } from '../../../shared/policy/json.ts';
import type { Presented } from '../../../shared/policy/question.ts';
import {
  parseRegisteredClaims,
  type RegisteredClaims,
  type WrongClaim,
} from '../../../shared/policy/registered-claims.ts';
import { clientNamedBy, isOwnIssuer, ownIssuer, tenantOf } from '../../../shared/policy/tenant.ts';

/** One check, in the shape of a policy condition. */
export interface TokenCheck {
  /** `subject.exp`. */
  readonly name: string;
  readonly wanted: readonly (string | number)[];
  readonly got: unknown;
  readonly matched: boolean;
  /** The decision's reason when it does not match. */
  readonly reason: string;
  readonly hint?: string;
}

type Issuer = TrustedIssuer<string | ValueHole>;
type Check = (claims: RegisteredClaims, issuer: Issuer, now: number) => Omit<TokenCheck, 'name'> | undefined;

/**
 * Checks the registered claims as the server reads them, then iss, aud and times; of Cambio's own tokens, whose `iss` only
 * the deployment knows, exp, and whether they are of that tenant's subjects.
 */
export function checkToken(
  role: 'subject' | 'actor',
  token: Presented,
  policy: PolicyArtifact,
  now: number,
): readonly TokenCheck[] {
  const { issuer: name, claims } = token;
  const issuer = Object.hasOwn(policy.issuers, name) ? policy.issuers[name] : undefined;
  const registered = parseRegisteredClaims({ ...(issuer ? {} : anyOwn), ...claims } as JsonObject);
  if ('wrong' in registered) return [malformed(role, registered, claims)];
  const checks = issuer ? foreign : own;
  const checked = Object.entries(checks).flatMap(([claim, check]) => {
    const isEnd = claim === 'exp';
    const result = check(registered, (isEnd && role === 'actor') || !issuer ? self : issuer, now);
    const isLate = isEnd && registered.exp <= now && !mayBeLate(name, policy);
    return result ? [{ name: `${role}.${claim}`, ...result, ...(isLate && { matched: false }) }] : [];
  });
  return issuer ? checked : [...checked, ...checkTenant(role, token)];
}

/** Of a subject a rule may take what has just expired (`outlive`). */
function mayBeLate(issuer: string, { rules }: PolicyArtifact): boolean {
  return rules.some((rule) => rule.from === issuer && 'grant' in rule && rule.outlive);
}

/** An own token is of the tenant that its claim names, whoever presents it. */
function checkTenant(role: string, { issuer, claims: { tenant: got } }: Presented): readonly TokenCheck[] {
  const wanted = tenantOf(issuer);
  if (wanted === '' && got === undefined) return [];
  return [{ name: `${role}.tenant`, wanted: [wanted], got, matched: ownIssuer(got) === issuer, reason: 'issuer' }];
}

/** A foreign token made for a client is that client's to present. */
export function checkPresenter(
  { issuer, claims }: Presented,
  client: string,
  { clients }: PolicyArtifact,
): readonly TokenCheck[] {
  if (isOwnIssuer(issuer)) return [];
  const named = audiencesOf(claims).map((aud) => clientNamedBy(aud, issuer));
  const owners = named.filter((name) => Object.hasOwn(clients, name));
  const [other] = owners.filter((owner) => owner !== client);
  if (other === undefined) return [];
  const hint = 'its aud is the name of a client: only that client, authenticated, may present it';
  return [{ name: 'client', wanted: [other], got: client, matched: false, reason: 'audience', hint }];
}

const self = { clockSkew: 0 } as Issuer;

/** What a test need not say of them. */
const anyOwn = { iss: 'self', aud: 'self' };

function malformed(role: string, { wrong, type }: WrongClaim, claims: Claims): TokenCheck {
  const got = claims[wrong];
  const hint = got === undefined ? 'no token without it is accepted' : 'a token that has it otherwise is not accepted';
  return { name: `${role}.${wrong}`, wanted: [type], got, matched: false, reason: 'malformed', hint };
}

const sub: Check = ({ sub: got }) => ({ wanted: ['a string'], got, matched: true, reason: 'malformed' });

const iss: Check = ({ iss: got }, { url }) => {
  if (typeof url !== 'string') return undefined;
  return { wanted: [url], got, matched: got === url, reason: 'issuer', ...hinted(nearUrl(got, url)) };
};

const aud: Check = ({ aud: got, azp }, { audiences }) => {
  const ours = got.filter((each) => audiences.includes(each));
  const alone = ours.length === got.length || (azp !== undefined && audiences.includes(azp));
  const hint = ours.length === 0 ? nearest(got, audiences) : 'it names others beside us, and azp is not ours';
  const matched = ours.length > 0 && alone;
  return { wanted: audiences, got, matched, reason: 'audience', ...(matched ? {} : hinted(hint)) };
};

const exp: Check = ({ exp: got }, { clockSkew }, now) => {
  const late = now - got;
  const hint =
    late < 0
      ? undefined
      : late < clockSkew
        ? 'expired within clockSkew, which counts only for rules with outlive: true'
        : `expired ${span(late)} ago`;
  return { wanted: [`after ${now}`], got, matched: got + clockSkew > now, reason: 'expired', ...hinted(hint) };
};

const nbf: Check = ({ nbf: got }, { clockSkew }, now) => notBefore(got, clockSkew, now);
const iat: Check = ({ iat: got }, { clockSkew }, now) => notBefore(got, clockSkew, now);

const lifetime: Check = ({ exp: end, iat: start }, { maxLifetime }, now) => {
  const got = end - (start ?? now);
  return { wanted: [`at most ${maxLifetime}`], got, matched: got <= maxLifetime, reason: 'too_old' };
};

const age: Check = ({ iat: start }, { maxAge }, now) => {
  if (maxAge === undefined) return undefined;
  const got = now - (start ?? 0);
  return { wanted: [`at most ${maxAge}`], got, matched: got <= maxAge, reason: 'too_old' };
};

const foreign = { iss, sub, aud, exp, nbf, iat, lifetime, age };
const own = { sub, exp };

function notBefore(got: number | undefined, clockSkew: number, now: number): Omit<TokenCheck, 'name'> | undefined {
  if (got === undefined) return undefined;
  const early = got - now;
  const hint =
    early > clockSkew ? `${span(early)} in the future: is a clock wrong? clockSkew is ${clockSkew}s` : undefined;
  return {
    wanted: [`up to ${now + clockSkew}`],
    got,
    matched: early <= clockSkew,
    reason: 'not_yet_valid',
    ...hinted(hint),
  };
}

function audiencesOf({ aud: got }: Claims): readonly string[] {
  return [got].flat().filter((each) => typeof each === 'string');
}

function nearest(got: readonly string[], wanted: readonly string[]): string | undefined {
  return got.flatMap((each) => wanted.map((one) => nearUrl(each, one))).find((hint) => hint !== undefined);
}

/** Why two strings look the same and are not. */
function nearUrl(got: unknown, wanted: string): string | undefined {
  if (typeof got !== 'string' || got === wanted) return undefined;
  if (got.replace(/\/+$/, '') === wanted.replace(/\/+$/, '')) return 'they differ in a trailing slash only: it counts';
  if (got.toLowerCase() === wanted.toLowerCase()) return 'they differ in case only: it counts';
  if (got.replace(/^https?:/, '') === wanted.replace(/^https?:/, '')) return 'they differ in http and https only';
  return undefined;
}

function hinted(hint: string | undefined): { readonly hint?: string } {
  return hint === undefined ? {} : { hint };
}

function span(seconds: number): string {
  return seconds < 120
    ? `${seconds}s`
    : seconds < 7_200
      ? `${Math.round(seconds / 60)} min`
      : `${Math.round(seconds / 3_600)} h`;
}
