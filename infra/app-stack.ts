// The stack of the app, from its context and the deployer's Region.
import type { App } from 'aws-cdk-lib';
import { readContext } from './app-context.ts';
import { CambioStack } from './cambio-stack.ts';
import { refuseOtherPartitions } from './check-props.ts';
import { demonstrationPolicy, isDemonstration } from './demonstration.ts';
import { requireNoGain } from './rollout/fast-path.ts';

/** @throws PropsError, PolicyError in words for the deployer */
export function addStack(app: App): void {
  const { policy = demonstrationPolicy, deployed, ...given } = readContext((name) => app.node.tryGetContext(name));
  // The stack leaves account and Region open; the CLI says where it is about to deploy.
  refuseOtherPartitions(process.env['CDK_DEFAULT_REGION']);
  if (deployed !== undefined) requireNoGain({ deployed, policy, now: Math.floor(Date.now() / 1_000) });
  new CambioStack(app, 'Cambio', { policy, demonstration: isDemonstration(policy), ...given });
}
