// The app's stack and the construct under cdk-nag, the CDK's template validator, and the local stack's list of what it knows.
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
import { artifact, inTemporaryFolder, probed, quickContext } from './synthesized.ts';

interface ValidationReport {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly metadata?: { readonly error?: string };
    readonly violations: readonly {
      readonly ruleName: string;
      readonly violatingConstructs: readonly { readonly constructPath: string }[];
    }[];
  }[];
}

const operators = ['arn:aws:iam::111122223333:role/operators'];

const collectorArn = 'arn:aws:lambda:eu-west-1:901920570463:layer:collector:1';

/** The app's own stack. */
function appStack(app: App, id: string, served: PolicyArtifact = artifact, given: Partial<CambioStackProps> = {}) {
  const policy = { artifact: served, values: {} };
  return new CambioStack(app, id, { policy, demonstration: true, operators, ...given });
}

/** A construct with these props, in a stack beside what the deployer brings. */
function constructStack(app: App, id: string, propsOf: (others: Stack) => Partial<TokenExchangeProps>): Stack {
  // Theirs is not ours to judge.
  const others = new Stack(app, `${id}Others`);
  Validations.of(others).acknowledge({ id: 'AwsSolutions-VPC7', reason: 'Not part of the construct.' });
  const stack = new Stack(app, id);
  new TokenExchange(stack, 'TokenExchange', { policy: { artifact, values: {} }, operators, ...propsOf(others) });
  return stack;
}

/** Types, properties and intrinsic functions that the local stack neither runs nor lists as not run. */
function unknownToTheLocalStack(template: StackTemplate): readonly string[] {
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

const lately = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 365 * 86_400_000) };
const { cert: certificate } = selfSigned({ ...lately, ip: '192.0.2.7' });

const nameOf = (scope: Stack, domainName: string, region: string) => {
  const arn = `arn:aws:acm:${region}:111122223333:certificate/a`;
  return { domainName, certificate: Certificate.fromCertificateArn(scope, domainName, arn) };
};

const given = {
  canary: { issuer: 'aws', client: 'prober', audience: 'canary' },
  ...{ webAcl: {}, provisionedConcurrency: { revoke: { executions: 1 } }, collector: collectorArn },
  alarmTopic: 'arn:aws:sns:eu-west-1:111122223333:on-call',
  signing: 'envelope',
} as const;

/** What the validators load for one stack they need not load for another: all are of one app. */
const stacks = {
  Cambio: (app: App) => appStack(app, 'Cambio'),
  Whole: (app: App) => {
    const arn = 'arn:aws:iam::111122223333:role/deploy';
    const deploy = { name: 'deploy', arn, via: 'assume-role', ttl: 900, maxTtl: 900, revocable: true } as const;
    const tenants = { source: 'table', exports: [], exported: {} } as const;
    return appStack(app, 'Whole', { ...probed, roles: { deploy }, tenants }, given);
  },
  Edge: (app: App) =>
    constructStack(app, 'Edge', (others) => ({
      ...{ webAcl: {}, stageEndpoint: true, awsClients: 'sdk', decisionIndex: 'none', reservedConcurrency: 1 },
      issuerDomain: nameOf(others, 'id.acme.example', 'us-east-1'),
      domain: nameOf(others, 'sts.acme.example', 'eu-west-1'),
      policy: { artifact, values: {}, certificates: [certificate] },
      mtls: { domain: nameOf(others, 'mtls.acme.example', 'eu-west-1') },
      vpc: new Vpc(others, 'Vpc') as IVpc,
      provisionedConcurrency: {
        token: {
          executions: 1,
          schedule: [{ at: 'cron(0 7 ? * MON-FRI *)', executions: 5 }],
          timeZone: 'Europe/Berlin',
        },
      },
    })),
  Private: (app: App) =>
    constructStack(app, 'Private', (others) => ({
      ...{ privateEndpoint: {}, vpcEndpoints: true, webAcl: { countOnly: true } },
      tracing: { collector: LayerVersion.fromLayerVersionArn(others, 'Collector', collectorArn) },
      issuerDomain: nameOf(others, 'sts.acme.example', 'eu-west-1'),
      vpc: new Vpc(others, 'Vpc') as IVpc,
    })),
  Spoiled: (app: App) => {
    const stack = appStack(app, 'Spoiled');
    const { records } = stack.node.findChild('TokenExchange') as TokenExchange;
    const token = records.node.scope?.node.findChild('Endpoints').node.findChild('Token').node.findChild('Role');
    (token as unknown as { addToPolicy(statement: PolicyStatement): void }).addToPolicy(
      new PolicyStatement({ actions: ['kms:*'], resources: [records.table.tableArn] }),
    );
    new CfnResource(stack, 'Parameter', { type: 'AWS::SSM::Parameter', properties: { Type: 'String', Value: 'x' } });
    const value = { 'Fn::Cidr': ['10.0.0.0/16', 1, 8] };
    new CfnResource(stack, 'Topic', { type: 'AWS::SNS::Topic', properties: { DisplayName: value } });
    new CfnResource(stack, 'Broken', {
      type: 'AWS::Lambda::Function',
      properties: { Runtime: 'nodejs24.x', Nonsense: 1 },
    });
    return stack;
  },
} satisfies Readonly<Record<string, (app: App) => Stack>>;

