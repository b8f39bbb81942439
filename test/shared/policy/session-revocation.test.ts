import { describe, expect, test } from 'vitest';
import type { Role } from '../../../shared/policy/compiled-policy.ts';
import { defaultBoundary, revocationSetups } from '../../../shared/policy/session-revocation.ts';

const role = (name: string, account: string, revocable = true): Role => ({
  name,
  arn: `arn:aws-us-gov:iam::${account}:role/ci/${name}`,
  via: 'assume-role',
  ttl: 900,
  maxTtl: 900,
  ...(revocable && { revocable }),
});
const roles = (...all: Role[]) => ({ roles: Object.fromEntries(all.map((each) => [each.name, each])) });
const writer = 'arn:aws-us-gov:iam::111122223333:role/writer';

describe('what another account has to have', () => {
  test('is a boundary, and a role that writes into exactly its revocable roles while they have it', () => {
    const policy = roles(role('a', '999999999999'), role('b', '999999999999'), role('c', '999999999999', false));
    const arns = ['arn:aws-us-gov:iam::999999999999:role/ci/a', 'arn:aws-us-gov:iam::999999999999:role/ci/b'];
    const boundary = 'arn:aws-us-gov:iam::999999999999:policy/cambio-boundary';
    expect(revocationSetups(policy, writer)).toEqual([
      {
        accountId: '999999999999',
        boundary: {
          PolicyName: 'cambio-boundary',
          PolicyDocument: { Version: '2012-10-17', Statement: defaultBoundary },
        },
        role: {
          RoleName: 'cambio-revocations',
          AssumeRolePolicyDocument: {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Principal: { AWS: writer }, Action: 'sts:AssumeRole' }],
          },
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Action: ['iam:PutRolePolicy', 'iam:DeleteRolePolicy'],
                Resource: arns,
                Condition: { StringEquals: { 'iam:PermissionsBoundary': boundary } },
              },
              { Effect: 'Allow', Action: ['iam:GetRolePolicy'], Resource: arns },
            ],
          },
        },
        roles: arns,
      },
    ]);
  });

  test('is one setup for each account, and none for the deployment’s own', () => {
    const policy = roles(role('a', '999999999999'), role('b', '888888888888'), role('own', '111122223333'));
    expect(revocationSetups(policy, writer).map(({ accountId }) => accountId)).toEqual([
      '999999999999',
      '888888888888',
    ]);
    expect(revocationSetups(roles(role('a', '999999999999', false)), writer)).toEqual([]);
  });
});
