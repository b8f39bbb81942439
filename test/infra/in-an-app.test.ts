// What an app does with a TokenExchange of its own: rights, trust, outputs, tags, several of them, and a stack on trial.
import { App, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { AccountPrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { forTheTemplate } from '../../infra/synthesize.ts';
import { TokenExchange, type TokenExchangeProps } from '../../infra/token-exchange.ts';
import type { AllowRule, PolicyArtifact, RoleGrant } from '../../shared/policy/compiled-policy.ts';
import { artifact, inTemporaryFolder } from './synthesized.ts';

const grant: RoleGrant = { role: 'deploy', ttl: 900, tags: [], transitive: [], policyArns: [] };
const rule: AllowRule<RoleGrant> = { id: 'deploys', from: 'github', match: [], grant };
const withRole = (via: 'assume-role' | 'web-identity'): PolicyArtifact => ({
  ...artifact,
  roles: {
    deploy: { name: 'deploy', arn: { $value: 'role.deploy' }, via, externalId: 'acme-7', ttl: 900, maxTtl: 900 },
  },
  rules: [rule],
});

interface World {
  readonly stack: Stack;
  readonly role: Role;
  readonly make: (props?: Partial<TokenExchangeProps>, id?: string, scope?: Stack) => TokenExchange;
}

/** A stack with a role that the policy grants; `use` answers what is to be known of it. */
function inStack<Result>(use: (world: World) => Result, served: PolicyArtifact = withRole('assume-role')): Result {
  return inTemporaryFolder((outdir) => {
    const app = new App({ ...forTheTemplate, outdir });
    const stack = new Stack(app, 'Test');
    const role = new Role(stack, 'Deploy', { assumedBy: new AccountPrincipal('111122223333') });
    const make: World['make'] = (props = {}, id = 'Exchange', scope = stack) =>
      new TokenExchange(scope, id, {
        ...{ policy: { artifact: served, values: { 'role.deploy': role.roleArn } }, roles: { deploy: role } },
        ...props,
      });
    return use({ stack, role, make });
  });
}

const trustOf = (stack: Stack) => {
  const roles = Template.fromStack(stack).findResources('AWS::IAM::Role');
  const [[, deploy] = expect.fail('no role')] = Object.entries(roles).filter(([id]) => id.startsWith('Deploy'));
  return deploy['Properties'].AssumeRolePolicyDocument.Statement as readonly Record<string, unknown>[];
};

const certificateArn = 'arn:aws:acm:us-east-1:111122223333:certificate/1';

describe('trust', () => {
  test('lets the token function assume the role, as its rules need it, beside whom it trusts already', () => {
    inStack(({ stack, role, make }) => {
      make().trust(role);
      expect(trustOf(stack)).toEqual([
        expect.objectContaining({ Action: 'sts:AssumeRole' }),
        {
          ...{ Effect: 'Allow', Action: 'sts:AssumeRole' },
          Principal: { AWS: { 'Fn::GetAtt': [expect.stringMatching(/^ExchangeEndpointsTokenRole/), 'Arn'] } },
          Condition: { StringEquals: { 'sts:ExternalId': 'acme-7' } },
        },
      ]);
    });
  });

  test('of a web identity names the issuer, which has to be known', () => {
    inStack(({ stack, role, make }) => {
      const certificate = Certificate.fromCertificateArn(stack, 'Certificate', certificateArn);
      make({ issuerDomain: { domainName: 'id.acme.example', certificate } }).trust(role);
      expect(trustOf(stack)[1]).toEqual({
        ...{ Effect: 'Allow', Action: 'sts:AssumeRoleWithWebIdentity' },
        Principal: { Federated: { 'Fn::Join': ['', expect.arrayContaining([':oidc-provider/id.acme.example'])] } },
        Condition: {
          StringEquals: { 'id.acme.example:aud': 'sts.amazonaws.com', 'id.acme.example:sub': 'role:deploy' },
        },
      });
    }, withRole('web-identity'));
    inStack(({ role, make }) => {
      expect(() => make().trust(role)).toThrow('which issuerDomain names');
    }, withRole('web-identity'));
  });

  test('is refused for a role that the construct does not know, or that is made elsewhere', () => {
    inStack(({ stack, role, make }) => {
      const exchange = make();
      const other = new Role(stack, 'Other', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
      expect(() => exchange.trust(other)).toThrow('is none of the construct\'s "roles"');
      expect(() => exchange.trust(role)).not.toThrow();
      const imported = Role.fromRoleArn(stack, 'Imported', 'arn:aws:iam::444455556666:role/deploy') as Role;
      const elsewhere = make({ roles: { deploy: imported } }, 'Elsewhere');
      expect(() => elsewhere.trust(imported)).toThrow('cambio aws trust-policy');
    });
  });
});

describe('grantInvokeAdmin', () => {
  const granted = { Action: 'execute-api:Invoke', Effect: 'Allow' };

  test('is the right to call every method below /admin of the live stage, and nothing else', () => {
    inStack(({ stack, role, make }) => {
      make().grantInvokeAdmin(role);
      Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
        Roles: [{ Ref: Match.stringLikeRegexp('^Deploy') }],
        PolicyDocument: {
          Statement: [{ ...granted, Resource: { 'Fn::Join': ['', Match.arrayWith(['/live/*/admin/*'])] } }],
        },
      });
    });
  });

  test('is warned of where operators keep who is granted it out', () => {
    const warned = (operators: (role: Role) => readonly string[]) =>
      inStack(({ stack, role, make }) => {
        make({ operators: operators(role) }).grantInvokeAdmin(role);
        return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('grantInvokeAdmin')).length;
      });
    expect(warned(({ roleArn }) => [roleArn])).toBe(0);
    expect(warned(() => ['arn:aws:iam::111122223333:role/ops'])).toBe(1);
  });
});

