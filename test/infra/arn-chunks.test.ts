// Policies with more roles than one IAM document has room for.
import { describe, expect, test } from 'vitest';
import type { TokenExchangeProps } from '../../infra/token-exchange.ts';
import { artifact, type Json, resourcesOf, templateOf } from './synthesized.ts';

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: Json;
}

describe('many roles', () => {
  const grantOf = (role: string) => ({ role, ttl: 900, tags: [], transitive: [], policyArns: [] });
  /** A policy with so many roles, each granted by a rule, and revocable. */
  function policyOf(count: number): Pick<TokenExchangeProps, 'policy'> {
    const names = Array.from({ length: count }, (_, index) => `deploy-${index}`);
    const roles = names.map((name) => {
      const arn = `arn:aws:iam::111122223333:role/ci/deployments/${name}`;
      return [name, { name, arn, via: 'assume-role', ttl: 900, maxTtl: 900, revocable: true }] as const;
    });
    const rules = names.map((name) => ({ id: name, from: 'github', match: [], grant: grantOf(name) }));
    return { policy: { artifact: { ...artifact, roles: Object.fromEntries(roles), rules }, values: {} } };
  }
  const documentsOf = (template: ReturnType<typeof templateOf>, type: string) =>
    Object.values(resourcesOf(template, type)).map(({ Properties }) => Properties['PolicyDocument'] as Json);

  test('have their ARNs in several policies, none of them longer than IAM takes, and none is left out', () => {
    const template = templateOf(policyOf(200));
    const own = documentsOf(template, 'AWS::IAM::Policy').map((document) => JSON.stringify(document));
    const further = documentsOf(template, 'AWS::IAM::ManagedPolicy').map((document) => JSON.stringify(document));
    expect(own.filter(({ length }) => length > 10_240)).toEqual([]);
    expect(further.filter(({ length }) => length > 6_144)).toEqual([]);
    expect(further.length).toBeGreaterThan(2);
    const all = [...own, ...further].map((text) => JSON.parse(text) as { readonly Statement: readonly Statement[] });
    const statements = all.flatMap(({ Statement }) => Statement);
    for (const right of ['sts:AssumeRole', 'sts:TagSession', 'iam:PutRolePolicy', 'iam:GetRolePolicy']) {
      const resources = statements
        .filter(({ Action }) => [Action].flat().includes(right))
        .flatMap(({ Resource }) => Resource)
        .filter((arn) => String(arn).includes(':role/ci/deployments/'));
      expect(new Set(resources).size).toBe(200);
      expect(resources).toHaveLength(200);
    }
  });

  test('are an error of synthesis where IAM would attach no more policies', () => {
    expect(() => templateOf(policyOf(600))).toThrow(
      'the rights of Test/TokenExchange/SessionRevocations/Writer/Role take 14 managed policies besides its own',
    );
  });
});
