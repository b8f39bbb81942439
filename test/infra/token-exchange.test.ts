import { Aspects, CfnParameter, Duration, type Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import { AccountRootPrincipal, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, test } from 'vitest';
import { PolicyError } from '../../infra/resolve-policy.ts';
import { TokenExchange, type TokenExchangeProps } from '../../infra/token-exchange.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import {
  artifact,
  githubIssuer,
  type Json,
  policyReaders,
  referencesOf,
  resourcesOf,
  templateOf,
} from './synthesized.ts';

type Synthesized = ReturnType<typeof templateOf>;

const template = templateOf();
const functionsOf = (of: Synthesized) => Object.entries(resourcesOf(of, 'AWS::Lambda::Function'));

/** A function by the name of its entry. */
const nameOf = (id: string) => /(?:Endpoints|Keyring|Audit|(?=DocumentsWriter))(\w+)Function/.exec(id)?.[1] ?? id;

/** The environment variables of each function but for Node's own, by the name of its entry. */
function environmentsOf(of: Synthesized): Readonly<Record<string, Readonly<Record<string, Json>>>> {
  return Object.fromEntries(
    functionsOf(of).map(([id, { Properties }]) => {
      const name = nameOf(id);
      const { Variables } = Properties['Environment'] as { Variables: Readonly<Record<string, Json>> };
      const { NODE_OPTIONS: _, ...settings } = Variables;
      return [name, settings];
    }),
  );
}

const withPolicy = (changes: Partial<PolicyArtifact>): Pick<TokenExchangeProps, 'policy'> => ({
  policy: { artifact: { ...artifact, ...changes }, values: {} },
});
const rulesOf = (of: Synthesized) => Object.keys((of.toJSON()['Rules'] ?? {}) as object);

test('a deployment leaves room in the 500 resources that a stack may have', () => {
  const count = Object.keys(template.toJSON()['Resources'] as object).length;
  expect(count).toBeGreaterThan(250);
  expect(count).toBeLessThan(350);
});

