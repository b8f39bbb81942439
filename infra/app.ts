// The CDK app of cdk.json: `cdk synth`, `cdk deploy`. Reads the context `policy`, writes diagnostics to stderr.
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { CambioStack } from './cambio-stack.ts';
import { PolicyError } from './resolve-policy.ts';

const demonstrationPolicy = join(import.meta.dirname, 'policy');

try {
  const app = new App();
  const policy: unknown = app.node.tryGetContext('policy');
  new CambioStack(app, 'Cambio', {
    policy: typeof policy === 'string' ? policy : demonstrationPolicy,
    demonstration: typeof policy !== 'string',
  });
  app.synth();
} catch (error) {
  if (!(error instanceof PolicyError)) throw error;
  process.stderr.write(`${error.message}\n`);
  // Not exitCode: CDK would still synthesize what there is when the loop runs empty.
  process.exit(1);
}
