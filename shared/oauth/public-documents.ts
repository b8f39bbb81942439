// The documents that verifiers fetch, as text and headers: wherever one is served from, it is the same to the byte. Pure.
import { type Keyring, publicKeySet } from './jose/keyring.ts';
import { authorizationServerMetadata, openidConfiguration } from './server-metadata.ts';

export interface PublicDocument {
  /** Below the issuer, with its first slash. */
  readonly path: string;
  /** JSON. */
  readonly body: string;
}

/** Seconds that caches may keep a document; a minute longer while they ask again. */
const documentMaxAge = 300;

/** Of every public document. Any page of a browser may read it. */
export const documentHeaders = {
  'Content-Type': 'application/json',
  'Cache-Control': `public, max-age=${documentMaxAge}, stale-while-revalidate=60`,
  'Access-Control-Allow-Origin': '*',
} as const;

/** As {@link openidConfiguration} takes it. */
type Deployment = Parameters<typeof openidConfiguration>[0];

export const serverMetadataPath = '/.well-known/oauth-authorization-server';
export const openidConfigurationPath = '/.well-known/openid-configuration';
export const keySetPath = '/.well-known/jwks.json';

/** @see [RFC 8414 §3](https://www.rfc-editor.org/rfc/rfc8414.html#section-3) */
export function serverMetadataDocument(deployment: Deployment): PublicDocument {
  return { path: serverMetadataPath, body: JSON.stringify(authorizationServerMetadata(deployment)) };
}

/** @see [OpenID Connect Discovery §4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig) */
export function openidDocument(deployment: Deployment): PublicDocument {
  return { path: openidConfigurationPath, body: JSON.stringify(openidConfiguration(deployment)) };
}

/** @see [RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517.html#section-5) */
export function keySetDocument(keyring: Keyring): PublicDocument {
  return { path: keySetPath, body: JSON.stringify(publicKeySet(keyring)) };
}