describe('functions', () => {
  test('all run Node 24 on arm64, traced, within limits, and keep their logs when the stack goes', () => {
    expect(functionsOf(template)).toHaveLength(16);
    for (const [id, { Properties }] of functionsOf(template)) {
      // It holds the ids of a whole day's decisions.
      const [memory, heap] = id.includes('SweepSweeper') ? [2_048, 1_843] : [512, 460];
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        MemorySize: memory,
        // Lambda bounds neither generation of the heap where one of them is said.
        Environment: { Variables: { NODE_OPTIONS: `--max-semi-space-size=16 --max-old-space-size=${heap}` } },
        TracingConfig: { Mode: 'Active' },
        LoggingConfig: { LogGroup: { Ref: expect.any(String) } },
      });
      expect(Properties).not.toHaveProperty('VpcConfig');
    }
    for (const group of Object.values(resourcesOf(template, 'AWS::Logs::LogGroup'))) {
      expect(group.Properties['RetentionInDays']).toBe(90);
      expect(group.DeletionPolicy).toBe('Retain');
    }
  });

  test('each has an alias live of its newest version', () => {
    const aliases = Object.values(resourcesOf(template, 'AWS::Lambda::Alias')).map(({ Properties }) => Properties);
    const versions = resourcesOf(template, 'AWS::Lambda::Version');
    const aliased = aliases.map((alias) => {
      expect(alias['Name']).toBe('live');
      const [version = ''] = referencesOf(alias['FunctionVersion']);
      expect(referencesOf(versions[version]?.Properties['FunctionName'])).toEqual(referencesOf(alias['FunctionName']));
      return referencesOf(alias['FunctionName'])[0];
    });
    expect(aliased.sort()).toEqual(
      functionsOf(template)
        .map(([id]) => id)
        .sort(),
    );
  });

  test('every endpoint’s alias waits until keyring and documents are written; the seed’s waits for nothing of the sort', () => {
    const made = Object.keys(resourcesOf(template, 'AWS::CloudFormation::CustomResource'));
    expect(made).toHaveLength(2);
    const waiting = Object.entries(resourcesOf(template, 'AWS::Lambda::Alias')).map(([id, { DependsOn = [] }]) => [
      /(?:Endpoints|Keyring)(\w+)Live/.exec(id)?.[1] ?? id,
      made.every((resource) => DependsOn.includes(resource)),
    ]);
    const endpoints = waiting.filter(([name]) => name !== 'Seed' && !/Audit|Documents/.test(String(name)));
    expect(endpoints).toHaveLength(11);
    expect(endpoints.filter(([, waits]) => !waits)).toEqual([]);
    expect(Object.fromEntries(waiting)).toMatchObject({ Token: true, Seed: false });
  });

  test('each has the settings it reads and no other', () => {
    const names = Object.entries(environmentsOf(template)).map(([name, variables]) => [
      name,
      Object.keys(variables).sort(),
    ]);
    expect(Object.fromEntries(names)).toEqual({
      Token: [
        ...['API_BASE', 'DECISION_INDEX', 'DECISION_RETENTION', 'ISSUER', 'KEYRING_MAC_KEY', 'METRICS_NAMESPACE'],
        ...['RECORDS_TABLE', 'SESSION_BUDGET', 'SIGNATURE_BUDGET'],
      ],
      Introspect: [
        'DECISION_INDEX',
        'DECISION_RETENTION',
        'ISSUER',
        'KEYRING_MAC_KEY',
        'METRICS_NAMESPACE',
        'RECORDS_TABLE',
      ],
      Revoke: [
        'DECISION_INDEX',
        'DECISION_RETENTION',
        'ISSUER',
        'KEYRING_MAC_KEY',
        'METRICS_NAMESPACE',
        'RECORDS_TABLE',
      ],
      AdminRevocations: ['KEYRING_MAC_KEY', 'METRICS_NAMESPACE', 'RECORDS_TABLE'],
      Keys: [
        ...['DOCUMENTS_BUCKET', 'KEYRING_MAC_KEY', 'KEYRING_TAG', 'KEY_ROTATION', 'KEY_SIGNERS'],
        ...['METRICS_NAMESPACE', 'RECORDS_TABLE'],
      ],
      StatusLists: ['ISSUER', 'KEYRING_MAC_KEY', 'METRICS_NAMESPACE', 'RECORDS_TABLE'],
      Suspensions: ['KEYRING_MAC_KEY', 'METRICS_NAMESPACE', 'RECORDS_TABLE'],
      Events: ['METRICS_NAMESPACE', 'RECORDS_TABLE'],
      Decisions: ['DECISION_INDEX', 'METRICS_NAMESPACE', 'RECORDS_TABLE'],
      Discovery: ['API_BASE', 'ISSUER', 'METRICS_NAMESPACE'],
      Jwks: ['KEYRING_MAC_KEY', 'METRICS_NAMESPACE', 'RECORDS_TABLE'],
      Seed: ['KEYRING_MAC_KEY', 'RECORDS_TABLE'],
      DocumentsWriter: ['API_BASE', 'DOCUMENTS_BUCKET', 'ISSUER', 'KEYRING_MAC_KEY', 'RECORDS_TABLE'],
      WritingWriter: ['ISSUER', 'METRICS_NAMESPACE', 'TRAIL_BUCKET'],
      HeadsSigner: ['METRICS_NAMESPACE', 'TRAIL_BUCKET', 'TRAIL_KEY'],
      SweepSweeper: ['DECISION_INDEX', 'ISSUER', 'METRICS_NAMESPACE', 'RECORDS_TABLE', 'TRAIL_BUCKET'],
    });
  });

  test('no environment variable refers to the stage or the deployment of the API', () => {
    const types = new Map(
      Object.entries(template.toJSON()['Resources'] as Record<string, { Type: string }>).map(([id, { Type }]) => [
        id,
        Type,
      ]),
    );
    const referred = Object.values(environmentsOf(template))
      .flatMap((variables) => Object.values(variables).flatMap(referencesOf))
      .map((id) => types.get(id) ?? id);
    expect([...new Set(referred)].sort()).toEqual([
      'AWS::ApiGateway::RestApi',
      'AWS::CloudFront::Distribution',
      'AWS::DynamoDB::GlobalTable',
      'AWS::IAM::Role',
      'AWS::KMS::Key',
      'AWS::Region',
      'AWS::S3::Bucket',
      'AWS::StackId',
      'AWS::URLSuffix',
    ]);
  });

  test('the API base ends with the literal name of the stage', () => {
    const base = environmentsOf(template)['Discovery']?.['API_BASE'] as {
      readonly 'Fn::Join': readonly [string, Json[]];
    };
    expect(base['Fn::Join'][1].at(-1)).toBe('/live');
  });
});

