import { describe, expect, test } from 'vitest';
import { compilePolicyFiles } from '../../../../infra/policy/compile-policy.ts';
import { formatDiagnostic } from '../../../../infra/policy/source/diagnostic.ts';
import { expectMistake, findingsOf, type Mistake, validPolicy } from '../policy-world.ts';

const mistakes: Readonly<Record<string, Mistake>> = {
  'an issuer called self': {
    from: 'issuers:\n',
    bad: 'issuers:\n  self: { url: https://a.example, audience: a }\n',
    finding: '3:3: issuer "self": this name is reserved | choose another name',
    good: 'issuers:\n  selfish: { url: https://a.example, audience: a }\n',
  },
  'an audience called any': {
    from: 'audiences:\n',
    bad: 'audiences:\n  any: {}\n',
    finding: '16:3: audience "any": this name is reserved | choose another name',
    good: 'audiences:\n  anything: {}\n',
  },
  'a rule id twice': {
    from: 'id: no-guests',
    bad: 'id: main',
    finding: '35:9: rule "main": there is already rule "main" at policy.yaml:23:9 | choose another name',
    good: 'id: main-2',
  },
  'an issuer that does not exist': {
    from: 'from: okta',
    bad: 'from: otka',
    finding: '36:11: there is no issuer "otka" | did you mean okta?',
    good: 'from: "okta"',
  },
  'an audience that does not exist': {
    from: 'deny: { audience: payments-api }',
    bad: 'deny: { audience: payment-api }',
    finding: '38:23: there is no audience "payment-api" | did you mean payments-api?',
    good: 'deny: { audience: orders-api }',
  },
  'an audience that is an issuer': {
    from: 'deny: { audience: payments-api }',
    bad: 'deny: { audience: github }',
    finding: '38:23: there is no audience "github" | known: orders-api, payments-api',
    good: 'deny: { audience: "payments-api" }',
  },
};

/** The supported findings only: those of sections that are not yet supported are tested by themselves. */
function withoutUnsupported(text: string): readonly string[] {
  return findingsOf(text).filter((finding) => !finding.includes('is not yet supported'));
}

describe('names', () => {
  test.each(Object.entries(mistakes))('refuses %s', (_, mistake) => expectMistake(mistake));

  test('shares one namespace between issuers and clients, another between audiences and roles', () => {
    const client = (name: string) =>
      `${validPolicy}clients: { ${name}: { auth: { client_secret_basic: { sha256: "${'0'.repeat(64)}" } } } }\n`;
    expect(withoutUnsupported(client('okta'))).toEqual([
      '39:12: client "okta": there is already issuer "okta" at policy.yaml:11:3 | choose another name',
    ]);
    expect(withoutUnsupported(client('orders-api'))).toEqual([]);
    const role = (name: string) => `${validPolicy}roles: { ${name}: { arn: "arn:aws:iam::111122223333:role/a" } }\n`;
    expect(withoutUnsupported(role('orders-api'))).toEqual([
      '39:10: role "orders-api": there is already audience "orders-api" at policy.yaml:16:3 | choose another name',
    ]);
    expect(withoutUnsupported(role('okta'))).toEqual([]);
  });

  test('follows the names that clients, roles and actors use', () => {
    const extra = (actor: string, client: string, role: string) =>
      [
        validPolicy,
        `  - { id: r1, from: okta, client: ${client}, actor: { from: ${actor} }, grant: { role: ${role} } }\n`,
        `  - { id: r2, from: self, client: [${client}], deny: { role: ${role} } }\n`,
        `clients: { app: { auth: { federated: { issuer: ${actor}, match: { sub: a } } }, introspects: [orders-api] } }\n`,
        'roles: { admin: { arn: "arn:aws:iam::111122223333:role/admin" } }\n',
      ].join('');
    expect(withoutUnsupported(extra('eks', 'app', 'admin'))).toEqual([]);
    expect(withoutUnsupported(extra('eks', 'any', 'admin'))).toEqual([
      expect.stringContaining('40:36: there is no client "any"'),
    ]);
    expect(withoutUnsupported(extra('x', 'apq', 'admn'))).toEqual([
      expect.stringContaining('there is no client "apq" | did you mean app?'),
      expect.stringContaining('there is no issuer "x"'),
      expect.stringContaining('there is no role "admn" | did you mean admin?'),
      expect.stringContaining('there is no client "apq"'),
      expect.stringContaining('there is no role "admn"'),
      expect.stringContaining('there is no issuer "x"'),
    ]);
  });

  test('finds the same name in two files', () => {
    const text = 'version: 1\naudiences: { invoices: {} }\n';
    const compile = (other: string) =>
      compilePolicyFiles([
        { path: 'a.yaml', text: validPolicy },
        { path: 'b.yaml', text },
        { path: 'c.yaml', text: other },
      ]);
    expect(compile(text).diagnostics.map(formatDiagnostic)).toEqual([
      'c.yaml:2:14: audience "invoices": there is already audience "invoices" at b.yaml:2:14\n  hint: choose another name',
    ]);
    expect(compile(text.replace('invoices', 'bills')).diagnostics).toEqual([]);
  });
});
