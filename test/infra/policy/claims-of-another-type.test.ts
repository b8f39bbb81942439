// What a claim of another type than its catalogue says does to the rules of a policy, from YAML to decision.
import { describe, expect, test } from 'vitest';
import { createRehearse } from '../../../infra/policy/rehearse/rehearse.ts';
import type { Claims } from '../../../shared/policy/claims.ts';
import { compileText } from './policy-world.ts';

const now = 1_795_000_000;

function policyOf(claims: string, rules: string): string {
  return `version: 1
issuers: { sso: { url: https://login.acme.example, audience: https://sts.acme.example, claims: ${claims} } }
audiences: { orders-api: { scopes: [orders:read] } }
rules:
${rules}`;
}

function outcomeOf(policy: string): (claims: Claims) => string {
  const { artifact, diagnostics } = compileText(policy);
  if (!artifact) throw new Error(JSON.stringify(diagnostics));
  const rehearse = createRehearse(artifact);
  return (claims) => {
    const registered = { iss: 'https://login.acme.example', aud: 'https://sts.acme.example', sub: 'u1', exp: now + 60 };
    const subject = { issuer: 'sso', claims: { ...registered, ...claims } };
    const answer = rehearse({ subject, client: '', audiences: ['orders-api'], resources: [], scope: undefined, now });
    return answer.outcome === 'granted' ? 'granted' : answer.reason;
  };
}

const grant = 'grant: { audience: orders-api, scopes: [orders:read] }';

describe('a deny rule on a list', () => {
  const outcome = outcomeOf(
    policyOf(
      '{ groups: list }',
      `  - { id: staff, from: sso, match: { sub: u1 }, ${grant} }
  - { id: no-contractors, from: sso, match: { groups: contractors }, deny: true }`,
    ),
  );

  test.each([
    [['staff', 'contractors'], 'denied'],
    ['contractors', 'denied'],
    [{ contractors: true }, 'denied'],
    [['staff', { name: 'contractors' }], 'denied'],
    [['staff', null], 'denied'],
    ['staff', 'granted'],
    [['staff', 7, true], 'granted'],
    [[], 'granted'],
    [null, 'granted'],
    [undefined, 'granted'],
  ])('%j: %s', (groups, expected) => {
    expect(outcome({ groups })).toBe(expected);
  });
});

describe('a list below an object whose members are not declared', () => {
  const rules = (wanted: string, rest: string) => `  - { id: a, from: sso, match: { ${wanted} }, ${rest} }`;
  const allowed = outcomeOf(policyOf('{ realm_access: object }', rules('realm_access.roles: admin', grant)));
  const refused = outcomeOf(
    policyOf(
      '{ realm_access: object }',
      `${rules('realm_access.roles: suspended', 'deny: true')}\n  - { id: b, from: sso, match: { sub: u1 }, ${grant} }`,
    ),
  );

  test.each([
    [{ roles: ['offline_access', 'admin'] }, 'granted'],
    [{ roles: 'admin' }, 'granted'],
    [{ roles: ['offline_access'] }, 'no_rule'],
    [{ roles: { admin: true } }, 'no_rule'],
    ['admin', 'no_rule'],
  ])('an allow rule of realm_access %j: %s', (access, expected) => {
    expect(allowed({ realm_access: access })).toBe(expected);
  });

  test.each([
    [{ roles: ['suspended'] }, 'denied'],
    [{ roles: 'suspended' }, 'denied'],
    [{ roles: 7 }, 'denied'],
    [{ roles: [['suspended']] }, 'denied'],
    [['suspended'], 'denied'],
    ['suspended', 'denied'],
    [{ roles: ['admin'] }, 'granted'],
    [{ roles: null }, 'granted'],
    [{}, 'granted'],
    [undefined, 'granted'],
  ])('a deny rule of realm_access %j: %s', (access, expected) => {
    expect(refused({ realm_access: access })).toBe(expected);
  });
});

describe('a condition that reads a claim', () => {
  const claims = '{ level: string, groups: list, org: object }';
  const denied = (expression: string) =>
    outcomeOf(
      policyOf(
        claims,
        `  - { id: all, from: sso, match: { sub: u1 }, ${grant} }
  - { id: never, from: sso, when: { it: '${expression}' }, deny: true }`,
      ),
    );
  const allowed = (expression: string) =>
    outcomeOf(
      policyOf(claims, `  - { id: all, from: sso, match: { sub: u1 }, when: { it: '${expression}' }, ${grant} }`),
    );

  test.each<[string, Claims, Claims]>([
    ['claims.level == "low"', { level: ['low'] }, { level: 'high' }],
    ['claims.level in ["low", "none"]', { level: ['low'] }, { level: 'high' }],
    ['claims["level"] == "low"', { level: 0 }, { level: 'high' }],
    ['claims.groups.size() == 0', { groups: {} }, { groups: ['a'] }],
    ['claims.groups.size() == 1', { groups: 'a' }, { groups: [] }],
    ['has(claims.level) && claims.level == "low"', { level: { low: true } }, {}],
  ])('%s denies %j, and not %j', (expression, doubtful, plain) => {
    expect(denied(expression)(doubtful)).toBe('denied');
    expect(denied(expression)(plain)).toBe('granted');
  });

  test.each<[string, Claims, Claims]>([
    ['claims.level != "low"', { level: ['low'] }, { level: 'high' }],
    ['!(claims.level in ["low"])', { level: 7 }, { level: 'high' }],
  ])('%s grants nothing to %j, as to %j', (expression, doubtful, plain) => {
    expect(allowed(expression)(doubtful)).toBe('no_rule');
    expect(allowed(expression)(plain)).toBe('granted');
  });

  test('may ask whether it is there, or of which type, and read what is not declared', () => {
    expect(denied('has(claims.level)')({ level: 7 })).toBe('denied');
    expect(denied('!has(claims.level)')({ level: 7 })).toBe('granted');
    expect(allowed('type(claims.level) == string || type(claims.level) == int')({ level: 7 })).toBe('granted');
    expect(allowed('claims.org.level != "low"')({ org: { level: 7 } })).toBe('granted');
    expect(allowed('"https://sts.acme.example" in claims.aud')({})).toBe('granted');
  });
});
