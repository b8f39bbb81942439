import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, CfnResource, Stack, Validations } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import { CambioStack, type CambioStackProps } from '../../infra/cambio-stack.ts';
import { createResolver } from '../../infra/local/template/intrinsics.ts';
import type { StackTemplate } from '../../infra/local/template/stack-template.ts';
import { intrinsicsIn, unsupportedIn } from '../../infra/local/template/support.ts';
import { TokenExchange, type TokenExchangeProps } from '../../infra/token-exchange.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { selfSigned } from '../shared/issuers/certificate.ts';
import { artifact, inTemporaryFolder, probed, unstaged } from './synthesized.ts';

interface ValidationReport {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly violations: readonly { readonly ruleName: string; readonly severity?: string }[];
  }[];
}

const operators = ['arn:aws:iam::111122223333:role/operators'];

const collectorArn = 'arn:aws:lambda:eu-west-1:901920570463:layer:collector:1';

/** Properties as the template gets them. */
function propertiesOf(resource: CfnResource): unknown {
  return (resource as unknown as { readonly cfnProperties: unknown }).cfnProperties;
}

/** Of the app's own stack. */
function findingsOf(
  spoil: (stack: CambioStack, exchange: TokenExchange) => void = () => {},
  served: PolicyArtifact = artifact,
  given: Partial<CambioStackProps> = {},
): readonly string[] {
  return findingsIn((app) => {
    const policy = { artifact: served, values: {} };
    const stack = new CambioStack(app, 'Cambio', { policy, demonstration: true, operators, ...given });
    spoil(stack, stack.node.findChild('TokenExchange') as TokenExchange);
  });
}

/** Every finding of cdk-nag's packs and of the CDK's template validator, as `plugin rule`, and what the local stack would not know. */
function findingsIn(make: (app: App) => void): readonly string[] {
  return inTemporaryFolder((outdir) => {
    const app = new App({ outdir, context: unstaged(), analyticsReporting: false });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
    make(app);
    let failure: unknown;
    try {
      app.synth();
    } catch (error) {
      failure = error;
    }
    const path = join(outdir, 'validation-report.json');
    if (!existsSync(path)) throw new Error('no validation report', { cause: failure });
    const { pluginReports } = JSON.parse(readFileSync(path, 'utf8')) as ValidationReport;
    const findings = pluginReports.flatMap(({ pluginName, violations }) =>
      violations.map(({ ruleName }) => `${pluginName} ${ruleName}`),
    );
    if (failure && findings.length === 0) throw failure;
    return [...findings, ...unknownToTheLocalStack(join(outdir, 'Cambio.template.json'))];
  });
}

/** Types, properties and intrinsic functions that the local stack neither runs nor lists as not run. */
function unknownToTheLocalStack(path: string): readonly string[] {
  const template = JSON.parse(readFileSync(path, 'utf8')) as StackTemplate;
  const { Resources, Conditions, Outputs } = template;
  const references = { ref: () => 'x', attribute: () => 'x' };
  const { resolve } = createResolver({ template, pseudo: {}, references });
  const isUnknown = (name: string): boolean => {
    try {
      resolve({ [name]: undefined });
      return false;
    } catch (error) {
      return String(error).includes('does not know the intrinsic function');
    }
  };
  // What a test's other stack hands over.
  const others = ['Fn::GetStackOutput', 'Fn::ImportValue'];
  const used = [...new Set(intrinsicsIn({ Resources, Conditions, Outputs }))].filter((name) => !others.includes(name));
  return [...unsupportedIn(template), ...used.filter(isUnknown)].map((what) => `the local stack ${what}`);
}

test('cdk-nag and the template validator find nothing that is not acknowledged', () => {
  expect(findingsOf()).toEqual([]);
});

test('nor do they under a policy with revocable roles, with sealed keys and tenants at run time, and with all that the context can name', () => {
  const arn = 'arn:aws:iam::111122223333:role/deploy';
  const deploy = { name: 'deploy', arn, via: 'assume-role', ttl: 900, maxTtl: 900, revocable: true } as const;
  const given = {
    canary: { issuer: 'aws', client: 'prober', audience: 'canary' },
    ...{ webAcl: {}, provisionedConcurrency: { revoke: { executions: 1 } }, collector: collectorArn },
    alarmTopic: 'arn:aws:sns:eu-west-1:111122223333:on-call',
    signing: 'envelope',
  } as const;
  const read = (stack: CambioStack) => {
    const template = JSON.stringify(
      stack.resolve(stack.node.findAll().filter(CfnResource.isCfnResource).map(propertiesOf)),
    );
    for (const each of [
      given.alarmTopic,
      collectorArn,
      '"minCapacity":1',
      'AWSManagedRules',
      'OnlyRotationMakes',
      'HMAC_SHA_256',
      'TENANT_KEY',
    ])
      expect(template).toContain(each);
    // Nobody else says which tenants there are, whatever IAM allows whom.
    const only =
      /kms:GenerateMac","Condition":\{"StringNotEquals":\{"aws:PrincipalArn":\[\{"Fn::GetAtt":\["[^"]*EndpointsTenantsRole[^"]*","Arn"\]\}\]\}\},"Effect":"Deny"/;
    expect(only.test(template)).toBe(true);
  };
  const tenants = { source: 'table', exports: [], exported: {} } as const;
  expect(findingsOf(read, { ...probed, roles: { deploy }, tenants }, given)).toEqual([]);
});

