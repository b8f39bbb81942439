import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, CfnResource, Validations } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import { CambioStack } from '../../infra/cambio-stack.ts';
import type { TokenExchange } from '../../infra/token-exchange.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { artifact, inTemporaryFolder, unstaged } from './synthesized.ts';

interface ValidationReport {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly violations: readonly { readonly ruleName: string; readonly severity?: string }[];
  }[];
}

/** Every finding of cdk-nag's packs and of the CDK's template validator, as `plugin rule`. */
function findingsOf(
  spoil: (stack: CambioStack, exchange: TokenExchange) => void = () => {},
  served: PolicyArtifact = artifact,
): readonly string[] {
  return inTemporaryFolder((outdir) => {
    const app = new App({ outdir, context: unstaged(), analyticsReporting: false });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
    const stack = new CambioStack(app, 'Cambio', {
      ...{ policy: { artifact: served, values: {} }, demonstration: true },
      operators: ['arn:aws:iam::111122223333:role/operators'],
    });
    spoil(stack, stack.node.findChild('TokenExchange') as TokenExchange);
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
    return findings;
  });
}

test('cdk-nag and the template validator find nothing that is not acknowledged', () => {
  expect(findingsOf()).toEqual([]);
});

test('nor do they under a policy with revocable roles', () => {
  const arn = 'arn:aws:iam::111122223333:role/deploy';
  const deploy = { name: 'deploy', arn, via: 'assume-role', ttl: 900, maxTtl: 900, revocable: true } as const;
  expect(findingsOf(() => {}, { ...artifact, roles: { deploy } })).toEqual([]);
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

test('a broken resource is found by the template validator', () => {
  const findings = findingsOf((stack) => {
    new CfnResource(stack, 'Broken', {
      type: 'AWS::Lambda::Function',
      properties: { Runtime: 'nodejs24.x', Nonsense: 1 },
    });
  });
  expect(findings.filter((finding) => finding.startsWith('CloudFormation Validate')).length).toBeGreaterThan(0);
});