/** Of a stack; of the whole app where no name is given. */
type FindingsOf = (name?: keyof typeof stacks) => readonly string[];

interface Judged {
  /** Every finding of cdk-nag's packs and of the CDK's template validator, as `plugin rule`, and what the local stack would not know. */
  readonly findingsOf: FindingsOf;
  /** The template of the stack {@link stacks.Whole}. */
  readonly whole: string;
}

const { findingsOf, whole }: Judged = inTemporaryFolder((outdir) => {
  const app = new App({ outdir, context: quickContext(), analyticsReporting: false });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  for (const make of Object.values(stacks)) make(app);
  let failure: unknown;
  try {
    app.synth();
  } catch (error) {
    failure = error;
  }
  const found = findingsIn(join(outdir, 'validation-report.json'), failure);
  const names = Object.keys(stacks);
  const unknown = new Map(names.map((name) => [name, unknownToTheLocalStack(templateIn(outdir, name))]));
  const ofStack: FindingsOf = (name) => {
    const own = found.filter(({ stack }) => name === undefined || stack === name || stack === `${name}Others`);
    return [...own.map(({ finding }) => finding), ...(name ? (unknown.get(name) ?? []) : [...unknown.values()].flat())];
  };
  return { findingsOf: ofStack, whole: JSON.stringify(templateIn(outdir, 'Whole')) };
});

function templateIn(outdir: string, name: string): StackTemplate {
  return JSON.parse(readFileSync(join(outdir, `${name}.template.json`), 'utf8')) as StackTemplate;
}

/** @param path of the report, which is there unless `failure` says why not */
function findingsIn(path: string, failure: unknown) {
  if (!existsSync(path)) throw new Error('no validation report', { cause: failure });
  const { pluginReports } = JSON.parse(readFileSync(path, 'utf8')) as ValidationReport;
  return pluginReports.flatMap(({ pluginName, metadata, violations }) => {
    if (metadata?.error !== undefined) throw new Error(metadata.error);
    return violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => ({
        stack: constructPath.split('/')[0],
        finding: `${pluginName} ${ruleName}`,
      })),
    );
  });
}

test('cdk-nag and the template validator find nothing that is not acknowledged', () => {
  expect(findingsOf('Cambio')).toEqual([]);
});

test('nor do they under a policy with revocable roles, with sealed keys and tenants at run time, and with all that the context can name', () => {
  for (const each of [
    given.alarmTopic,
    collectorArn,
    '"MinCapacity":1',
    'AWSManagedRules',
    'OnlyRotationMakes',
    'HMAC_SHA_256',
    'TENANT_KEY',
  ])
    expect(whole).toContain(each);
  // Nobody else says which tenants there are, whatever IAM allows whom.
  const only =
    /kms:GenerateMac","Condition":\{"StringNotEquals":\{"aws:PrincipalArn":\[\{"Fn::GetAtt":\["[^"]*EndpointsTenantsRole[^"]*","Arn"\]\}\]\}\},"Effect":"Deny"/;
  expect(only.test(whole)).toBe(true);
  expect(findingsOf('Whole')).toEqual([]);
});

test('nor under the props of an edge of one’s own', () => {
  expect(findingsOf('Edge')).toEqual([]);
});

test('nor under those of a private one', () => {
  expect(findingsOf('Private')).toEqual([]);
});

const spoiled = (whose: string) => findingsOf('Spoiled').filter((finding) => finding.startsWith(whose));

test('a wildcard somebody adds is found by cdk-nag', () => {
  expect(spoiled('AwsSolutions')).toEqual(['AwsSolutions AwsSolutions-IAM5[Action::kms:*]']);
});

test('a resource that the local stack neither runs nor lists as not run is found', () => {
  expect(spoiled('the local stack')).toEqual([
    'the local stack AWS::Lambda::Function Nonsense',
    'the local stack AWS::SSM::Parameter',
    'the local stack Fn::Cidr',
  ]);
});

test('a broken resource is found by the template validator', () => {
  expect(spoiled('CloudFormation Validate').length).toBeGreaterThan(0);
});

test('no finding is of another stack than these', () => {
  expect(findingsOf()).toEqual(findingsOf('Spoiled'));
});
