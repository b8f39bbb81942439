import { describe, expect, test } from 'vitest';
import { compileText, findingsOf } from './policy-world.ts';

/** The contract's example, as far as it goes today. */
const policy = `version: 1
issuers:
  eks: { url: https://oidc.eks.eu-west-1.amazonaws.com/id/ABC, audience: https://sts.acme.example, claims: kubernetes }
  okta: { url: https://acme.okta.example, audience: [checkout, portal], claims: { email: string, amr: list, auth_time: int }, private: [email], subject: "mail:\${claims.email}" }
clients:
  checkout: { auth: { private_key_jwt: { jwksUri: https://checkout.acme.example/jwks.json } } }
  orders:
    auth: { federated: { issuer: eks, match: { sub: "system:serviceaccount:shop:orders" } } }
    introspects: [orders-api]
  legacy: { auth: { client_secret_basic: { sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 } } }
audiences:
  orders-api: { resource: https://orders.acme.example, scopes: [orders:read] }
  opaque-api: { scopes: [orders:read], format: reference }
  payments-api: { scopes: [payments:charge] }
rules:
  - id: checkout-for-user
    from: okta
    client: checkout
    actor: { from: eks, match: { sub: "system:serviceaccount:shop:*" }, maxDepth: 2 }
    grant: { audience: orders-api, scopes: [orders:read], claims: { email: "\${claims.email}" }, ttl: 2m }
  - id: elevation
    from: okta
    client: [checkout, legacy]
    when: { mfa: '"mfa" in claims.amr', fresh login: 'now - claims.auth_time < 300' }
    grant: { audience: payments-api, scopes: [payments:charge] }
    outlive: true
  - id: hop-to-payments
    from: self
    client: any
    match: { aud: orders-api, email: "**@acme.example" }
    grant: { audience: payments-api, scopes: [payments:charge], ttl: 30s }
`;

describe('clients, actors, conditions and own tokens', () => {
  const { artifact, diagnostics } = compileText(policy);

  test('compile without a finding', () => {
    expect(diagnostics).toEqual([]);
    expect(findingsOf(policy.replace('client: [checkout, legacy]', 'client: [checkout, legacyy]'))).toEqual([
      '23:24: there is no client "legacyy" | did you mean legacy?',
    ]);
  });

  test('become the clients of the artifact', () => {
    expect(artifact?.clients).toEqual({
      checkout: {
        name: 'checkout',
        auth: {
          method: 'private_key_jwt',
          keys: { from: 'jwksUri', jwksUri: 'https://checkout.acme.example/jwks.json' },
          network: 'public',
          algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519'],
        },
        introspects: [],
      },
      orders: {
        name: 'orders',
        auth: {
          method: 'federated',
          issuer: 'eks',
          match: [{ path: 'sub', type: 'string', anyOf: [{ equals: 'system:serviceaccount:shop:orders' }] }],
        },
        introspects: ['orders-api'],
      },
      legacy: {
        name: 'legacy',
        auth: {
          method: 'client_secret',
          sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        },
        introspects: [],
      },
    });
  });

  test('have quotas: as many at once as the rate says unless the burst does, of an issuer all together unless each subject', () => {
    const quotasOf = (issuer: string, client: string) => {
      const text = policy
        .replace('claims: kubernetes }', `claims: kubernetes, quota: ${issuer} }`)
        .replace('introspects: [orders-api]', `quota: ${client}`);
      const { artifact: counted } = compileText(text);
      return [counted?.issuers['eks']?.quota, counted?.clients['orders']?.quota];
    };
    expect(quotasOf('{ rate: 100/m }', '{ rate: 50/s, burst: 100 }')).toEqual([
      { count: 100, seconds: 60, burst: 100, per: 'issuer' },
      { count: 50, seconds: 1, burst: 100 },
    ]);
    expect(quotasOf('{ rate: 1000/h, burst: 5, per: subject }', '{ rate: 1/s }')).toEqual([
      { count: 1_000, seconds: 3_600, burst: 5, per: 'subject' },
      { count: 1, seconds: 1, burst: 1 },
    ]);
    expect(artifact?.issuers['eks']).not.toHaveProperty('quota');
    expect(artifact?.clients['orders']).not.toHaveProperty('quota');
  });

  test.each([
    ['rate: 1/h, burst: 100001', 'rate: 1/h, burst: 100000', 'a burst is at most 100000'],
    ['rate: 1/h, burst: 0', 'rate: 1/h, burst: 1', 'a burst is at least 1'],
    ['rate: 1/h, burst: 1.5', 'rate: 1/h, burst: 2', 'this must be a whole number'],
    ['rate: 0/s', 'rate: 1/s', 'a rate is a whole number per unit'],
    ['rate: 0.5/s', 'rate: 30/m', 'a rate is a whole number per unit'],
    ['rate: 10000000/s', 'rate: 9999999/s', 'a rate is a whole number per unit'],
    ['rate: 1/d', 'rate: 1/h', 'a rate is a whole number per unit'],
    ['rate: 1/h, per: client', 'rate: 1/h, per: subject', 'this must be one of subject, issuer'],
  ])('have no quota of { %s }, and one of { %s }', (bad, good, finding) => {
    const findings = (quota: string) =>
      findingsOf(policy.replace('claims: kubernetes }', `claims: kubernetes, quota: { ${quota} } }`)).join();
    expect(findings(bad)).toContain(finding);
    expect(findings(good)).toBe(findingsOf(policy).join());
  });

  test('become the rules of the artifact', () => {
    expect(artifact?.rules).toEqual([
      {
        id: 'checkout-for-user',
        from: 'okta',
        match: [],
        client: ['checkout'],
        actor: {
          from: 'eks',
          match: [{ path: 'sub', type: 'string', anyOf: [{ glob: 'system:serviceaccount:shop:*' }] }],
        },
        grant: {
          audience: 'orders-api',
          scopes: ['orders:read'],
          claims: { email: [{ claim: 'email', type: 'string' }] },
          ttl: 120,
        },
        maxDepth: 2,
      },
      {
        id: 'elevation',
        from: 'okta',
        match: [],
        client: ['checkout', 'legacy'],
        when: [
          { name: 'mfa', expression: '"mfa" in claims.amr' },
          { name: 'fresh login', expression: 'now - claims.auth_time < 300' },
        ],
        grant: { audience: 'payments-api', scopes: ['payments:charge'], claims: {}, ttl: 300 },
        outlive: true,
      },
      {
        id: 'hop-to-payments',
        from: 'self',
        match: [
          { path: 'aud', type: 'list', anyOf: [{ equals: 'orders-api' }, { equals: 'https://orders.acme.example' }] },
          { path: 'email', type: 'string', anyOf: [{ glob: '**@acme.example' }] },
        ],
        client: 'any',
        grant: { audience: 'payments-api', scopes: ['payments:charge'], claims: {}, ttl: 30 },
      },
    ]);
  });

  test('change audiences and issuers', () => {
    expect(artifact?.audiences['opaque-api']?.format).toBe('reference');
    expect(artifact?.audiences['payments-api']?.format).toBe('jwt');
    expect(artifact?.issuers['okta']).toMatchObject({ subject: ['mail:', { claim: 'email' }], private: ['email'] });
  });
});
