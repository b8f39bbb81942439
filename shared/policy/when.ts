// The `when` of a rule: named expressions over claims, actor, client, request and time. Pure and total; the expression
// language is behind one function type, so that a policy without `when` carries no interpreter.
import type { Claims } from './claims.ts';
import type { NamedCondition } from './compiled-policy.ts';
import type { Condition } from './condition.ts';
import type { AskedFor, DeclaredTypes, PolicyQuestion } from './question.ts';

/** What an expression sees. `actor` is the actor token's claims, empty without one. */
export interface ConditionVariables {
  readonly claims: Claims;
  readonly actor: Claims;
  /** `''` if anonymous. */
  readonly client: string;
  readonly request: AskedFor;
  /** Seconds since the epoch. */
  readonly now: number;
  /** Types of the claims by path, where their issuer declares them: what is of another is in doubt. */
  readonly declared?: { readonly claims?: DeclaredTypes | undefined; readonly actor?: DeclaredTypes | undefined };
}

/** A boolean, or why there is none; `error` never quotes a claim's value. */
export type ConditionResult =
  | { readonly ok: true; readonly value: boolean }
  | { readonly ok: false; readonly error: string };

/** Evaluates one expression; total. */
export type EvaluateCondition = (expression: string, variables: ConditionVariables) => ConditionResult;

/** For callers without an interpreter: every `when` is an error, which refuses an allow rule and fires a deny rule. */
export const withoutConditions: EvaluateCondition = () => ({
  ok: false,
  error: 'expressions cannot be evaluated here',
});

export function conditionVariables(question: PolicyQuestion): ConditionVariables {
  const { claims, actor, client, request, now } = question;
  const declared = { claims: question.declared, actor: actor?.declared };
  return { claims, actor: actor?.claims ?? {}, client, request, now, declared };
}

/** @param onError what an expression without a result counts as: false for an allow rule, true for a deny rule */
export function evaluateWhen(
  { name, expression }: NamedCondition,
  evaluate: () => ConditionResult,
  onError: boolean,
): Condition {
  const result = evaluate();
  const wanted = [expression];
  return result.ok
    ? { name, wanted, got: result.value, matched: result.value }
    : { name, wanted, got: undefined, matched: onError, hint: result.error };
}

/** The trace of an expression nobody needed to evaluate. */
export function unevaluated({ name, expression }: NamedCondition): Condition {
  return {
    name,
    wanted: [expression],
    got: undefined,
    matched: false,
    hint: 'not evaluated, as another condition does not match',
  };
}
