// The probe as the template has it, and the policies that do not let it do what it probes.
import { Duration } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, test } from 'vitest';
import type { Canary } from '../../../infra/probe/canary.ts';
import type { AllowRule, Audience, Client, PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { type Json, probed, referencesOf, resourcesOf, templateOf } from '../synthesized.ts';

const { aws } = probed.issuers as { readonly aws: PolicyArtifact['issuers'][string] };
const { prober } = probed.clients as { readonly prober: Client };
const { canary: audience } = probed.audiences as { readonly canary: Audience };
const [rule] = probed.rules as readonly [AllowRule];
const canary: Canary = { issuer: 'aws', client: 'prober', audience: 'canary' };
const withCanary = (changes: Partial<Canary> = {}, served: PolicyArtifact = probed) =>
  templateOf({ policy: { artifact: served, values: {} }, canary: { ...canary, ...changes } });

const template = withCanary();
const inProbe = (type: string) =>
  Object.entries(resourcesOf(template, type)).filter(([id]) => id.includes('TokenExchangeProbe'));

describe('the probe', () => {
  test('runs each minute by its alias, knows where to ask and as whom, and may get tokens of its own for one audience', () => {
    const [[, schedule] = expect.fail('no rule')] = inProbe('AWS::Events::Rule');
    expect(schedule.Properties).toMatchObject({ ScheduleExpression: 'rate(1 minute)' });
    expect(referencesOf(schedule.Properties['Targets'])).toEqual(inProbe('AWS::Lambda::Alias').map(([id]) => id));
    const [[, made] = expect.fail('no function')] = inProbe('AWS::Lambda::Function');
    expect((made.Properties['Environment'] as { readonly Variables: Json }).Variables).toMatchObject({
      PROBE_AUDIENCE: 'canary',
      PROBE_CLIENT: 'prober',
      PROBE_IDENTITY: 'https://sts.acme.example',
    });
    const [[, rights] = expect.fail('no rights')] = inProbe('AWS::IAM::Policy');
    const { Statement } = rights.Properties['PolicyDocument'] as unknown as { readonly Statement: readonly object[] };
    expect(Statement).toContainEqual({
      Action: 'sts:GetWebIdentityToken',
      Effect: 'Allow',
      Resource: '*',
      Condition: { 'ForAllValues:StringEquals': { 'sts:IdentityTokenAudience': ['https://sts.acme.example'] } },
    });
    expect(JSON.stringify(Statement)).not.toMatch(/dynamodb|kms|AssumeRole/);
  });

  test('takes a new version back where one run fails, and is down where three do or none comes', () => {
    const alarms = inProbe('AWS::CloudWatch::Alarm').map(([id, { Properties }]) => [id, Properties] as const);
    expect(alarms.map(([, { EvaluationPeriods, TreatMissingData }]) => [EvaluationPeriods, TreatMissingData])).toEqual([
      [1, 'notBreaching'],
      [3, 'breaching'],
    ]);
    const [failing = ''] = alarms.map(([id]) => id);
    for (const { Properties } of Object.values(resourcesOf(template, 'AWS::CodeDeploy::DeploymentGroup'))) {
      expect(referencesOf(Properties['AlarmConfiguration'])).toContain(failing);
    }
  });

  test('has a role of the name that the policy knows, where it is given one, and is output', () => {
    const named = withCanary({ roleName: 'cambio-probe', rate: Duration.minutes(5) });
    const roles = resourcesOf(named, 'AWS::IAM::Role');
    expect(Object.values(roles).flatMap(({ Properties }) => Properties['RoleName'] ?? [])).toEqual(['cambio-probe']);
    expect(Object.keys(named.findOutputs('*', {})).some((name) => name.includes('ProbeRole'))).toBe(true);
    expect(JSON.stringify(resourcesOf(named, 'AWS::Events::Rule'))).toContain('rate(5 minutes)');
  });

  test('tells whoever is told of the other alarms when it is down, and of one failed run nobody', () => {
    const told = templateOf((stack) => ({
      policy: { artifact: probed, values: {} },
      canary,
      alarms: { topic: new Topic(stack, 'Pages') },
    }));
    const alarms = Object.entries(resourcesOf(told, 'AWS::CloudWatch::Alarm')).filter(([id]) =>
      id.includes('ExchangeProbe'),
    );
    expect(
      alarms.map(([, { Properties }]) =>
        [Properties['AlarmActions'], Properties['OKActions']].map((actions) => referencesOf(actions as Json).length),
      ),
    ).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  test('is not there without the prop', () => {
    const without = templateOf({ policy: { artifact: probed, values: {} } });
    expect(JSON.stringify(without.toJSON())).not.toContain('PROBE_');
  });
});

describe('a canary is refused where', () => {
  test.each<[string, Partial<Canary>, Partial<PolicyArtifact>, string]>([
    ['its issuer is none', { issuer: 'gcp' }, {}, 'the policy has no issuer "gcp"'],
    ['its issuer is of another profile', { issuer: 'github' }, {}, 'the issuer "github" is not of profile aws'],
    ['its issuer takes no RS256', {}, { issuers: { aws: { ...aws, algorithms: ['ES384'] } } }, 'does not take RS256'],
    ['its issuer is singleUse', {}, { issuers: { aws: { ...aws, singleUse: true } } }, 'is singleUse'],
    ['its client is none', { client: 'nobody' }, {}, 'the policy has no client "nobody"'],
    [
      'its client proves itself otherwise',
      {},
      { clients: { prober: { ...prober, auth: { method: 'client_secret', sha256: '0'.repeat(64) } } } },
      'the client "prober" is not federated by "aws"',
    ],
    [
      'its client does not introspect the audience',
      {},
      { clients: { prober: { ...prober, introspects: [] } } },
      'the client "prober" does not introspect "canary"',
    ],
    ['its audience is none', {}, { audiences: {} }, 'the policy has no audience "canary"'],
    [
      'its audience has references',
      {},
      { audiences: { canary: { ...audience, format: 'reference' } } },
      'has references',
    ],
    [
      'its audience wants proof of possession',
      {},
      { audiences: { canary: { ...audience, binding: 'dpop' } } },
      'the audience "canary" wants proof of possession',
    ],
    ['no rule grants it', {}, { rules: [] }, 'no rule grants "canary" to the client "prober" from "aws"'],
    ['the rule is for others', {}, { rules: [{ ...rule, client: ['other'] }] }, 'no rule grants "canary"'],
    ['it probes once an hour', { rate: Duration.hours(1) }, {}, 'rate is one minute or five'],
  ])('%s', (_what, changes, served, message) => {
    expect(() => withCanary(changes, { ...probed, ...served })).toThrow(message);
  });
});
