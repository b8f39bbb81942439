// The CDK app of cdk.json: `cdk synth`, `cdk deploy`. Reads the context `policy` and `awsClients`, writes diagnostics to stderr.
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import type { AwsClients } from '../shared/config.ts';
import { CambioStack } from './cambio-stack.ts';
import { PolicyError } from './resolve-policy.ts';

const demonstrationPolicy = join(import.meta.dirname, 'policy');

try {
  const app = new App();
  const policy: unknown = app.node.tryGetContext('policy');
  const awsClients: unknown = app.node.tryGetContext('awsClients');
  new CambioStack(app, 'Cambio', {
    policy: typeof policy === 'string' ? policy : demonstrationPolicy,
    demonstration: typeof policy !== 'string',
    // Whether it is one, the construct says.
    ...(awsClients !== undefined && { awsClients: awsClients as AwsClients }),
  });
  app.synth();
} catch (error) {
  if (!(error instanceof PolicyError)) throw error;
  process.stderr.write(`${error.message}\n`);
  // Not exitCode: CDK would still synthesize what there is when the loop runs empty.
  process.exit(1);
}
