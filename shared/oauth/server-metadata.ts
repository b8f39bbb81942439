// The two discovery documents (RFC 8414 §2; OpenID Connect Discovery §3 as workload issuers publish it). Pure.
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import { tokenExchangeGrant } from './token-types.ts';

/** Algorithm of signed introspection answers. @see [RFC 9701 §6](https://www.rfc-editor.org/rfc/rfc9701.html#section-6) */
export const introspectionAlgorithm = 'RS256';

type Metadata = Readonly<Record<string, string | readonly string[]>>;

/** `issuer` and `apiBase` are URLs without a trailing slash. */
export interface Deployment {
  readonly issuer: string;
  readonly apiBase: string;
  readonly policy: Pick<CompiledPolicy, 'audiences' | 'clients'>;
}

/**
 * Authorization server metadata. `response_types_supported` is required even of a server without an authorization
 * endpoint; members without elements are left out.
 * @see [RFC 8414 §2](https://www.rfc-editor.org/rfc/rfc8414.html#section-2)
 */
export function authorizationServerMetadata({ issuer, apiBase, policy }: Deployment): Metadata {
  const scopes = [...new Set(Object.values(policy.audiences).flatMap((audience) => audience.scopes))].sort();
  return {
    issuer,
    token_endpoint: `${apiBase}/token`,
    introspection_endpoint: `${apiBase}/introspect`,
    revocation_endpoint: `${apiBase}/revoke`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    grant_types_supported: [tokenExchangeGrant],
    response_types_supported: ['id_token'],
    introspection_signing_alg_values_supported: [introspectionAlgorithm],
    ...clientAuthentication(policy),
    ...(scopes.length > 0 && { scopes_supported: scopes }),
  };
}

/** The same, with what OpenID Connect Discovery requires beside it, so that clouds take Cambio as an OIDC issuer. */
export function openidConfiguration(deployment: Deployment): Metadata {
  return {
    ...authorizationServerMetadata(deployment),
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: signingAlgorithms(deployment.policy),
  };
}

/**
 * `none` at the token endpoint is the anonymous caller, who sends no `client_id`; a federated client's assertion is sent as
 * `private_key_jwt`'s. The other endpoints know nobody who is not authenticated; of those the revocation endpoint takes
 * assertions from anybody whose issuer is trusted.
 */
function clientAuthentication({ clients }: Deployment['policy']): Metadata {
  const methods = Object.values(clients).map(({ auth }) => auth);
  const secrets = methods.some(({ method }) => method === 'client_secret');
  const assertions = methods.some(({ method }) => method !== 'client_secret');
  const named = [
    ...(secrets ? ['client_secret_basic', 'client_secret_post'] : []),
    ...(assertions ? ['private_key_jwt'] : []),
  ];
  const algorithms = methods.flatMap((auth) => (auth.method === 'private_key_jwt' ? auth.algorithms : []));
  const signing = [...new Set([...algorithms, 'RS256', 'ES256'])];
  return {
    ...authenticationAt('token_endpoint', [...named, 'none'], signing),
    ...authenticationAt('introspection_endpoint', named, signing),
    ...authenticationAt('revocation_endpoint', [...new Set([...named, 'private_key_jwt'])], signing),
  };
}

/** Members of RFC 8414 §2 for one endpoint; the algorithms where assertions are accepted. */
function authenticationAt(endpoint: string, methods: readonly string[], signing: readonly string[]): Metadata {
  return {
    ...(methods.length > 0 && { [`${endpoint}_auth_methods_supported`]: methods }),
    ...(methods.includes('private_key_jwt') && { [`${endpoint}_auth_signing_alg_values_supported`]: signing }),
  };
}

/** RS256 is always there: RFC 9068 §2.1 and OpenID Connect Discovery §3 require it. */
function signingAlgorithms(policy: Deployment['policy']): readonly string[] {
  return [...new Set(['RS256', ...Object.values(policy.audiences).map(({ alg }) => alg)])];
}