test('of a reserved concurrency each administrators’ function has its own, and nobody else any; off by default', () => {
  const reservedIn = (of: Synthesized) =>
    functionsOf(of).flatMap(([id, { Properties }]) =>
      Properties['ReservedConcurrentExecutions'] === undefined
        ? []
        : [[/Endpoints(\w+)Function/.exec(id)?.[1], Properties['ReservedConcurrentExecutions']]],
    );
  expect(reservedIn(template)).toEqual([]);
  const reserved = templateOf({ reservedConcurrency: 5 });
  const paths = Object.values(resourcesOf(reserved, 'AWS::ApiGateway::Method')).filter(
    ({ Properties }) => Properties['AuthorizationType'] === 'AWS_IAM',
  );
  const serving = new Set(paths.map(({ Properties }) => /Endpoints(\w+)Live/.exec(JSON.stringify(Properties))?.[1]));
  expect(new Map(reservedIn(reserved) as [string, number][])).toEqual(new Map([...serving].map((name) => [name, 5])));
  expect(
    new Map(reservedIn(templateOf({ reservedConcurrency: { admin: 5, token: 100 } })) as [string, number][]),
  ).toEqual(new Map([['Token', 100], ...[...serving].map((name) => [name, 5] as const)]) as never);
  const versionsOf = (of: Synthesized) => Object.keys(resourcesOf(of, 'AWS::Lambda::Version'));
  expect(versionsOf(reserved)).toEqual(versionsOf(template));
});

test('the token function takes four fifths of what AWS lets an account sign and begin, unless told otherwise', () => {
  const budgetOf = (of: Synthesized) => {
    const { SIGNATURE_BUDGET, SESSION_BUDGET } = environmentsOf(of)['Token'] ?? {};
    return [SIGNATURE_BUDGET, SESSION_BUDGET];
  };
  expect(budgetOf(template)).toEqual(['800', '480']);
  expect(budgetOf(templateOf({ budget: { signatures: 4_000 } }))).toEqual(['4000', '480']);
});

test('decisions are kept 30 days unless told otherwise, and at least a day', () => {
  const retentionOf = (of: Synthesized) => environmentsOf(of)['Token']?.['DECISION_RETENTION'];
  expect(retentionOf(template)).toBe('2592000');
  expect(retentionOf(templateOf({ decisionRetention: Duration.days(1) }))).toBe('86400');
  expect(() => templateOf({ decisionRetention: Duration.hours(23) })).toThrow('at least a day');
});