/** A construct with these props, in a stack beside what the deployer brings. */
function findingsWith(propsOf: (others: Stack) => Partial<TokenExchangeProps>): readonly string[] {
  return findingsIn((app) => {
    // Theirs is not ours to judge.
    const others = new Stack(app, 'Others');
    Validations.of(others).acknowledge({ id: 'AwsSolutions-VPC7', reason: 'Not part of the construct.' });
    const stack = new Stack(app, 'Cambio');
    new TokenExchange(stack, 'TokenExchange', { policy: { artifact, values: {} }, operators, ...propsOf(others) });
  });
}

const lately = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 365 * 86_400_000) };
const { cert: certificate } = selfSigned({ ...lately, ip: '192.0.2.7' });

const nameOf = (scope: Stack, domainName: string, region: string) => {
  const arn = `arn:aws:acm:${region}:111122223333:certificate/a`;
  return { domainName, certificate: Certificate.fromCertificateArn(scope, domainName, arn) };
};

test('nor under the props of an edge of one’s own', () => {
  const findings = findingsWith((others) => ({
    ...{ webAcl: {}, stageEndpoint: true, awsClients: 'sdk', decisionIndex: 'none', reservedConcurrency: 1 },
    issuerDomain: nameOf(others, 'id.acme.example', 'us-east-1'),
    domain: nameOf(others, 'sts.acme.example', 'eu-west-1'),
    policy: { artifact, values: {}, certificates: [certificate] },
    mtls: { domain: nameOf(others, 'mtls.acme.example', 'eu-west-1') },
    vpc: new Vpc(others, 'Vpc') as IVpc,
    provisionedConcurrency: {
      token: { executions: 1, schedule: [{ at: 'cron(0 7 ? * MON-FRI *)', executions: 5 }], timeZone: 'Europe/Berlin' },
    },
  }));
  expect(findings).toEqual([]);
});

test('nor under those of a private one', () => {
  const findings = findingsWith((others) => ({
    ...{ privateEndpoint: {}, vpcEndpoints: true, webAcl: { countOnly: true } },
    tracing: { collector: LayerVersion.fromLayerVersionArn(others, 'Collector', collectorArn) },
    issuerDomain: nameOf(others, 'sts.acme.example', 'eu-west-1'),
    vpc: new Vpc(others, 'Vpc') as IVpc,
  }));
  expect(findings).toEqual([]);
});

test('a wildcard somebody adds is found by cdk-nag', () => {
  const findings = findingsOf((_, { records }) => {
    const token = records.node.scope?.node.findChild('Endpoints').node.findChild('Token').node.findChild('Role');
    (token as unknown as { addToPolicy(statement: PolicyStatement): void }).addToPolicy(
      new PolicyStatement({ actions: ['kms:*'], resources: [records.table.tableArn] }),
    );
  });
  expect(findings).toEqual(['AwsSolutions AwsSolutions-IAM5[Action::kms:*]']);
});

test('a resource that the local stack neither runs nor lists as not run is found', () => {
  const findings = findingsOf((stack) => {
    new CfnResource(stack, 'Parameter', { type: 'AWS::SSM::Parameter', properties: { Type: 'String', Value: 'x' } });
    const value = { 'Fn::Cidr': ['10.0.0.0/16', 1, 8] };
    new CfnResource(stack, 'Topic', { type: 'AWS::SNS::Topic', properties: { DisplayName: value } });
  });
  expect(findings.filter((finding) => finding.startsWith('the local stack'))).toEqual([
    'the local stack AWS::SSM::Parameter',
    'the local stack Fn::Cidr',
  ]);
});

test('a broken resource is found by the template validator', () => {
  const findings = findingsOf((stack) => {
    new CfnResource(stack, 'Broken', {
      type: 'AWS::Lambda::Function',
      properties: { Runtime: 'nodejs24.x', Nonsense: 1 },
    });
  });
  expect(findings.filter((finding) => finding.startsWith('CloudFormation Validate')).length).toBeGreaterThan(0);
});
