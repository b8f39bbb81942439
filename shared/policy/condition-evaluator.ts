// The evaluator of `when` for a function: its interpreter is loaded only where a rule has one. Pure.
import type { CompiledPolicy } from './compiled-policy.ts';
import { type EvaluateCondition, withoutConditions } from './when.ts';

/** Rejects when the interpreter is not there. */
export async function conditionEvaluator({
  rules,
  tenants,
}: Pick<CompiledPolicy, 'rules' | 'tenants'>): Promise<EvaluateCondition> {
  // A tenant that comes later may have some.
  const hasConditions = tenants !== undefined || rules.some(({ when }) => when !== undefined && when.length > 0);
  return hasConditions ? (await import('./cel.ts')).createConditionEvaluator() : withoutConditions;
}