test('the list of decisions has an index, a route and a right to query it, unless there is none', () => {
  const partsOf = (of: Synthesized) => {
    const all = JSON.stringify(of.toJSON());
    return ['"IndexName":"decided"', '/GET/admin/decisions"', '/index/decided'].map((part) => all.includes(part));
  };
  expect(partsOf(template)).toEqual([true, true, true]);
  const none = templateOf({ decisionIndex: 'none' });
  expect(partsOf(none)).toEqual([false, false, false]);
  expect(environmentsOf(none)['Token']?.['DECISION_INDEX']).toBe('none');
  expect(() => templateOf({ decisionIndex: 'grants' as 'all' })).toThrow('decisionIndex must be all, refusals or none');
});

test('functions that keep records call AWS by hand unless told to use the SDK', () => {
  const clientsOf = (of: Synthesized) =>
    Object.entries(environmentsOf(of)).flatMap(([name, variables]) =>
      variables['CLIENTS_OF_AWS'] === undefined ? [] : [`${name} ${variables['CLIENTS_OF_AWS']}`],
    );
  expect(clientsOf(template)).toEqual([]);
  const records = [
    'AdminRevocations',
    'Decisions',
    'DocumentsWriter',
    'Events',
    'HeadsSigner',
    'Introspect',
    'Jwks',
    'Keys',
    'Revoke',
    'StatusLists',
    'Suspensions',
    'SweepSweeper',
    'Token',
  ];
  expect(clientsOf(templateOf({ awsClients: 'sdk' })).sort()).toEqual(records.map((name) => `${name} sdk`));
  expect(() => templateOf({ awsClients: 'SDK' as 'sdk' })).toThrow('awsClients must be direct or sdk');
});

const collectorArn = 'arn:aws:lambda:eu-west-1:901920570463:layer:aws-otel-collector-arm64-ver-0-117-0:1';
const collectorIn = (stack: Stack) => LayerVersion.fromLayerVersionArn(stack, 'Collector', collectorArn);

test('with tracing the functions that decide have a collector beside them and send to it, and no others do', () => {
  const environment = { OPENTELEMETRY_COLLECTOR_CONFIG_URI: 's3://bucket/collector.yaml' };
  const traced = templateOf((stack) => ({
    tracing: { collector: collectorIn(stack), environment },
  }));
  const layered = functionsOf(traced).filter(([, { Properties }]) => Properties['Layers'] !== undefined);
  expect(layered.map(([id, { Properties }]) => [/Endpoints(\w+)Function/.exec(id)?.[1], Properties['Layers']])).toEqual(
    ['Token', 'Introspect', 'Revoke'].map((name) => [name, [collectorArn]]),
  );
  const settings = { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
  for (const [name, variables] of Object.entries(environmentsOf(traced))) {
    const untraced = environmentsOf(template)[name];
    const isTraced = ['Token', 'Introspect', 'Revoke'].includes(name);
    expect(variables).toEqual({ ...untraced, ...(isTraced && settings) });
  }
});

test('the same input makes the same template', () => {
  expect(templateOf().toJSON()).toEqual(template.toJSON());
});

test('another policy makes other code for the functions that read it, and for them alone', () => {
  const changed = templateOf(withPolicy({ hash: '1'.repeat(64) }));
  const codeOf = (of: Synthesized) => functionsOf(of).map(([, { Properties }]) => JSON.stringify(Properties['Code']));
  const before = codeOf(template);
  const differing = codeOf(changed).flatMap((code, index) =>
    code === before[index] ? [] : (functionsOf(changed)[index]?.[0] ?? []),
  );
  expect(differing.map(nameOf).sort()).toEqual(policyReaders);
});

describe('a policy for the local stack', () => {
  test('makes a template with a rule that can never hold; another policy makes none', () => {
    const local = templateOf(withPolicy({ local: true }));
    const [rule] = rulesOf(local).filter((name) => name.includes('LocalPolicy'));
    const { Assertions } =
      (local.toJSON()['Rules'] as Record<string, { Assertions: readonly Json[] }>)[rule ?? ''] ?? {};
    expect(Assertions).toEqual([
      {
        Assert: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'local'] },
        AssertDescription: expect.stringContaining('made for the local stack'),
      },
    ]);
    expect(rulesOf(template).filter((name) => name.includes('LocalPolicy'))).toEqual([]);
  });
});

