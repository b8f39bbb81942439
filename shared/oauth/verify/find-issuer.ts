// Which trusted issuer a token names, by `iss` and `aud`. Found by an index: where tenants share an issuer, thousands have one URL. Pure.
import type { TrustedIssuer } from '../../policy/compiled-policy.ts';
import { groupBy } from '../../policy/group-by.ts';
import type { RegisteredClaims } from '../../policy/registered-claims.ts';

type Issuers = readonly TrustedIssuer[];

/** Made once for each list. */
const byUrl = new WeakMap<Issuers, ReadonlyMap<string, Issuers>>();
const byAudience = new WeakMap<Issuers, ReadonlyMap<string, number>>();

/**
 * Of several entries with this `iss` the first that has one of the audiences, else the first. `iss` is compared as a string,
 * before anything parses it.
 */
export function findIssuer(
  issuers: Issuers,
  { iss, aud }: Pick<RegisteredClaims, 'iss' | 'aud'>,
): TrustedIssuer | undefined {
  const urls = byUrl.get(issuers) ?? groupBy(issuers, ({ url }) => url);
  byUrl.set(issuers, urls);
  const named = urls.get(iss) ?? [];
  if (named.length < 2) return named[0];
  const places = byAudience.get(named) ?? indexAudiences(named);
  byAudience.set(named, places);
  const place = Math.min(...aud.map((audience) => places.get(audience) ?? named.length));
  return named[place] ?? named[0];
}

/** The first place of each audience. */
function indexAudiences(named: Issuers): ReadonlyMap<string, number> {
  const index = new Map<string, number>();
  for (const [place, { audiences }] of named.entries()) {
    for (const audience of audiences) if (!index.has(audience)) index.set(audience, place);
  }
  return index;
}
