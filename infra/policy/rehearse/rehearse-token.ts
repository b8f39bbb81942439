// What verification would say of a token's claims, as far as it can be known without its signature. Pure.
import type { Claims } from '../../../shared/policy/claims.ts';
import type { PolicyArtifact, TrustedIssuer, ValueHole } from '../../../shared/policy/compiled-policy.ts';
import type { Presented } from '../../../shared/policy/question.ts';

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
type Check = (claims: Claims, issuer: Issuer, now: number) => Omit<TokenCheck, 'name'> | undefined;

/** Checks iss, sub, aud and times; of Cambio's own tokens only sub and exp. */
export function checkToken(
  role: 'subject' | 'actor',
  token: Presented,
  policy: PolicyArtifact,
  now: number,
): readonly TokenCheck[] {
  const { issuer: name, claims } = token;
  const issuer = Object.hasOwn(policy.issuers, name) ? policy.issuers[name] : undefined;
  const checks = issuer ? foreign : own;
  return Object.entries(checks).flatMap(([claim, check]) => {
    const result = check(claims, issuer ?? self, now);
    return result ? [{ name: `${role}.${claim}`, ...result }] : [];
  });
}

/** A foreign token made for a client is that client's to present. */
export function checkPresenter(
  { issuer, claims }: Presented,
  client: string,
  { clients }: PolicyArtifact,
): readonly TokenCheck[] {
  if (issuer === 'self') return [];
  const owners = audiencesOf(claims).filter((aud) => Object.hasOwn(clients, aud));
  const [other] = owners.filter((owner) => owner !== client);
  if (other === undefined) return [];
  const hint = 'its aud is the name of a client: only that client, authenticated, may present it';
  return [{ name: 'client', wanted: [other], got: client, matched: false, reason: 'audience', hint }];
}

const self = { clockSkew: 0 } as Issuer;

const sub: Check = ({ sub: got }) => {
  const matched = typeof got === 'string' && got !== '';
  return { wanted: ['a string'], got, matched, reason: 'malformed' };
};

const iss: Check = ({ iss: got }, { url }) => {
  if (typeof url !== 'string') return undefined;
  return { wanted: [url], got, matched: got === url, reason: 'issuer', ...hinted(nearUrl(got, url)) };
};

const aud: Check = (claims, { audiences }) => {
  const got = audiencesOf(claims);
  const ours = got.filter((each) => audiences.includes(each));
  const alone = ours.length === got.length || audiences.includes(String(claims['azp']));
  const hint = ours.length === 0 ? nearest(got, audiences) : 'it names others beside us, and azp is not ours';
  const matched = ours.length > 0 && alone;
  return { wanted: audiences, got: claims['aud'], matched, reason: 'audience', ...(matched ? {} : hinted(hint)) };
};

const exp: Check = ({ exp: got }, { clockSkew }, now) => {
  if (typeof got !== 'number') return { wanted: ['seconds'], got, matched: false, reason: 'malformed' };
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
  if (typeof end !== 'number') return undefined;
  const got = end - (typeof start === 'number' ? start : now);
  return { wanted: [`at most ${maxLifetime}`], got, matched: got <= maxLifetime, reason: 'too_old' };
};

const age: Check = ({ iat: start }, { maxAge }, now) => {
  if (maxAge === undefined) return undefined;
  const got = now - (typeof start === 'number' ? start : 0);
  return { wanted: [`at most ${maxAge}`], got, matched: got <= maxAge, reason: 'too_old' };
};

const foreign = { iss, sub, aud, exp, nbf, iat, lifetime, age };
const own = { sub, exp };

function notBefore(got: unknown, clockSkew: number, now: number): Omit<TokenCheck, 'name'> | undefined {
  if (got === undefined) return undefined;
  if (typeof got !== 'number') return { wanted: ['seconds'], got, matched: false, reason: 'malformed' };
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
