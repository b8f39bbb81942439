// Issuers: profile, claims, audiences, keys and limits. Their URLs are checked where they are resolved. Pure.
import { registeredType } from '../../../shared/policy/registered-claims.ts';
import { profileNameOf, registeredClaims, statedClaims } from '../claims/catalogue.ts';
import { profileNames, profiles } from '../profiles/registry.ts';
import { limits } from '../schema/defaults.ts';
import { formatDuration, parseDuration } from '../schema/duration.ts';
import { urlHint, urlProblem } from '../schema/https-url.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { IssuerEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { didYouMean } from '../source/did-you-mean.ts';
import { itemsOf, repeatedItems } from '../source/list-items.ts';
import { below, errorAt, keyOf, type Place } from '../source/place.ts';
import { checkJwks } from './jwks.ts';
import { checkUpstream } from './upstream.ts';

type IssuerCheck = (issuer: IssuerEntry, place: Place, local: boolean) => readonly Diagnostic[];

const checks: readonly IssuerCheck[] = [
  ...[checkProfile, checkStated, checkAudience, checkKeys, checkSkew],
  ...[checkLists, checkUpstream],
];

export function checkIssuers({ issuers }: MergedPolicy, local: boolean): readonly Diagnostic[] {
  return issuers.flatMap(({ value, place }: Entry<IssuerEntry>) =>
    checks.flatMap((check) => check(value, place, local)),
  );
}

function checkProfile(issuer: IssuerEntry, place: Place): Diagnostic[] {
  const name = profileNameOf(issuer);
  if (name === undefined || profiles.has(name)) return [];
  const at = typeof issuer.claims === 'string' ? below(place, 'claims') : below(place, 'claims', 'profile');
  return [errorAt(at, `there is no profile ${quote(name)}`, didYouMean(name, profileNames))];
}

/** A token in which a registered claim has another type is refused, whatever policy says; a profile's claims have theirs. */
function checkStated(issuer: IssuerEntry, place: Place): Diagnostic[] {
  const profile = profileNameOf(issuer);
  const at = profile === undefined ? below(place, 'claims') : below(place, 'claims', 'more');
  const ofProfile = profiles.get(profile ?? '')?.claims ?? {};
  return Object.entries(statedClaims(issuer)).flatMap(([name, type]) => {
    const registered = registeredType(name);
    const known = registered ?? (Object.hasOwn(ofProfile, name) ? ofProfile[name] : undefined);
    if (known === undefined || known === type) return [];
    const whose = registered === undefined ? `the claim ${name} of ${profile}` : `the registered claim ${name}`;
    const isKnown = registered === undefined || Object.hasOwn(registeredClaims, name);
    return [errorAt(below(at, name), `${whose} is of type ${known}`, isKnown ? 'leave it out' : `write ${known}`)];
  });
}

function checkAudience({ audience }: IssuerEntry, place: Place): Diagnostic[] {
  return itemsOf(audience, below(place, 'audience'))
    .filter(({ value }) => value.includes('*'))
    .map((item) => errorAt(item.place, 'an audience is compared exactly: * is no glob here', 'list every audience'));
}

function checkKeys({ jwksUri, jwks }: IssuerEntry, place: Place, local: boolean): Diagnostic[] {
  const findings: Diagnostic[] = jwks === undefined ? [] : [...checkJwks(jwks.keys, below(place, 'jwks', 'keys'))];
  if (jwksUri === undefined) return findings;
  const at = below(place, 'jwksUri');
  if (jwks !== undefined) findings.push(errorAt(keyOf(at), 'keys come from "jwks" or from "jwksUri"', 'keep one'));
  const problem = urlProblem(jwksUri, local);
  if (problem !== undefined) findings.push(errorAt(at, `the jwksUri ${quote(jwksUri)} ${problem}`, urlHint));
  return findings;
}

function checkSkew({ clockSkew }: IssuerEntry, place: Place): Diagnostic[] {
  if (clockSkew === undefined || parseDuration(clockSkew) <= limits.clockSkew) return [];
  return [
    errorAt(below(place, 'clockSkew'), `a clockSkew is at most ${formatDuration(limits.clockSkew)}`, 'mend the clock'),
  ];
}

function checkLists(issuer: IssuerEntry, place: Place): Diagnostic[] {
  const lists = ['audience', 'algorithms', 'tokenTypes'] as const;
  return lists.flatMap((key) => repeatedItems(itemsOf<string>(issuer[key] ?? [], below(place, key))));
}
