// An issuer of a checked policy as the functions read it: where its keys come from and which network it may be on. Pure.
import type { IssuerNetwork, KeySource, TrustedIssuer, ValueHole } from '../../../shared/policy/compiled-policy.ts';
import { catalogueOf, profileNameOf } from '../claims/catalogue.ts';
import type { StandInKeys } from '../compile-options.ts';
import { defaults } from '../schema/defaults.ts';
import { parseDuration } from '../schema/duration.ts';
import { isLoopbackUrl } from '../schema/https-url.ts';
import type { Entry } from '../schema/merge.ts';
import type { IssuerEntry } from '../schema/schema.ts';
import { inlineKeys, modernName } from './key-source.ts';
import { lowerQuota } from './quota.ts';
import { lowerTemplate } from './template.ts';
import { lowerUpstream } from './upstream.ts';

export type CompiledIssuer = TrustedIssuer<string | ValueHole>;

/** What an issuer's entry does not hold itself. */
export interface LowerIssuerContext {
  readonly url: string | ValueHole;
  /** PEM. */
  readonly ca?: string | undefined;
  readonly standIns?: StandInKeys | undefined;
}

export function lowerIssuer(
  { name, value }: Entry<IssuerEntry>,
  { url, ca, standIns }: LowerIssuerContext,
): CompiledIssuer {
  const { tokenTypes = defaults.tokenTypes, subject, private: hashed, quota } = value;
  const keys = keysOf(name, value, url, standIns);
  const profile = profileNameOf(value);
  const run = catalogueOf(value)?.profile?.run;
  return {
    name,
    url,
    audiences: [value.audience].flat(),
    ...(profile !== undefined && { profile }),
    claims: catalogueOf(value)?.claims ?? {},
    ...(run !== undefined && { run }),
    keys,
    network: networkOf(value, url),
    ...(ca !== undefined && { ca }),
    algorithms: (value.algorithms ?? defaults.algorithms).map(modernName),
    tokenTypes: tokenTypes.map((type) => `urn:ietf:params:oauth:token-type:${type}`),
    ...lowerTimes(value),
    ...(subject !== undefined && { subject: lowerTemplate(subject, catalogueOf(value) ?? { claims: {} }) }),
    ...(hashed !== undefined && { private: hashed }),
    ...(value.singleUse === true && { singleUse: true as const }),
    ...(quota !== undefined && { quota: { ...lowerQuota(quota), per: quota.per ?? 'issuer' } }),
    ...lowerUpstream(value, value.jwks === undefined && keys.from === 'inline'),
  };
}

function lowerTimes({ maxAge, maxLifetime, clockSkew }: IssuerEntry) {
  return {
    ...(maxAge !== undefined && { maxAge: parseDuration(maxAge) }),
    maxLifetime: maxLifetime === undefined ? defaults.maxLifetime : parseDuration(maxLifetime),
    clockSkew: clockSkew === undefined ? defaults.clockSkew : parseDuration(clockSkew),
  };
}

function keysOf(name: string, value: IssuerEntry, url: string | ValueHole, standIns?: StandInKeys): KeySource {
  if (value.jwks !== undefined) return { from: 'inline', jwks: value.jwks };
  const { jwksUri } = value;
  const isLocal = isLoopback(url) || (jwksUri !== undefined && isLoopbackUrl(jwksUri));
  const jwks = isLocal ? undefined : standIns?.(name);
  if (jwks !== undefined) return inlineKeys(jwks.keys);
  return jwksUri === undefined ? { from: 'discovery' } : { from: 'jwksUri', jwksUri };
}

function networkOf({ network = 'public', jwksUri }: IssuerEntry, url: string | ValueHole): IssuerNetwork {
  return isLoopback(url) || (jwksUri !== undefined && isLoopbackUrl(jwksUri)) ? 'loopback' : network;
}

function isLoopback(url: string | ValueHole): boolean {
  return typeof url === 'string' && isLoopbackUrl(url);
}