describe('issuers in private networks', () => {
  const privateIssuers = { ghes: { ...githubIssuer, name: 'ghes', network: 'private' } } as const;
  const privately = withPolicy({ issuers: privateIssuers });

  test('need a vpc, which the functions that call issuers are put into, and no other', () => {
    expect(() => templateOf(privately)).toThrow("issuers with network: private need the construct's vpc: ghes");
    expect(() => templateOf(withPolicy({ issuers: privateIssuers, local: true }))).not.toThrow();
    const template = templateOf((stack: Stack) => ({ ...privately, vpc: new Vpc(stack, 'Vpc') as IVpc }));
    const inVpc = functionsOf(template).filter(
      ([id, { Properties }]) => id.includes('TokenExchange') && Properties['VpcConfig'],
    );
    const callers = ['Events', 'Introspect', 'Revoke', 'Token'];
    expect(inVpc.map(([id]) => id).sort()).toEqual(
      callers.map((name) => expect.stringContaining(`Endpoints${name}Function`)),
    );
  });

  test('the code of that function may not do what Lambda does for it', () => {
    const template = templateOf((stack: Stack) => ({ ...privately, vpc: new Vpc(stack, 'Vpc') as IVpc }));
    const policies = Object.entries(resourcesOf(template, 'AWS::IAM::Policy'));
    const ofToken = policies.filter(([id]) => id.includes('EndpointsToken')).map(([, policy]) => policy.Properties);
    const ofNetwork = ofToken
      .flatMap(({ PolicyDocument }) => (PolicyDocument as { Statement: readonly Record<string, Json>[] }).Statement)
      .filter(({ Action }) => JSON.stringify(Action).includes('ec2:'));
    expect(ofNetwork.map(({ Effect, Condition }) => [Effect, Condition])).toEqual([
      ['Allow', undefined],
      ['Deny', { Null: { 'lambda:SourceFunctionArn': 'false' } }],
    ]);
    const [allowed, denied] = ofNetwork.map(({ Action }) => Action as readonly string[]);
    expect(allowed?.filter((action) => action.startsWith('ec2:'))).toEqual(denied);
  });
});

describe('values known only at deploy', () => {
  const withValues = (values: Readonly<Record<string, string>>) => ({ policy: { artifact, values } });

  test('travel in POLICY_VALUES of the functions that read the policy', () => {
    const template = templateOf((stack: Stack) => {
      const cluster = new CfnParameter(stack, 'ClusterIssuer');
      return withValues({ 'issuers.eks.url': cluster.valueAsString });
    });
    const environments = environmentsOf(template);
    const expected = { 'Fn::Join': ['', ['{"issuers.eks.url":"', { Ref: 'ClusterIssuer' }, '"}']] };
    expect(environments['Token']?.['POLICY_VALUES']).toEqual(expected);
    expect(environments['Discovery']?.['POLICY_VALUES']).toEqual(expected);
    expect(environments['Jwks']).not.toHaveProperty('POLICY_VALUES');
  });

  test('may take 3 KB and no more', () => {
    const of = (length: number) => withValues({ name: 'x'.repeat(length) });
    expect(() => templateOf(of(3050))).not.toThrow();
    expect(() => templateOf(of(3072))).toThrow(/policy values .* more than 3072/);
  });

  test('leave room for what else a function is told, or synth says so', () => {
    const traced = (length: number) => (stack: Stack) => ({
      ...withValues({ name: 'x'.repeat(1_000) }),
      tracing: { collector: collectorIn(stack), environment: { OTEL_RESOURCE_ATTRIBUTES: 'x'.repeat(length) } },
    });
    expect(() => templateOf(traced(1_000))).not.toThrow();
    expect(() => templateOf(traced(2_600))).toThrow(/the environment of .*Token\/Function takes about \d+ bytes/);
  });

  test('count by more than the length of the placeholder', () => {
    const many = (stack: Stack, count: number) => {
      const value = new CfnParameter(stack, 'Value').valueAsString;
      return withValues(Object.fromEntries(Array.from({ length: count }, (_, index) => [`v${index}`, value])));
    };
    expect(() => templateOf((stack) => many(stack, 5))).not.toThrow();
    expect(() => templateOf((stack) => many(stack, 30))).toThrow(/policy values .* more than 3072/);
  });
});

