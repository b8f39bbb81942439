import { describe, expect, test } from 'vitest';
import { authorizationServerMetadata, openidConfiguration } from '../../../shared/oauth/server-metadata.ts';
import { policy } from '../../world.ts';

const deployment = { issuer: 'https://id.acme.example', apiBase: 'https://api.acme.example/live', policy };

describe('discovery', () => {
  test('RFC 8414 §2: the issuer byte for byte, endpoints on the API base, no empty member', () => {
    const metadata = authorizationServerMetadata(deployment);
    expect(metadata).toMatchObject({
      issuer: 'https://id.acme.example',
      token_endpoint: 'https://api.acme.example/live/token',
      jwks_uri: 'https://id.acme.example/.well-known/jwks.json',
      grant_types_supported: ['urn:ietf:params:oauth:grant-type:token-exchange'],
      response_types_supported: ['id_token'],
      scopes_supported: ['orders:admin', 'orders:read', 'orders:write', 'payments:charge'],
    });
    expect(Object.values(metadata).every((member) => member === true || String(member).length > 0)).toBe(true);
    expect(authorizationServerMetadata({ ...deployment, policy: { audiences: {}, clients: {} } })).not.toHaveProperty(
      'scopes_supported',
    );
  });

  test('RFC 8414 §2: client authentication methods are those the policy has, with algorithms where assertions are taken', () => {
    const methods = (clients: typeof policy.clients): unknown =>
      authorizationServerMetadata({ ...deployment, policy: { ...policy, clients } })[
        'token_endpoint_auth_methods_supported'
      ];
    expect(methods({})).toEqual(['none']);
    const tenants = { source: 'table', exports: [], exported: {} } as const;
    expect(
      authorizationServerMetadata({ ...deployment, policy: { ...policy, clients: {}, tenants } })[
        'token_endpoint_auth_methods_supported'
      ],
    ).toEqual(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']);
    const secret = { name: 'a', auth: { method: 'client_secret', sha256: '' }, introspects: [] } as const;
    expect(methods({ a: secret })).toEqual(['client_secret_basic', 'client_secret_post', 'none']);
    const federated = {
      name: 'b',
      auth: { method: 'federated', issuer: 'github', match: [] },
      introspects: [],
    } as const;
    const metadata = authorizationServerMetadata({
      ...deployment,
      policy: { ...policy, clients: { a: secret, b: federated } },
    });
    expect(metadata['token_endpoint_auth_methods_supported']).toContain('private_key_jwt');
    expect(metadata['token_endpoint_auth_signing_alg_values_supported']).not.toContain('none');
    expect(authorizationServerMetadata(deployment)).not.toHaveProperty(
      'token_endpoint_auth_signing_alg_values_supported',
    );
  });

  test('RFC 8705 §5: with a domain for callers with a certificate, its endpoints and what only they can do; without it neither', () => {
    const { 'orders-api': orders = expect.fail('no audience') } = policy.audiences;
    const certified = {
      audiences: { 'orders-api': { ...orders, binding: 'mtls' } },
      clients: {
        bank: { name: 'bank', auth: { method: 'tls_client_auth', name: 'san_dns', value: 'a' }, introspects: [] },
        vault: { name: 'vault', auth: { method: 'self_signed_tls_client_auth', thumbprints: [] }, introspects: [] },
      },
    } as const;
    const mtlsBase = 'https://mtls.acme.example';
    const metadata = authorizationServerMetadata({ ...deployment, mtlsBase, policy: certified });
    expect(metadata).toMatchObject({
      token_endpoint: 'https://api.acme.example/live/token',
      mtls_endpoint_aliases: {
        token_endpoint: 'https://mtls.acme.example/token',
        introspection_endpoint: 'https://mtls.acme.example/introspect',
        revocation_endpoint: 'https://mtls.acme.example/revoke',
      },
      tls_client_certificate_bound_access_tokens: true,
      token_endpoint_auth_methods_supported: ['tls_client_auth', 'self_signed_tls_client_auth', 'none'],
      introspection_endpoint_auth_methods_supported: ['tls_client_auth', 'self_signed_tls_client_auth'],
    });
    const without = authorizationServerMetadata({ ...deployment, policy: certified });
    expect(Object.keys(without).filter((name) => /mtls|tls_/.test(name))).toEqual([]);
    expect(without['token_endpoint_auth_methods_supported']).toEqual(['none']);
    const unused = authorizationServerMetadata({ ...deployment, mtlsBase });
    expect(unused).toHaveProperty('mtls_endpoint_aliases');
    expect(unused).not.toHaveProperty('tls_client_certificate_bound_access_tokens');
  });

  test('RFC 9068 §4: the OpenID document says the same and adds what OpenID Connect Discovery requires', () => {
    const openid = openidConfiguration(deployment);
    expect(openid).toMatchObject(authorizationServerMetadata(deployment));
    expect(openid).toMatchObject({
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256'],
      claims_supported: expect.arrayContaining(['iss', 'sub', 'aud', 'exp', 'iat']),
    });
    expect(openid).not.toHaveProperty('authorization_endpoint');
  });

  test('the OpenID document names what web identities are signed with and carry, where the policy has them', () => {
    const arn = 'arn:aws:iam::111122223333:role/deploy';
    const documentFor = (via: 'assume-role' | 'web-identity') => {
      const roles = { deploy: { name: 'deploy', arn, via, ttl: 900, maxTtl: 900 } };
      const audiences = { api: { name: 'api', scopes: [], format: 'jwt', alg: 'RS256', ttl: 60, maxTtl: 60 } } as const;
      return openidConfiguration({ ...deployment, policy: { clients: {}, audiences, roles } });
    };
    expect(documentFor('web-identity')).toMatchObject({
      id_token_signing_alg_values_supported: ['RS256', 'ES256'],
      claims_supported: expect.arrayContaining(['https://aws.amazon.com/tags']),
    });
    expect(documentFor('assume-role')['id_token_signing_alg_values_supported']).toEqual(['RS256']);
    expect(documentFor('assume-role')['claims_supported']).not.toContain('https://aws.amazon.com/tags');
  });
});