test('the stack puts out what others have to be told, and the app may give it names of its own', () => {
  inStack(({ stack, make }) => {
    const { outputs } = make();
    const names = ['Issuer', 'ApiBase', 'TokenEndpoint', 'RecordsTable', 'TokenRole', 'TrailBucket', 'TrailKey'];
    expect(Object.keys(outputs)).toEqual(names);
    outputs.Issuer?.overrideLogicalId('WhoIssues');
    const put = Object.keys(Template.fromStack(stack).toJSON()['Outputs']);
    expect(put).toHaveLength(names.length);
    expect(put).toContain('WhoIssues');
  });
});

test('tags of the construct reach all that has tags, and take none away', () => {
  inStack(({ stack, make }) => {
    Tags.of(make()).add('team', 'platform');
    const resources = Object.values(Template.fromStack(stack).toJSON()['Resources']) as {
      Type: string;
      Properties: never;
    }[];
    const tagged = resources.filter(({ Properties }) =>
      JSON.stringify(Properties).includes('{"Key":"team","Value":"platform"}'),
    );
    expect([...new Set(tagged.map(({ Type }) => Type))].sort()).toEqual([
      ...[
        'AWS::ApiGateway::RestApi',
        'AWS::ApiGateway::Stage',
        'AWS::CloudFront::Distribution',
        'AWS::CloudFront::Function',
        'AWS::CloudWatch::Alarm',
        'AWS::CloudWatch::CompositeAlarm',
        'AWS::CloudWatch::Dashboard',
        'AWS::CodeDeploy::Application',
        'AWS::CodeDeploy::DeploymentGroup',
      ],
      ...[
        'AWS::DynamoDB::GlobalTable',
        'AWS::Events::Rule',
        'AWS::IAM::Role',
        'AWS::KMS::Key',
        'AWS::Lambda::EventSourceMapping',
        'AWS::Lambda::Function',
        'AWS::Logs::LogGroup',
        'AWS::S3::Bucket',
      ],
    ]);
    const keys = tagged.filter(({ Type }) => Type === 'AWS::KMS::Key');
    expect(keys.filter(({ Properties }) => !/cambio:(keyring|use)/.test(JSON.stringify(Properties)))).toEqual([]);
  });
});

test('two of them share the account’s settings of API Gateway, and have the rest for themselves', () => {
  inStack(({ stack, make }) => {
    // A stack has room for 500 resources: for two deployments only without what watches and records them.
    const few = { metrics: false, audit: false } as const;
    const [one, other] = [make(few), make(few, 'Second')];
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::ApiGateway::Account', 1);
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 2);
    const [account] = Object.keys(template.findResources('AWS::ApiGateway::Account'));
    for (const stage of Object.values(template.findResources('AWS::ApiGateway::Stage'))) {
      expect(stage['DependsOn']).toContain(account);
    }
    expect(one.issuer).not.toBe(other.issuer);
  });
  inStack(({ stack, make }) => {
    const second = new Stack(stack.node.scope as App, 'Other');
    make();
    make({ policy: { artifact, values: {} }, roles: {}, cloudWatchRole: false }, 'Exchange', second);
    Template.fromStack(second).resourceCountIs('AWS::ApiGateway::Account', 0);
  });
});

test('on trial everything goes with the stack, which synth warns of; otherwise what others know of it stays', () => {
  const keptOf = (props: Partial<TokenExchangeProps>) =>
    inStack(({ stack, make }) => {
      make(props);
      const template = Template.fromStack(stack).toJSON() as { Resources: Record<string, Record<string, string>> };
      const kept = Object.entries(template.Resources).filter(
        ([id, { DeletionPolicy = 'Delete' }]) => DeletionPolicy !== 'Delete' && !/CloudWatchRole|ApiAccount/.test(id),
      );
      const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('for trials'));
      const isProtected = JSON.stringify(template).includes('"DeletionProtectionEnabled":true');
      return { kept: kept.length, isProtected, warnings: warnings.length };
    });
  expect(keptOf({ removalPolicy: RemovalPolicy.DESTROY })).toEqual({ kept: 0, isProtected: false, warnings: 1 });
  const { kept, ...usual } = keptOf({});
  expect(usual).toEqual({ isProtected: true, warnings: 0 });
  expect(kept).toBeGreaterThan(20);
  expect(() => keptOf({ removalPolicy: RemovalPolicy.RETAIN as never })).toThrow('removalPolicy is DESTROY');
});
