// A policy that only takes away may serve at once; where anybody gains it may not, and synth says who.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { requireNoGain } from '../../../infra/rollout/fast-path.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const policy = (rules: string) => `version: 1
issuers:
  okta: { url: https://acme.okta.example, audience: checkout, claims: { team: string, kind: string } }
clients:
  checkout: { auth: { client_secret_basic: { sha256: ${'9f'.repeat(32)} } } }
audiences:
  orders-api: { scopes: [orders:read, orders:write] }
rules:
${rules}`;
const rule = (id: string, more: string, scopes: string) => `  - id: ${id}
    from: okta
    client: checkout
    match: { ${more} }
    grant: { audience: orders-api, scopes: [${scopes}] }
`;
const file = (name: string, rules: string): string => {
  const path = join(folder, name);
  writeFileSync(path, policy(rules));
  return path;
};
const check = (deployed: string, next: string) => () => requireNoGain({ deployed, policy: next, now: 1_795_000_000 });

const two = file(
  'two.yaml',
  rule('shop', 'team: shop', 'orders:read, orders:write') + rule('ops', 'team: ops', 'orders:read'),
);
const one = file('one.yaml', rule('shop', 'team: shop', 'orders:read, orders:write'));
const less = file('less.yaml', rule('shop', 'team: shop', 'orders:read'));
const denied = file(
  'denied.yaml',
  `${rule('shop', 'team: shop', 'orders:read, orders:write')}${rule('ops', 'team: ops', 'orders:read')}  - { id: no-ops, from: okta, match: { team: ops, kind: guest }, deny: true }\n`,
);

test('a rule or scopes less, a denial more and the same policy take the fast path', () => {
  for (const [deployed, next] of [
    [two, one],
    [one, less],
    [two, denied],
    [two, two],
  ] as const) {
    expect(check(deployed, next)).not.toThrow();
  }
});

test('a rule or scopes more, and a denial less, do not: who gains what is said', () => {
  for (const [deployed, next, gain] of [
    [one, two, /\n {2}okta: orders-api/],
    [less, one, /\n {2}okta: orders-api.*orders:write/],
    [denied, two, /\n {2}okta: orders-api/],
  ] as const) {
    expect(check(deployed, next)).toThrow(/^-c rollout=at-once is for a policy that only takes away/);
    expect(check(deployed, next)).toThrow(gain);
  }
});

test('nor does one whose predecessor does not compile', () => {
  const broken = file('broken.yaml', '  - { id: broken }\n');
  expect(check(broken, one)).toThrow(/broken\.yaml:\d+:\d+: /);
});
