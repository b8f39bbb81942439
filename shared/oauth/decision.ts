// What is known about one request, filled in as it becomes known and reported on every path. Never holds a token. Pure.
import type { EvaluatedRule } from '../policy/evaluate.ts';
import type { TokenFacts } from './verify-token.ts';

/** Facts of a decision in the making. Names are those of the audit event. */
export interface DecisionFacts {
  /** Random; leads an operator from a caller's error to the whole trace. */
  readonly decisionId: string;
  readonly subject: TokenFacts;
  readonly actor: TokenFacts;
  audience?: string;
  requestedScope?: readonly string[];
  rule?: string;
  rules?: readonly EvaluatedRule[];
  grantedScope?: readonly string[];
  /** Of the issued token, once one is chosen. */
  jti?: string;
  expiresAt?: number;
}

export function newDecision(decisionId: string): DecisionFacts {
  return { decisionId, subject: {}, actor: {} };
}