describe('a policy given as a path', () => {
  test('is compiled, and one that does not compile stops synthesis with every diagnostic', () => {
    const folder = `${import.meta.dirname}/policies`;
    expect(() => templateOf({ policy: `${folder}/good.yaml` })).not.toThrow();
    let thrown: unknown;
    try {
      templateOf({ policy: `${folder}/bad.yaml` });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(PolicyError);
    expect((thrown as PolicyError).message).toMatch(/bad\.yaml:5:5: .*colour/);
  });

  test('takes issuer URLs from TypeScript, even those known only at deploy', () => {
    const template = templateOf((stack) => ({
      policy: `${import.meta.dirname}/policies/open-url.yaml`,
      issuers: { eks: { url: new CfnParameter(stack, 'ClusterIssuer').valueAsString } },
    }));
    expect(environmentsOf(template)['Token']?.['POLICY_VALUES']).toEqual({
      'Fn::Join': ['', ['{"issuers.eks.url":"', { Ref: 'ClusterIssuer' }, '"}']],
    });
  });
});

describe('roles', () => {
  const arn = 'arn:aws:iam::111122223333:role/deploy';
  const role = { name: 'deploy', arn, via: 'assume-role', ttl: 900, maxTtl: 3_600 } as const;
  const tag = { key: 'repo', value: [{ claim: 'sub' }], required: true, sanitize: false };
  const grant = { role: 'deploy', ttl: 900, tags: [], transitive: [], policyArns: [] };
  const ruleOf = (changes: object) => ({ id: 'r', from: 'github', match: [], grant: { ...grant, ...changes } });
  const rightsOf = (of: Synthesized) =>
    Object.values(resourcesOf(of, 'AWS::IAM::Policy'))
      .flatMap(
        ({ Properties }) => (Properties['PolicyDocument'] as { Statement: readonly Record<string, Json>[] }).Statement,
      )
      .filter(({ Action }) => JSON.stringify(Action).includes('sts:'))
      .map(({ Action, Resource }) => [Action, Resource]);
  const withRole = (changes: object, via: 'assume-role' | 'web-identity' = 'assume-role') =>
    templateOf(withPolicy({ roles: { deploy: { ...role, via } }, rules: [ruleOf(changes)] }));

  test('that rules grant may be assumed, with tags and a source identity where grants have them, and no others', () => {
    expect(rightsOf(template)).toEqual([]);
    expect(rightsOf(templateOf(withPolicy({ roles: { deploy: role } })))).toEqual([]);
    expect(rightsOf(withRole({}))).toEqual([['sts:AssumeRole', arn]]);
    expect(rightsOf(withRole({ tags: [tag] }))).toEqual([[['sts:AssumeRole', 'sts:TagSession'], arn]]);
    expect(rightsOf(withRole({ sourceIdentity: [{ claim: 'sub' }] }))).toEqual([
      [['sts:AssumeRole', 'sts:SetSourceIdentity'], arn],
    ]);
  });

  test('via web-identity need no right, but the issuer registered with IAM, which others do not', () => {
    const providersOf = (of: Synthesized) => Object.values(resourcesOf(of, 'AWS::IAM::OIDCProvider'));
    const web = withRole({ tags: [tag] }, 'web-identity');
    expect(rightsOf(web)).toEqual([]);
    expect(providersOf(web).map(({ Properties }) => Properties['ClientIdList'])).toEqual([['sts.amazonaws.com']]);
    const [distribution = ''] = Object.keys(resourcesOf(web, 'AWS::CloudFront::Distribution'));
    expect(providersOf(web)[0]?.Properties['Url']).toEqual({
      'Fn::Join': ['', ['https://', { 'Fn::GetAtt': [distribution, 'DomainName'] }]],
    });
    const { DependsOn = [] } = providersOf(web)[0] ?? {};
    const needed = ['AWS::ApiGateway::Stage', 'AWS::ApiGateway::Method', 'AWS::Lambda::Permission'];
    expect(DependsOn).toContain(distribution);
    for (const type of needed) {
      const ofRoutes = Object.entries(resourcesOf(web, type)).filter(
        ([, { Properties }]) => Properties['Principal'] !== 'events.amazonaws.com',
      );
      expect(DependsOn).toEqual(expect.arrayContaining(ofRoutes.map(([id]) => id)));
    }
    expect(providersOf(withRole({}))).toEqual([]);
  });

  test('via web-identity need an issuer that STS can reach', () => {
    const at = (domainName: string, via: 'assume-role' | 'web-identity') => () =>
      templateOf((stack) => ({
        ...withPolicy({ roles: { deploy: { ...role, via } }, rules: [ruleOf({})] }),
        issuerDomain: {
          domainName,
          certificate: Certificate.fromCertificateArn(stack, 'C', 'arn:aws:acm:us-east-1:111122223333:certificate/a'),
        },
      }));
    expect(at('sts.corp.internal', 'web-identity')).toThrow('need a public issuer, which sts.corp.internal is not');
    expect(at('issuer', 'web-identity')).toThrow('need a public issuer');
    expect(at('sts.corp.internal', 'assume-role')).not.toThrow();
    expect(at('issuer.acme.example', 'web-identity')).not.toThrow();
  });

  test('come from TypeScript too: the ARN travels in POLICY_VALUES, and is what may be assumed', () => {
    const open = templateOf((stack) => ({
      policy: `${import.meta.dirname}/policies/open-role.yaml`,
      roles: { deploy: new Role(stack, 'Deploy', { assumedBy: new AccountRootPrincipal() }) },
    }));
    const [deploy] = Object.keys(resourcesOf(open, 'AWS::IAM::Role')).filter((id) => id.startsWith('Deploy'));
    expect(environmentsOf(open)['Token']?.['POLICY_VALUES']).toEqual({
      'Fn::Join': ['', ['{"roles.deploy.arn":"', { 'Fn::GetAtt': [deploy, 'Arn'] }, '"}']],
    });
    expect(rightsOf(open)).toEqual([['sts:AssumeRole', { 'Fn::GetAtt': [deploy, 'Arn'] }]]);
    expect(() => templateOf({ policy: `${import.meta.dirname}/policies/open-role.yaml` })).toThrow('has no arn');
  });

  test('can trust the token function’s role, which the construct names, without a cycle', () => {
    const made = templateOf((stack) => {
      const deploy = new Role(stack, 'Deploy', { assumedBy: new AccountRootPrincipal() });
      Aspects.of(stack).add({
        visit: (node) => {
          if (node instanceof TokenExchange) {
            deploy.assumeRolePolicy?.addStatements(
              new PolicyStatement({ actions: ['sts:AssumeRole'], principals: [node.tokenRole] }),
            );
          }
        },
      });
      return { policy: `${import.meta.dirname}/policies/open-role.yaml`, roles: { deploy } };
    });
    const [deploy] = Object.entries(resourcesOf(made, 'AWS::IAM::Role')).filter(([id]) => id.startsWith('Deploy'));
    expect(referencesOf(deploy?.[1].Properties['AssumeRolePolicyDocument'])).toContainEqual(
      expect.stringContaining('EndpointsTokenRole'),
    );
  });
});
