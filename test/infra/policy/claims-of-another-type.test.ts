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
