// The CDK app of cdk.json: `cdk synth`, `cdk deploy`. Reads context and the deployer's Region, writes diagnostics to stderr.
import { App } from 'aws-cdk-lib';
import { readContext } from './app-context.ts';
import { CambioStack } from './cambio-stack.ts';
import { refuseOtherPartitions } from './check-props.ts';
import { demonstrationPolicy, isDemonstration } from './demonstration.ts';
import { PropsError } from './props-error.ts';
import { PolicyError } from './resolve-policy.ts';
import { requireNoGain } from './rollout/fast-path.ts';

try {
  const app = new App();
  const { policy = demonstrationPolicy, deployed, ...given } = readContext((name) => app.node.tryGetContext(name));
  // The stack leaves account and Region open; the CLI says where it is about to deploy.
  refuseOtherPartitions(process.env['CDK_DEFAULT_REGION']);
  if (deployed !== undefined) requireNoGain({ deployed, policy, now: Math.floor(Date.now() / 1_000) });
  new CambioStack(app, 'Cambio', { policy, demonstration: isDemonstration(policy), ...given });
  app.synth();
} catch (error) {
  if (!(error instanceof PolicyError || error instanceof PropsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  // Not exitCode: CDK would still synthesize what there is when the loop runs empty.
  process.exit(1);
}
