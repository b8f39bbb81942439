// Issuers: profile, claims, audiences, keys and limits. Their URLs are checked where they are resolved. Pure.
import { registeredType } from '../../../shared/policy/registered-claims.ts';
import { registeredClaims } from '../claims/catalogue.ts';
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
  ...[checkProfile, checkRegistered, checkAudience, checkKeys, checkSkew],
  ...[checkLists, checkUpstream],
];

export function checkIssuers({ issuers }: MergedPolicy, local: boolean): readonly Diagnostic[] {
  return issuers.flatMap(({ value, place }: Entry<IssuerEntry>) =>
    checks.flatMap((check) => check(value, place, local)),
  );
}

function checkProfile({ claims }: IssuerEntry, place: Place): Diagnostic[] {
  if (typeof claims !== 'string' || profiles.has(claims)) return [];
  const hint = didYouMean(claims, profileNames);
  return [errorAt(below(place, 'claims'), `there is no profile ${quote(claims)}`, hint)];
}

/** A token in which one of them has another type is refused, whatever policy says. */
function checkRegistered({ claims = {} }: IssuerEntry, place: Place): Diagnostic[] {
  if (typeof claims === 'string') return [];
  return Object.entries(claims).flatMap(([name, type]) => {
    const known = registeredType(name);
    if (known === undefined || known === type) return [];
    const hint = Object.hasOwn(registeredClaims, name) ? 'leave it out' : `write ${known}`;
    return [errorAt(below(place, 'claims', name), `the registered claim ${name} is of type ${known}`, hint)];
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
