import { describe, expect, test } from 'vitest';
import type { AllowRule, PolicyRule, Role, RoleGrant } from '../../../shared/policy/compiled-policy.ts';
import { roleUses } from '../../../shared/policy/role-uses.ts';
import { oidcProvider, trustPolicy } from '../../../shared/policy/trust-policy.ts';

const role: Role = {
  name: 'deploy',
  arn: 'arn:aws-us-gov:iam::111122223333:role/ci/deploy',
  via: 'assume-role',
  ttl: 900,
  maxTtl: 3_600,
};
const deployment = { issuer: 'https://issuer.acme.example', tokenRole: 'arn:aws-us-gov:iam::999999999999:role/token' };
const neither = { tags: false, sourceIdentity: false };
const grant: RoleGrant = { role: 'deploy', ttl: 900, tags: [], transitive: [], policyArns: [] };
const rule: AllowRule<RoleGrant> = { id: 'r', from: 'github', match: [], grant };

describe('a trust policy', () => {
  test('lets the token function’s role assume the role, with the external id where there is one', () => {
    const statement = { Effect: 'Allow', Principal: { AWS: deployment.tokenRole }, Action: ['sts:AssumeRole'] };
    expect(trustPolicy({ role, ...neither }, deployment)).toEqual({ Version: '2012-10-17', Statement: [statement] });
    const external = { ...role, externalId: 'acme-7' };
    expect(trustPolicy({ role: external, ...neither }, deployment).Statement).toEqual([
      { ...statement, Condition: { StringEquals: { 'sts:ExternalId': 'acme-7' } } },
    ]);
  });

  test('allows tags and a source identity where the rules need them', () => {
    const actionsOf = (use: typeof neither) =>
      trustPolicy({ role, ...use }, deployment).Statement.flatMap(({ Action }) => Action);
    expect(actionsOf(neither)).toEqual(['sts:AssumeRole']);
    expect(actionsOf({ tags: true, sourceIdentity: false })).toEqual(['sts:AssumeRole', 'sts:TagSession']);
    expect(actionsOf({ tags: false, sourceIdentity: true })).toEqual(['sts:AssumeRole', 'sts:SetSourceIdentity']);
  });

  test('of a web identity names the provider in the role’s account, our audience, and the role as subject', () => {
    const use = { role: { ...role, via: 'web-identity' } as const, tags: true, sourceIdentity: false };
    expect(trustPolicy(use, deployment).Statement).toEqual([
      {
        Effect: 'Allow',
        Principal: { Federated: 'arn:aws-us-gov:iam::111122223333:oidc-provider/issuer.acme.example' },
        Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'],
        Condition: {
          StringEquals: {
            'issuer.acme.example:aud': 'sts.amazonaws.com',
            'issuer.acme.example:sub': 'role:deploy',
          },
        },
      },
    ]);
    expect(oidcProvider(deployment)).toEqual({ Url: deployment.issuer, ClientIDList: ['sts.amazonaws.com'] });
  });
});

describe('the uses of a policy’s roles', () => {
  test('are those of its grants together; a role that no rule grants has none', () => {
    const tag = { key: 'a', value: ['b'], required: true, sanitize: false };
    const usesOf = (...rules: readonly PolicyRule[]) => roleUses({ roles: { deploy: role }, rules });
    expect(usesOf()).toEqual([]);
    expect(usesOf({ id: 'd', from: 'github', match: [], deny: { role: 'deploy' } })).toEqual([]);
    expect(usesOf({ ...rule, grant: { ...grant, role: 'other' } })).toEqual([]);
    expect(usesOf(rule)).toEqual([{ role, ...neither }]);
    expect(roleUses({ roles: { deploy: { ...role, revocable: true } }, rules: [rule] })).toMatchObject([
      { tags: true },
    ]);
    const tagged = { ...rule, grant: { ...grant, tags: [tag] } };
    const identified = { ...rule, grant: { ...grant, sourceIdentity: ['a'] } };
    expect(usesOf(rule, tagged, identified)).toEqual([{ role, tags: true, sourceIdentity: true }]);
  });
});
