// The CDK app of cdk.json: `cdk synth`, `cdk deploy`. Writes diagnostics to stderr.
import { App } from 'aws-cdk-lib';
import { addStack } from './app-stack.ts';
import { PropsError } from './props-error.ts';
import { PolicyError } from './resolve-policy.ts';

try {
  const app = new App();
  addStack(app);
  app.synth();
} catch (error) {
  if (!(error instanceof PolicyError || error instanceof PropsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  // Not exitCode: CDK would still synthesize what there is when the loop runs empty.
  process.exit(1);
}
