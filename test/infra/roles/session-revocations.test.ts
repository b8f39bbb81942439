// Revocable roles in the template: the boundary, and the one function that may write into them.
import { Stack } from 'aws-cdk-lib';
import { type CfnRole, PermissionsBoundary, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { TokenExchange, type TokenExchangeProps } from '../../../infra/token-exchange.ts';
import type { PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { artifact, inTemporaryFolder, type Json, quickApp, resourcesOf, templateOf } from '../synthesized.ts';

const plain = { name: 'deploy', via: 'assume-role', ttl: 3_600, maxTtl: 3_600 } as const;
const deploy = { ...plain, revocable: true } as const;
const ownArn = 'arn:aws:iam::111122223333:role/ci/deploy';
const partnerArn = 'arn:aws:iam::999999999999:role/partner';
const roles: PolicyArtifact['roles'] = {
  deploy: { ...deploy, arn: ownArn },
  partner: { ...deploy, name: 'partner', arn: partnerArn },
};
const policyOf = (changes: Partial<PolicyArtifact>, values: Readonly<Record<string, string>> = {}) => ({
  policy: { artifact: { ...artifact, ...changes }, values },
});

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: Json;
  readonly Condition?: Json;
}

type Template = ReturnType<typeof templateOf>;

const idsOf = (template: Template, type: string) => Object.keys(resourcesOf(template, type));
const ours = (template: Template, type: string) =>
  Object.entries(resourcesOf(template, type)).filter(([id]) => id.includes('SessionRevocations'));

function statementsOf(template: Template): readonly Statement[] {
  const [[, policy] = expect.fail('no policy')] = ours(template, 'AWS::IAM::Policy');
  const { Statement } = policy.Properties['PolicyDocument'] as unknown as { Statement: readonly Statement[] };
  return Statement.filter(({ Action }) => /^(iam|sts|dynamodb):/.test([Action].flat()[0] ?? ''));
}

describe('a policy without revocable roles', () => {
  test('has no function, no boundary and no schedule, and nobody has rights of IAM', () => {
    const template = templateOf(policyOf({ roles: { deploy: { ...plain, arn: ownArn } } }));
    expect(idsOf(template, 'AWS::IAM::ManagedPolicy')).toEqual([]);
    for (const type of ['AWS::Events::Rule', 'AWS::Lambda::Function']) expect(ours(template, type)).toEqual([]);
    expect(JSON.stringify(resourcesOf(template, 'AWS::IAM::Policy'))).not.toContain('iam:');
  });
});

describe('a policy with revocable roles', () => {
  const template = templateOf(policyOf({ roles }));
  const [boundary = ''] = idsOf(template, 'AWS::IAM::ManagedPolicy');

  test('has one function for them, which never runs twice at a time, every minute and when told', () => {
    const [[id, writer] = expect.fail('no function')] = ours(template, 'AWS::Lambda::Function');
    expect(writer.Properties).toMatchObject({
      ReservedConcurrentExecutions: 1,
      Environment: { Variables: { ACCOUNT_ID: { Ref: 'AWS::AccountId' } } },
    });
    const reserved = Object.values(resourcesOf(template, 'AWS::Lambda::Function')).filter(
      ({ Properties }) => 'ReservedConcurrentExecutions' in Properties,
    );
    expect(reserved).toHaveLength(1);
    const [[, rule] = expect.fail('no schedule')] = ours(template, 'AWS::Events::Rule');
    expect(rule.Properties).toMatchObject({ ScheduleExpression: 'rate(1 minute)', State: 'ENABLED' });
    const [alias] = idsOf(template, 'AWS::Lambda::Alias').filter((each) => each.includes('SessionRevocations'));
    expect(rule?.Properties['Targets']).toMatchObject([{ Arn: { Ref: alias } }]);
    const admin = Object.entries(resourcesOf(template, 'AWS::Lambda::Function')).filter(([, { Properties }]) =>
      JSON.stringify(Properties).includes('SESSION_REVOCATIONS'),
    );
    // Who revokes a key revokes what it signed.
    expect(admin.map(([each]) => each)).toEqual([
      expect.stringContaining('AdminRevocations'),
      expect.stringContaining('EndpointsKeys'),
    ]);
    expect(id).toContain('Writer');
  });

  test('lets that function alone write, exactly these roles and only under the boundary', () => {
    expect(statementsOf(template)).toEqual([
      expect.objectContaining({ Action: 'dynamodb:Query' }),
      {
        Effect: 'Allow',
        Action: ['iam:DeleteRolePolicy', 'iam:PutRolePolicy'],
        Resource: [ownArn, partnerArn],
        Condition: { StringEquals: { 'iam:PermissionsBoundary': { Ref: boundary } } },
      },
      { Effect: 'Allow', Action: 'iam:GetRolePolicy', Resource: [ownArn, partnerArn] },
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Resource: [
          'arn:aws:iam::111122223333:role/cambio-revocations',
          'arn:aws:iam::999999999999:role/cambio-revocations',
        ],
      },
    ]);
    const others = Object.entries(resourcesOf(template, 'AWS::IAM::Policy')).filter(
      ([id]) => !id.includes('SessionRevocations'),
    );
    expect(JSON.stringify(others)).not.toContain('iam:');
  });

  test('lets the administrators’ functions run it, and nothing else', () => {
    const runners = Object.entries(resourcesOf(template, 'AWS::IAM::Policy'))
      .filter(([, { Properties }]) => JSON.stringify(Properties).includes('lambda:InvokeFunction'))
      .filter(([id]) => id.includes('Endpoints'));
    expect(runners.map(([id]) => id)).toEqual([
      expect.stringContaining('AdminRevocations'),
      expect.stringContaining('EndpointsKeys'),
    ]);
  });

  test('knows whose account each role is in where the stack knows its own', () => {
    const known = inTemporaryFolder((outdir) => {
      const app = quickApp(outdir);
      const stack = new Stack(app, 'Test', { env: { account: '111122223333', region: 'eu-west-1' } });
      new TokenExchange(stack, 'TokenExchange', policyOf({ roles }));
      return stack.resolve(
        (
          stack.node
            .findChild('TokenExchange')
            .node.findChild('SessionRevocations')
            .node.findChild('Writer')
            .node.findChild('Role')
            .node.findChild('DefaultPolicy').node.defaultChild as unknown as { policyDocument: object }
        ).policyDocument,
      ) as { Statement: readonly Statement[] };
    });
    const resources = known.Statement.filter(({ Action }) => /^(iam|sts):/.test([Action].flat()[0] ?? ''));
    expect(resources.map(({ Resource }) => Resource)).toEqual([
      ...[ownArn, ownArn],
      'arn:aws:iam::999999999999:role/cambio-revocations',
    ]);
  });

  test('has a boundary that gives no rights to give rights, and no other role', () => {
    const [policy] = Object.values(resourcesOf(template, 'AWS::IAM::ManagedPolicy'));
    expect(policy?.Properties['PolicyDocument']).toMatchObject({
      Statement: [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: expect.arrayContaining(['iam:*', 'sts:*']), Resource: '*' },
      ],
    });
  });

  test('takes a boundary of one’s own instead', () => {
    const sessionBoundary = [new PolicyStatement({ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::a/*'] })];
    const [policy] = Object.values(
      resourcesOf(templateOf({ ...policyOf({ roles }), sessionBoundary }), 'AWS::IAM::ManagedPolicy'),
    );
    expect(policy?.Properties['PolicyDocument']).toMatchObject({
      Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::a/*' }],
    });
  });
});

test('a boundary longer than a managed policy may be is an error of synthesis', () => {
  const boundaryOf = (count: number) => {
    const resources = Array.from({ length: count }, (_, index) => `arn:aws:s3:::a-bucket-of-many/${index}/*`);
    return [new PolicyStatement({ actions: ['s3:GetObject'], resources })];
  };
  expect(() => templateOf({ ...policyOf({ roles }), sessionBoundary: boundaryOf(150) })).not.toThrow();
  expect(() => templateOf({ ...policyOf({ roles }), sessionBoundary: boundaryOf(180) })).toThrow(
    /the sessionBoundary has \d+ characters, and IAM takes 6144/,
  );
});

describe('a revocable role from TypeScript', () => {
  /** Synthesizes with a role; `given` does to it what a deployment would. */
  function synthesized(given: (role: Role, exchange: TokenExchange) => void): string {
    return inTemporaryFolder((outdir) => {
      const app = quickApp(outdir);
      const stack = new Stack(app, 'Test');
      const role = new Role(stack, 'Deploy', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
      const policy = policyOf(
        { roles: { deploy: { ...deploy, arn: { $value: 'role:deploy' } } } },
        { 'role:deploy': role.roleArn },
      );
      const props: TokenExchangeProps = { ...policy, roles: { deploy: role } };
      given(role, new TokenExchange(stack, 'TokenExchange', props));
      try {
        app.synth();
        return 'synthesized';
      } catch (error) {
        return (error as Error).message;
      }
    });
  }
  const boundaryOf = ({ sessionBoundary }: TokenExchange) => sessionBoundary ?? expect.fail('no boundary');

  test('is an error of synthesis without the boundary, however it is given none otherwise', () => {
    const problem = 'the role Test/Deploy is revocable and has not the boundary of this construct';
    expect(synthesized(() => {})).toContain(problem);
    expect(
      synthesized((role) => {
        (role.node.defaultChild as CfnRole).permissionsBoundary = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
      }),
    ).toContain(problem);
    expect(synthesized((role, exchange) => PermissionsBoundary.of(role).apply(boundaryOf(exchange)))).toBe(
      'synthesized',
    );
    expect(
      synthesized((role, exchange) => {
        (role.node.defaultChild as CfnRole).permissionsBoundary = boundaryOf(exchange).managedPolicyArn;
      }),
    ).toBe('synthesized');
  });
});
