// The policy that a function decides by, tenants put at run time included: what reads them is loaded only where there may be any.
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { callDependency } from '../dependency.ts';
import type { RunTimePolicyOptions } from './run-time-policy.ts';

/**
 * Rejects when what reads them is not there.
 * @returns a function that may throw Refused `unavailable`
 */
export async function createServedPolicy(options: RunTimePolicyOptions): Promise<() => Promise<CompiledPolicy>> {
  const { createRunTimePolicy } = await import('./run-time-policy.ts');
  const current = createRunTimePolicy(options);
  return () => callDependency('dynamodb', current);
}
