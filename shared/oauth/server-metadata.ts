// The two discovery documents (RFC 8414 §2; OpenID Connect Discovery §3 as workload issuers publish it). Pure.
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import { answerAlgorithm, sessionAlgorithm } from '../policy/key-purposes.ts';
import { webIdentityClaimNames } from './role-session/web-identity.ts';
import { tokenExchangeGrant } from './token-types.ts';
import { dpopAlgorithms } from './verify/dpop-proof.ts';

type Metadata = Readonly<Record<string, string | boolean | readonly string[] | Readonly<Record<string, string>>>>;

/** Issuer and bases are URLs without a trailing slash. */
export interface Deployment {
  readonly issuer: string;
  readonly apiBase: string;
  /** Of a domain with mutual TLS; where there is none, no connection has a certificate. */
  readonly mtlsBase?: string | undefined;
  readonly policy: Pick<CompiledPolicy, 'audiences' | 'clients' | 'tenants'>;
}

/**
 * Authorization server metadata. `response_types_supported` is required even of a server without an authorization
 * endpoint; members without elements are left out.
 * @see [RFC 8414 §2](https://www.rfc-editor.org/rfc/rfc8414.html#section-2)
 */
export function authorizationServerMetadata(deployment: Deployment): Metadata {
  const { issuer, apiBase, mtlsBase, policy } = deployment;
  const scopes = [...new Set(Object.values(policy.audiences).flatMap((audience) => audience.scopes))].sort();
  return {
    issuer,
    ...endpointsBelow(apiBase),
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    grant_types_supported: [tokenExchangeGrant],
    response_types_supported: ['id_token'],
    introspection_signing_alg_values_supported: [answerAlgorithm],
    dpop_signing_alg_values_supported: dpopAlgorithms,
    ...(mtlsBase !== undefined && mutualTls(mtlsBase, policy)),
    ...clientAuthentication(deployment),
    ...(scopes.length > 0 && { scopes_supported: scopes }),
  };
}

function endpointsBelow(base: string): Readonly<Record<string, string>> {
  return {
    token_endpoint: `${base}/token`,
    introspection_endpoint: `${base}/introspect`,
    revocation_endpoint: `${base}/revoke`,
  };
}

/** @see [RFC 8705 §5](https://www.rfc-editor.org/rfc/rfc8705.html#section-5) */
function mutualTls(mtlsBase: string, { audiences }: Deployment['policy']): Metadata {
  const binds = Object.values(audiences).some(({ binding }) => binding === 'mtls');
  return {
    mtls_endpoint_aliases: endpointsBelow(mtlsBase),
    ...(binds && { tls_client_certificate_bound_access_tokens: true }),
  };
}

/** With the roles, for which it is an OIDC provider of AWS. */
interface OpenidDeployment extends Deployment {
  readonly policy: Pick<CompiledPolicy, 'audiences' | 'clients' | 'roles' | 'tenants'>;
}

/**
 * The same, with what OpenID Connect Discovery requires beside it, so that clouds take Cambio as an OIDC issuer.
 * `claims_supported` has those of every policy; what rules map into tokens is nobody's business but theirs.
 * @see [OpenID Connect Discovery §3](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata)
 */
export function openidConfiguration(deployment: OpenidDeployment): Metadata {
  const { audiences, roles } = deployment.policy;
  const identities = Object.values(roles).some(({ via }) => via === 'web-identity');
  const algorithms = [
    // OpenID Connect Discovery §3 requires it, and so does RFC 9068 §2.1.
    'RS256',
    ...(identities ? [sessionAlgorithm] : []),
    ...Object.values(audiences).map(({ alg }) => alg),
  ];
  return {
    ...authorizationServerMetadata(deployment),
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(algorithms)],
    claims_supported: [...issuedClaimNames, ...(identities ? webIdentityClaimNames : [])],
  };
}

const issuedClaimNames = ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id', 'scope', 'act', 'cnf'];

/**
 * `none` at the token endpoint is the anonymous caller, who sends no `client_id`; a federated client's assertion is sent as
 * `private_key_jwt`'s. The other endpoints know nobody who is not authenticated; of those the revocation endpoint takes
 * assertions from anybody whose issuer is trusted.
 */
function clientAuthentication({ policy, mtlsBase }: Deployment): Metadata {
  const methods = Object.values(policy.clients).map(({ auth }) => auth);
  // Clients of tenants that are put at run time may have either; their certificates, only where deployed ones have.
  const comeLater = policy.tenants !== undefined;
  const secrets = comeLater || methods.some(({ method }) => method === 'client_secret');
  const assertions = comeLater || methods.some(({ method }) => method === 'private_key_jwt' || method === 'federated');
  const byCertificate = (['tls_client_auth', 'self_signed_tls_client_auth'] as const).filter(
    (wanted) => mtlsBase !== undefined && methods.some(({ method }) => method === wanted),
  );
  const named = [
    ...(secrets ? ['client_secret_basic', 'client_secret_post'] : []),
    ...(assertions ? ['private_key_jwt'] : []),
    ...byCertificate,
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
