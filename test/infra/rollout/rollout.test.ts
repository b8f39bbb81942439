// The rollout as the template has it: what shifts, in which steps, and what takes it back.
import { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { describe, expect, test } from 'vitest';
import { type Json, referencesOf, resourcesOf, templateOf } from '../synthesized.ts';

const template = templateOf();
const groups = resourcesOf(template, 'AWS::CodeDeploy::DeploymentGroup');
const aliases = resourcesOf(template, 'AWS::Lambda::Alias') as Readonly<Record<string, Shifted>>;
const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm');
const versionAlarms = Object.keys(alarms).filter((id) => id.includes('Rollout'));
/** Those of the deployment that ring soon, and go out soon. */
const deploymentAlarms = Object.keys(alarms).filter((id) => /Alarms(function|dependency)errors/.test(id));

interface Shifted {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, Json>>;
  readonly UpdatePolicy?: { readonly CodeDeployLambdaAliasUpdate: Readonly<Record<string, Json>> };
  readonly DependsOn?: readonly string[];
}

/** The functions that routes are integrated with, by the alias. */
const served = new Set(
  Object.values(resourcesOf(template, 'AWS::ApiGateway::Method')).flatMap(({ Properties }) =>
    referencesOf(Properties['Integration']).filter((id) => id in aliases),
  ),
);

describe('a rollout', () => {
  test('shifts the alias of every function that serves a route, by a group of its own, and of no other', () => {
    const shifted = Object.entries(aliases).filter(([, { UpdatePolicy }]) => UpdatePolicy);
    expect(shifted.map(([id]) => id).sort()).toEqual([...served].sort());
    expect(served.size).toBe(11);
    const used = shifted.map(([, { UpdatePolicy }]) =>
      referencesOf(UpdatePolicy?.CodeDeployLambdaAliasUpdate['DeploymentGroupName']),
    );
    expect(used.flat().sort()).toEqual(Object.keys(groups).sort());
    // The group, and with it the alarms, know the new version before the alias moves.
    for (const [id, { UpdatePolicy, DependsOn = [] }] of shifted) {
      const [group = id] = referencesOf(UpdatePolicy?.CodeDeployLambdaAliasUpdate['DeploymentGroupName']);
      expect(DependsOn).toContain(group);
    }
  });

  test('leaves API Gateway the right to call the alias alone, whichever version it leads to', () => {
    const permitted = Object.values(resourcesOf(template, 'AWS::Lambda::Permission')).filter(
      ({ Properties }) => Properties['Principal'] === 'apigateway.amazonaws.com',
    );
    expect(permitted.length).toBeGreaterThanOrEqual(served.size);
    for (const { Properties } of permitted) {
      expect(referencesOf(Properties['FunctionName']).every((id) => served.has(id))).toBe(true);
    }
  });

  test.each([
    [undefined, 'CodeDeployDefault.LambdaCanary10Percent5Minutes'],
    ['canary', 'CodeDeployDefault.LambdaCanary10Percent5Minutes'],
    ['linear', 'CodeDeployDefault.LambdaLinear10PercentEvery1Minute'],
  ] as const)('with rollout %s goes by %s, and alarms, failures and stops take it back', (rollout, config) => {
    const made = rollout ? templateOf({ rollout }) : template;
    const all = Object.values(resourcesOf(made, 'AWS::CodeDeploy::DeploymentGroup'));
    expect(all).toHaveLength(served.size);
    for (const { Properties } of all) {
      expect(deploymentAlarms).toHaveLength(2);
      expect(Properties).toMatchObject({
        DeploymentConfigName: config,
        DeploymentStyle: { DeploymentOption: 'WITH_TRAFFIC_CONTROL', DeploymentType: 'BLUE_GREEN' },
        AlarmConfiguration: {
          Enabled: true,
          Alarms: [...versionAlarms, ...deploymentAlarms].map((id) => ({ Name: { Ref: id } })),
        },
        AutoRollbackConfiguration: {
          Enabled: true,
          Events: expect.arrayContaining([
            'DEPLOYMENT_FAILURE',
            'DEPLOYMENT_STOP_ON_REQUEST',
            'DEPLOYMENT_STOP_ON_ALARM',
          ]),
        },
      });
    }
  });

  test('at once waits for no alarm, and changes nothing but the groups', () => {
    const made = templateOf({ rollout: 'at-once' });
    const all = resourcesOf(made, 'AWS::CodeDeploy::DeploymentGroup');
    expect(Object.keys(all)).toEqual(Object.keys(groups));
    for (const { Properties } of Object.values(all)) {
      expect(Properties).toMatchObject({
        DeploymentConfigName: 'CodeDeployDefault.LambdaAllAtOnce',
        AlarmConfiguration: { Enabled: false },
        AutoRollbackConfiguration: { Enabled: true, Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST'] },
      });
    }
    expect(resourcesOf(made, 'AWS::Lambda::Alias')).toEqual(aliases);
  });

  test('is taken back by alarms of the app’s own too, as many as CodeDeploy watches', () => {
    const withAlarms = (count: number) =>
      templateOf((stack) => {
        const metric = new Metric({ namespace: 'Acme', metricName: 'orders' });
        const make = (_: unknown, n: number) =>
          new Alarm(stack, `Own${n}`, { metric, threshold: 1, evaluationPeriods: 1 });
        return { rolloutAlarms: Array.from({ length: count }, make) };
      });
    const [group] = Object.values(resourcesOf(withAlarms(5), 'AWS::CodeDeploy::DeploymentGroup'));
    expect(JSON.stringify(group?.Properties['AlarmConfiguration']).match(/"Own\d/g)).toHaveLength(5);
    expect(() => withAlarms(6)).toThrow('a rollout watches 7 alarms beside its own, and these are 8');
  });

  test('of another speed is none', () => {
    expect(() => templateOf({ rollout: 'slowly' as never })).toThrow('rollout must be canary, linear or at-once');
  });

  test('may shift the aliases of these functions, and nothing else', () => {
    const policies = Object.values(resourcesOf(template, 'AWS::IAM::Policy')).filter(({ Properties }) =>
      JSON.stringify(Properties).includes('lambda:UpdateAlias'),
    );
    expect(policies).toHaveLength(1);
    const functions = new Set([...served].flatMap((alias) => referencesOf(aliases[alias]?.Properties['FunctionName'])));
    const [{ Statement }] = [policies[0]?.Properties['PolicyDocument']] as unknown as [
      { Statement: readonly { Action: unknown; Resource: Json }[] },
    ];
    expect(Statement.map(({ Action }) => Action)).toEqual([
      ['lambda:GetAlias', 'lambda:GetProvisionedConcurrencyConfig', 'lambda:UpdateAlias'],
      'cloudwatch:DescribeAlarms',
    ]);
    expect(new Set(referencesOf(Statement[0]?.Resource))).toEqual(functions);
    expect(JSON.stringify(template.toJSON())).not.toContain('AWSCodeDeployRoleForLambda');
  });
});

test('the newest version of token, introspect and revoke has an alarm of its own: crashes and 5xx answers over its requests', () => {
  expect(versionAlarms).toHaveLength(3);
  for (const id of versionAlarms) {
    const { Properties = {} } = alarms[id] ?? {};
    expect(Properties).toMatchObject({
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 3,
      DatapointsToAlarm: 1,
      TreatMissingData: 'notBreaching',
    });
    const metrics = Properties['Metrics'] as readonly { Expression?: string; MetricStat?: { Metric: Json } }[];
    expect(metrics[0]?.Expression).toBe('100 * SUM([crashed, failed]) / requests');
    const dimensions = JSON.stringify(metrics.map(({ MetricStat }) => MetricStat?.Metric ?? null));
    expect(dimensions.match(/"ExecutedVersion","Value":\{"Fn::GetAtt":\["\w+","Version"\]/g)).toHaveLength(2);
  }
  const filters = Object.entries(resourcesOf(template, 'AWS::Logs::MetricFilter')).flatMap(([id, filter]) =>
    id.includes('Rollout') ? [filter] : [],
  );
  expect(filters).toHaveLength(3);
  for (const { Properties } of filters) {
    expect(JSON.stringify(Properties['FilterPattern'])).toMatch(/function_version = \\".*"Version"\]/);
  }
});
