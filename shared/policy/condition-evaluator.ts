// The evaluator of `when` for a function: none in a bundle whose policy has none, so that the interpreter is left out of
// it (infra/bundle.ts). Pure.
import { createConditionEvaluator } from './cel.ts';
import { type EvaluateCondition, withoutConditions } from './when.ts';

/** Set by the bundler; undeclared where the sources run as they are. */
declare const NO_CONDITIONS: true | undefined;

export function conditionEvaluator(): EvaluateCondition {
  return typeof NO_CONDITIONS === 'undefined' ? createConditionEvaluator() : withoutConditions;
}
