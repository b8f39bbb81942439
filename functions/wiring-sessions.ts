// How those who revoke ask for sessions to be ended. Wiring only.
import { createInvoke } from '../shared/aws/invocation.ts';
import type { Config } from '../shared/config.ts';
import { clock, ownKeys } from './wiring.ts';

/** Undefined where no role is revocable. */
export function endSessionsBy({ sessionRevocations, lambdaEndpoint }: Config<'sessionRevocations' | 'lambdaEndpoint'>) {
  return createInvoke({ functionArn: sessionRevocations, endpoint: lambdaEndpoint, keys: ownKeys, clock });
}
