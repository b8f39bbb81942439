// The evaluator of `when` for a function: its interpreter is loaded only where a rule has one. Pure.
import type { CompiledPolicy } from './compiled-policy.ts';
import { type EvaluateCondition, withoutConditions } from './when.ts';

/** Rejects when the interpreter is not there. */
export async function conditionEvaluator({ rules }: Pick<CompiledPolicy, 'rules'>): Promise<EvaluateCondition> {
  const hasConditions = rules.some(({ when }) => when !== undefined && when.length > 0);
  return hasConditions ? (await import('./cel.ts')).createConditionEvaluator() : withoutConditions;
}
