// One running stack for all that fails: dependencies, issuers, and the commands of runbooks.
import { afterAll } from 'vitest';
import { type Deployment, startDeployment } from '../../game-day/deployment.ts';

let started: Promise<Deployment> | undefined;
// Registered before the hooks of those who use it, and therefore run after them.
afterAll(async () => (await started)?.close());

/** Started by who asks first, closed at the end of the file. */
export function deploymentThatFails(): Promise<Deployment> {
  started ??= startDeployment();
  return started;
}
