// An issuer of a checked policy as the functions read it: where its keys come from and which network it may be on. Pure.
import type {
  IssuerNetwork,
  JwsAlgorithm,
  KeySource,
  TrustedIssuer,
  ValueHole,
} from '../../shared/policy/compiled-policy.ts';
import { catalogueOf } from './catalogue.ts';
import { defaults } from './defaults.ts';
import { parseDuration } from './duration.ts';
import { isLoopbackUrl } from './https-url.ts';
import type { Entry } from './merge.ts';
import type { IssuerEntry } from './schema.ts';

export type CompiledIssuer = TrustedIssuer<string | ValueHole>;

/** The public keys (JWKs) with which the local stack stands in for an issuer, or undefined to leave it to itself. */
export type StandIns = (issuerName: string) => { readonly keys: readonly object[] } | undefined;

export function lowerIssuer(
  { name, value }: Entry<IssuerEntry>,
  url: string | ValueHole,
  standIns?: StandIns,
): CompiledIssuer {
  const { maxAge, maxLifetime, clockSkew, tokenTypes = defaults.tokenTypes } = value;
  return {
    name,
    url,
    audiences: [value.audience].flat(),
    ...(typeof value.claims === 'string' && { profile: value.claims }),
    claims: catalogueOf(value)?.claims ?? {},
    keys: keysOf(name, value, url, standIns),
    network: networkOf(value, url),
    algorithms: (value.algorithms ?? defaults.algorithms).map(modernName),
    tokenTypes: tokenTypes.map((type) => `urn:ietf:params:oauth:token-type:${type}`),
    ...(maxAge !== undefined && { maxAge: parseDuration(maxAge) }),
    maxLifetime: maxLifetime === undefined ? defaults.maxLifetime : parseDuration(maxLifetime),
    clockSkew: clockSkew === undefined ? defaults.clockSkew : parseDuration(clockSkew),
  };
}

function keysOf(name: string, value: IssuerEntry, url: string | ValueHole, standIns?: StandIns): KeySource {
  if (value.jwks !== undefined) return { from: 'inline', jwks: value.jwks };
  if (value.jwksUri !== undefined) return { from: 'jwksUri', jwksUri: value.jwksUri };
  const jwks = isLoopback(url) ? undefined : standIns?.(name);
  if (jwks === undefined) return { from: 'discovery' };
  return { from: 'inline', jwks: { keys: jwks.keys.map((key) => ({ ...key })) } };
}

function networkOf({ network = 'public', jwksUri }: IssuerEntry, url: string | ValueHole): IssuerNetwork {
  return isLoopback(url) || (jwksUri !== undefined && isLoopbackUrl(jwksUri)) ? 'loopback' : network;
}

function isLoopback(url: string | ValueHole): boolean {
  return typeof url === 'string' && isLoopbackUrl(url);
}

function modernName(algorithm: JwsAlgorithm | 'EdDSA'): JwsAlgorithm {
  return algorithm === 'EdDSA' ? 'Ed25519' : algorithm;
}
