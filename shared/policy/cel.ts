// The `when` of a rule in CEL, by @bufbuild/cel. Pure and total; the work is bounded whatever a token holds. Bundled only
// for policies that have a `when`.
import { type CelInput, CelScalar, celEnv, celFunc, isCelError, plan } from '@bufbuild/cel';
import { describeError } from './cel-error.ts';
import { doubtIn, readsOf } from './cel-reads.ts';
import { parseExpression, spelledNames, stepFunction } from './cel-syntax.ts';
import { toCelValue } from './cel-values.ts';
import type { ConditionResult, ConditionVariables, EvaluateCondition } from './when.ts';

/** Turns of all loops of one evaluation. A token of 16 KiB has no list of useful names that is longer. */
const maxTurns = 1_000;

type Bindings = Readonly<Record<string, CelInput>>;
type Run = (variables: ConditionVariables) => ConditionResult;
type Environment = ReturnType<typeof celEnv>;

/** Makes an evaluator that parses each expression once and keeps it. */
export function createConditionEvaluator(): EvaluateCondition {
  const turns = { left: 0 };
  const environment = celEnv({ funcs: [countTurns(turns)] });
  const prepared = new Map<string, Run>();
  const prepare = (expression: string): Run => {
    const run = prepared.get(expression) ?? compile(expression, environment);
    prepared.set(expression, run);
    return run;
  };
  return (expression, variables) => {
    turns.left = maxTurns;
    try {
      return prepare(expression)(variables);
    } catch {
      return failure('the evaluation failed');
    }
  };
}

function countTurns(turns: { left: number }): ReturnType<typeof celFunc> {
  return celFunc(stepFunction, [], CelScalar.BOOL, () => {
    turns.left -= 1;
    if (turns.left < 0) throw new Error('too much work');
    return true;
  });
}

function compile(text: string, environment: Environment): Run {
  try {
    const expression = parseExpression(text);
    const spelled = spelledNames(expression);
    const reads = readsOf(expression);
    const run = plan(environment, expression) as (bindings: Bindings) => unknown;
    return (variables) => {
      const doubt = doubtIn(reads, variables);
      return doubt === undefined ? resultOf(run(bind(variables)), spelled) : failure(doubt);
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    return () => failure(`not an expression: ${why}`);
  }
}

function resultOf(result: unknown, spelled: ReadonlySet<string>): ConditionResult {
  if (typeof result === 'boolean') return { ok: true, value: result };
  return failure(isCelError(result) ? describeError(result.message, spelled) : 'the result is no bool');
}

// Without a prototype: `constructor` is no variable.
function bind({ claims, actor, client, request, now }: ConditionVariables): Bindings {
  const variables: Record<string, CelInput> = Object.create(null);
  variables['claims'] = toCelValue(claims);
  variables['actor'] = toCelValue(actor);
  variables['client'] = client;
  variables['request'] = toCelValue({ ...request });
  variables['now'] = BigInt(Math.floor(now));
  return variables;
}

function failure(error: string): ConditionResult {
  return { ok: false, error };
}
