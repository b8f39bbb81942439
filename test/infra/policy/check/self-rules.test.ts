import { describe, expect, test } from 'vitest';
import { compileText, findingsOf, validPolicy } from '../policy-world.ts';

const clients = `clients:\n  app: { auth: { client_secret_basic: { sha256: "${'0'.repeat(64)}" } } }\n`;
const charge = 'grant: { audience: payments-api, scopes: [payments:charge] }';
const withRule = (rule: string) => `${validPolicy}  - { id: hop, ${rule} }\n${clients}`;
const hop = (more: string, match = '') =>
  withRule(`from: self, client: app, match: { aud: orders-api${match} }, ${more}${charge}`);
const from = (aud: string) => withRule(`from: self, client: app, match: { aud: ${aud} }, ${charge}`);
const opaque = (policy: string) =>
  policy.replace('  payments-api:', '  opaque-api: { scopes: [a], format: reference }\n  payments-api:');

interface Pair {
  readonly bad: string;
  readonly finding: string;
  readonly good: string;
}

const mistakes: Readonly<Record<string, Pair>> = {
  'no client': {
    bad: withRule(`from: self, match: { aud: orders-api }, ${charge}`),
    finding: '39:22: rule "hop" is from self and names no client | name a "client", a list of them, or any',
    good: withRule(`from: self, client: any, match: { aud: orders-api }, ${charge}`),
  },
  'a token that outlives one of ours': {
    bad: hop('outlive: true, '),
    finding:
      '39:78: a token made from one of ours cannot outlive it | remove it: else a chain of exchanges would never end',
    good: hop('outlive: false, '),
  },
  'an audience that does not exist': {
    bad: from('order-api'),
    finding: '39:55: there is no audience "order-api" | did you mean orders-api?',
    good: from('[orders-api, https://orders.acme.example]'),
  },
  'a claim that no token of ours has': {
    bad: hop('', ', repositry: a'),
    finding:
      '39:67: unknown claim "repositry" | known: act, aud, client_id, exp, iat, iss, jti, nbf, rctx, repo, req_wl, scope, sub, tctx, tenant, txn',
    good: hop('', ', repo: a'),
  },
  'no audience': {
    bad: withRule(`from: self, client: app, ${charge}`),
    finding:
      '39:22: rule "hop" is from self and takes tokens for every audience | say with "match: { aud: … }" which tokens it exchanges',
    good: withRule('from: self, client: app, deny: true'),
  },
  'an audience that only a condition names': {
    bad: withRule(`from: self, client: app, match: { sub: a }, when: { it: '"orders-api" in claims.aud' }, ${charge}`),
    finding:
      '39:22: rule "hop" is from self and takes tokens for every audience | say with "match: { aud: … }" which tokens it exchanges',
    good: withRule(`from: self, client: app, match: { aud: orders-api }, when: { it: 'claims.sub == "a"' }, ${charge}`),
  },
  'an audience whose tokens are references': {
    bad: opaque(from('opaque-api')),
    finding:
      '40:55: tokens for "opaque-api" are references, which are never exchanged | name an audience whose tokens are JWTs, or remove it: it can never match',
    good: opaque(from('"*-api"')),
  },
  'a depth of nothing': {
    bad: withRule('from: eks, actor: { from: eks, maxDepth: 2 }, deny: true'),
    finding: '39:47: a deny rule issues nothing that has a depth | remove it',
    good: withRule('from: eks, actor: { from: eks, match: { sub: a } }, deny: true'),
  },
};

describe('rules about our own tokens', () => {
  test.each(Object.entries(mistakes))('refuse %s', (_, { bad, finding, good }) => {
    expect(findingsOf(bad)).toEqual([finding]);
    expect(findingsOf(good)).toEqual([]);
  });

  test('warn of AWS credentials for any client that is shown a token', () => {
    const role = 'roles: { admin: { arn: "arn:aws:iam::111122223333:role/admin" } }\n';
    const any = (rule: string, client: string) =>
      findingsOf(`${withRule(`${rule}, client: ${client}, grant: { role: admin, ttl: 15m }`)}${role}`);
    const own = 'from: self, match: { aud: orders-api }';
    const finding = 'warning: rule "hop" gives AWS credentials to every client that is shown such a token';
    expect(any(own, 'any')).toEqual([expect.stringContaining(finding)]);
    expect(any(own, 'app')).toEqual([]);
    expect(any('from: eks, match: { sub: "system:serviceaccount:shop:a" }', 'any')).toEqual([]);
    expect(findingsOf(withRule(`${own}, client: any, ${charge}`))).toEqual([]);
  });

  test('mean an audience by its name and by its resource', () => {
    const audOf = (aud: string) => compileText(from(`"${aud}"`)).artifact?.rules.at(-1)?.match[0];
    const name = { equals: 'orders-api' };
    const resource = { equals: 'https://orders.acme.example' };
    expect(audOf('orders-api')).toEqual({ path: 'aud', type: 'list', anyOf: [name, resource] });
    expect(audOf('https://orders.acme.example')?.anyOf).toEqual([resource, name]);
    const slash = 'https://orders.acme.example/';
    expect(audOf(slash)?.anyOf).toEqual([{ equals: slash }, name, resource]);
    expect(findingsOf(from(`"${slash}"`))).toEqual(findingsOf(from('"https://orders.acme.example"')));
    expect(findingsOf(from(`"${slash}x"`))).toEqual([expect.stringContaining('there is no audience')]);
    expect(audOf('payments-api')?.anyOf).toEqual([{ equals: 'payments-api' }]);
    expect(audOf('orders-*')?.anyOf).toEqual([{ glob: 'orders-*' }, resource]);
  });

  test('know the claims that grants map, with the types they have there', () => {
    const mapped = (template: string, match: string) =>
      withRule(
        `from: okta, client: app, grant: { audience: payments-api, scopes: [payments:charge], claims: { x: "${template}" } } }\n  - { id: next, from: self, client: app, match: { aud: payments-api, x: ${match} }, ${charge}`,
      );
    const typeOf = (template: string, match: string) =>
      compileText(mapped(template, match)).artifact?.rules.at(-1)?.match[1];
    expect(typeOf('${claims.runner_id}', '7')).toMatchObject({ type: 'int' });
    expect(typeOf('n${claims.runner_id}', '"n7"')).toMatchObject({ type: 'string' });
    expect(typeOf('${claims.extra.level}', '7')).toMatchObject({ type: 'int' });
    expect(findingsOf(mapped('${claims.runner_id}', '"7"'))).toEqual([
      expect.stringContaining('the claim "x" is of type int'),
    ]);
  });
});
