// An issuer's key set, fetched once: OIDC Discovery §4 when the policy names no JWKS URL. Network through FetchJson.
import { parseKeySet, type VerificationKey } from '../oauth/jose/key-set.ts';
import type { IssuerNetwork, KeySource } from '../policy/compiled-policy.ts';
import type { FetchJson } from './fetch-json.ts';

/** An issuer, or a client with keys of its own. The names of both are of one namespace. */
export interface KeyOwner {
  readonly name: string;
  /** Where discovery begins; not needed for keys that are pinned. */
  readonly url?: string;
  readonly keys: KeySource;
  readonly network: IssuerNetwork;
  /** PEM of the certificate authorities to trust instead of the public ones. */
  readonly ca?: string;
}

/** A discovery document that cannot be trusted. The message never quotes the document. */
class DiscoveryError extends Error {
  override readonly name = 'DiscoveryError';
}

export interface KeySetFetch {
  readonly issuer: KeyOwner;
  readonly fetchJson: FetchJson;
  /** Milliseconds since some epoch. */
  readonly clock: () => number;
  /** Milliseconds for all requests together. */
  readonly timeoutMs: number;
}

/**
 * Discovers where the keys are, if need be, and fetches them, all within one time limit.
 * @throws FetchJsonError, DiscoveryError, KeySetError
 */
export async function fetchKeySet(fetch: KeySetFetch): Promise<readonly VerificationKey[]> {
  const { issuer, clock, timeoutMs } = fetch;
  const started = clock();
  const jwksUri = await findJwksUri(fetch);
  // A clock that was set back must not lengthen the limit.
  const left = Math.min(timeoutMs, timeoutMs - (clock() - started));
  return parseKeySet(await fetchFrom(jwksUri, issuer, fetch.fetchJson, Math.max(left, 1)));
}

async function findJwksUri({ issuer, fetchJson, timeoutMs }: KeySetFetch): Promise<string> {
  if (issuer.keys.from === 'jwksUri') return issuer.keys.jwksUri;
  if (issuer.url === undefined) throw new DiscoveryError('there is no URL to discover keys from');
  const url = `${issuer.url.replace(/\/$/, '')}/.well-known/openid-configuration`;
  return parseDiscovery(await fetchFrom(url, issuer, fetchJson, timeoutMs), issuer.url);
}

/** Any port: the URL is the policy's own or has the origin of one that is. */
function fetchFrom(url: string, { network, ca }: KeyOwner, fetchJson: FetchJson, timeoutMs: number) {
  return fetchJson({ url, network, ...(ca !== undefined && { ca }), anyPort: true, timeoutMs });
}

/**
 * The document's `jwks_uri`. `issuer` is compared as a string
 * ([OIDC Discovery §4.3](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation)).
 */
function parseDiscovery(json: unknown, issuerUrl: string): string {
  if (typeof json !== 'object' || json === null) throw new DiscoveryError('the discovery document is not an object');
  const { issuer, jwks_uri: jwksUri } = json as Readonly<Record<string, unknown>>;
  if (issuer !== issuerUrl) throw new DiscoveryError("the discovery document's `issuer` is not the issuer's `url`");
  if (typeof jwksUri !== 'string') throw new DiscoveryError('the discovery document has no `jwks_uri`');
  if (!isWithinOrigin(jwksUri, issuerUrl)) {
    throw new DiscoveryError(
      "`jwks_uri` is not on the issuer's origin: if that is meant, pin it in the policy as `jwksUri`",
    );
  }
  return jwksUri;
}

/** Same scheme, host and port, and no userinfo: else a document in the wrong hands points us anywhere. */
function isWithinOrigin(jwksUri: string, issuerUrl: string): boolean {
  const url = URL.parse(jwksUri);
  if (url === null || url.username !== '' || url.password !== '') return false;
  return url.origin === URL.parse(issuerUrl)?.origin && url.origin !== 'null';
}
