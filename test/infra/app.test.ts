import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compilePolicy } from '../../infra/policy/compile-policy.ts';
import { cdkContext, synthesize } from '../../infra/synthesize.ts';
import { inTemporaryFolder } from './synthesized.ts';

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
    const read = () => JSON.parse(readFileSync(join(outdir, 'Cambio.template.json'), 'utf8')) as CloudFormation;
    return { status, stderr, template: status === 0 ? read() : undefined };
  });
}

const own = runApp({ policy: join(policies, 'good.yaml') });

describe('the app of cdk.json', () => {
  test('guards the demonstration policy by a parameter, and a policy of your own by none', () => {
    const demonstration = runApp({}).template;
    expect(demonstration?.Parameters?.['AllowDemonstrationPolicy']).toMatchObject({
      Default: 'false',
      AllowedValues: ['true', 'false'],
    });
    expect(demonstration?.Rules?.['DemonstrationPolicy']?.Assertions).toEqual([
      {
        Assert: { 'Fn::Equals': [{ Ref: 'AllowDemonstrationPolicy' }, 'true'] },
        AssertDescription: expect.stringContaining('demonstration policy'),
      },
    ]);
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
    ]);
  });

  test('makes the very template that synthesis in process makes', () => {
    const { artifact, values } = compilePolicy(join(policies, 'good.yaml'));
    if (!artifact) throw new Error('good.yaml does not compile');
    const inProcess = inTemporaryFolder((outdir) => synthesize({ policy: { artifact, values }, outdir }).template);
    expect(own.template).toEqual(inProcess);
  });

  test('a policy that does not compile: the diagnostic begins a line of stderr, exit 1', () => {
    const { status, stderr } = runApp({ policy: join(policies, 'bad.yaml') });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^\S*bad\.yaml:5:5: unknown key "colour"/m);
    expect(stderr).not.toContain('at new ');
    expect(own).toMatchObject({ status: 0, stderr: '' });
  });
});
