import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addStack } from '../../infra/app-stack.ts';
import { isDemonstration } from '../../infra/demonstration.ts';
import { compilePolicy } from '../../infra/policy/compile-policy.ts';
import { cdkContext, synthesize } from '../../infra/synthesize.ts';
import { bundledOnce } from '../compiled-once.ts';
import { inTemporaryFolder, quickApp } from './synthesized.ts';

const root = join(import.meta.dirname, '..', '..');
const policies = join(import.meta.dirname, 'policies');

interface CloudFormation {
  readonly Parameters?: Readonly<
    Record<string, { readonly Default?: string; readonly AllowedValues?: readonly string[] }>
  >;
  readonly Rules?: Readonly<Record<string, { readonly Assertions: readonly unknown[] }>>;
  readonly Outputs: Readonly<Record<string, unknown>>;
}

/** Runs infra/app.ts as the CDK CLI does; `-c policy=…` reaches an app as context. */
function runApp(context: Readonly<Record<string, string>>) {
  return inTemporaryFolder((outdir) => {
    const environment = {
      ...bundledOnce,
      PATH: process.env['PATH'],
      CDK_OUTDIR: outdir,
      CDK_CONTEXT_JSON: JSON.stringify({ ...cdkContext(), 'aws:cdk:version-reporting': false, ...context }),
      CDK_VALIDATION: 'false',
    };
    const { status, stderr } = spawnSync(process.execPath, ['infra/app.ts'], {
      cwd: root,
      env: environment,
      encoding: 'utf8',
    });
    return { status, stderr, template: status === 0 ? templateIn(outdir) : undefined };
  });
}

/** The same stack in this process, which has loaded the CDK. */
function templateOf(context: Readonly<Record<string, string>>): CloudFormation {
  return inTemporaryFolder((outdir) => {
    const app = quickApp(outdir, context);
    addStack(app);
    app.synth();
    return templateIn(outdir);
  });
}

function templateIn(outdir: string): CloudFormation {
  return JSON.parse(readFileSync(join(outdir, 'Cambio.template.json'), 'utf8'));
}

const own = runApp({ policy: join(policies, 'good.yaml') });

describe('the app of cdk.json', () => {
  test('guards the demonstration policy by a parameter, and a policy of your own by none', () => {
    const demonstration = templateOf({});
    expect(demonstration.Parameters?.['AllowDemonstrationPolicy']).toMatchObject({
      Default: 'false',
      AllowedValues: ['true', 'false'],
    });
    expect(demonstration.Rules?.['DemonstrationPolicy']?.Assertions).toEqual([
      {
        Assert: { 'Fn::Equals': [{ Ref: 'AllowDemonstrationPolicy' }, 'true'] },
        AssertDescription: expect.stringContaining('demonstration policy'),
      },
    ]);
    // However it is named.
    const [named, copied] = [join(root, 'infra', '..', 'infra/policy/'), 'infra/policy/demonstration.yaml'].map(
      isDemonstration,
    );
    expect([named, copied, isDemonstration(join(policies, 'good.yaml'))]).toEqual([true, true, false]);
    expect(Object.keys(templateOf({ policy: 'infra/policy' }).Rules ?? {})).toContain('DemonstrationPolicy');
    expect(Object.keys(own.template?.Parameters ?? {})).toEqual(['BootstrapVersion']);
    expect(Object.keys(own.template?.Rules ?? {})).toEqual(['CheckBootstrapVersion']);
  });

  test('names issuer, API base, token endpoint, table and the role that assumes roles in its outputs', () => {
    expect(Object.keys(own.template?.Outputs ?? {}).sort()).toEqual([
      'ApiBase',
      'Issuer',
      'RecordsTable',
      'TokenEndpoint',
      'TokenRole',
      'TrailBucket',
      'TrailKey',
    ]);
  });

  test('makes the very template that synthesis in process makes', () => {
    const { artifact, values } = compilePolicy(join(policies, 'good.yaml'));
    if (!artifact) throw new Error('good.yaml does not compile');
    const inProcess = inTemporaryFolder((outdir) => synthesize({ policy: { artifact, values }, outdir }).template);
    expect(own.template).toEqual(inProcess);
  });

  test('takes a VPC and operators, and says at the line of the policy that a private network needs the former', () => {
    const networks = join(policies, 'private-network.yaml');
    expect(() => templateOf({ policy: networks })).toThrow(
      /^\S*private-network\.yaml:7:14: an issuer with network: private needs the construct's vpc\n.*-c vpcId=.*$/,
    );
    const vpc = { vpcId: 'vpc-1', subnetIds: 'subnet-1,subnet-2', availabilityZones: 'eu-west-1a,eu-west-1b' };
    const operators = 'arn:aws:iam::111122223333:role/operators';
    const text = JSON.stringify(templateOf({ policy: networks, ...vpc, operators }));
    expect(text).toContain('"SubnetIds":["subnet-1","subnet-2"]');
    expect(text).toContain(`{"aws:PrincipalArn":["${operators}"]}`);
  });

  test('a policy that lets somebody gain does not serve at once: who gains is said, exit 1', () => {
    const gaining = { policy: join(policies, 'good.yaml'), rollout: 'at-once', deployed: 'infra/policy' };
    const { status, stderr } = runApp(gaining);
    expect([status, stderr.split('\n')[0]]).toEqual([1, expect.stringMatching(/^-c rollout=at-once is for a policy/)]);
    const same = { policy: join(policies, 'good.yaml'), deployed: join(policies, 'good.yaml') };
    expect(JSON.stringify(templateOf({ ...same, rollout: 'at-once' }))).toContain('LambdaAllAtOnce');
    expect(JSON.stringify(own.template)).not.toContain('LambdaAllAtOnce');
  });

  test('a policy that does not compile: the diagnostic begins a line of stderr, exit 1', () => {
    const { status, stderr } = runApp({ policy: join(policies, 'bad.yaml') });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^\S*bad\.yaml:5:5: unknown key "colour"/m);
    expect(stderr).not.toContain('at new ');
    expect(own.status).toBe(0);
    expect(own.stderr).toMatch(/^WARNING whoever IAM lets invoke this API may revoke/);
    expect(own.stderr.match(/WARNING|Error/g)).toEqual(['WARNING']);
  });
});
