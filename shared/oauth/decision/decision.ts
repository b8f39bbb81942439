// What is known about one request, filled in as it becomes known and reported on every path. Never holds a token. Pure.
import type { EvaluatedRule } from '../../policy/evaluate.ts';
import type { Reason } from '../denial.ts';
import type { TokenFacts } from '../verify/verify-token.ts';
import {
  type DecisionRecord,
  decisionRecord,
  type Ending,
  type IssuedFacts,
  type RequestFacts,
} from './decision-record.ts';
import { unwatched, type WatchPhase } from './phase.ts';

/** Facts of a decision in the making. */
export interface DecisionFacts {
  /** Told when its phases begin and end. Whoever watches, too, takes its place and hands on. */
  watch: WatchPhase;
  /** Random; leads an operator from a caller's error to the whole trace. The `jti` of the token it issues: of a repeated
   * request, once it is granted, that of the first. */
  decisionId: string;
  /** Random; tells a second try to write this decision from another decision. */
  readonly attempt: string;
  /** By which the caller knows the request: 32 hexadecimal digits. */
  readonly correlation?: string | undefined;
  readonly subject: TokenFacts;
  readonly actor: TokenFacts;
  request?: RequestFacts;
  rule?: string;
  rules?: readonly EvaluatedRule[];
  /** How many more rules were tried. */
  untraced?: number;
  issued?: IssuedFacts;
  /** As it is kept, once that is durable. */
  recorded?: DecisionRecord;
  /** Set when the caller was told to try again: what comes of the request later is for nobody. */
  abandoned?: true;
  /** Why a token that was looked up is not active. */
  inactive?: Reason;
}

interface Surroundings {
  readonly correlation?: string | undefined;
  readonly watch?: WatchPhase;
}

export function newDecision(
  decisionId: string,
  attempt: string,
  { correlation, watch = unwatched }: Surroundings = {},
): DecisionFacts {
  return { decisionId, attempt, correlation, watch, subject: {}, actor: {} };
}

/** Whether every token of the request is genuine, so that somebody trusted vouches for its being there. */
export function isGenuine({ subject, actor }: Pick<DecisionFacts, 'subject' | 'actor'>): boolean {
  return subject.genuine === true && (!actor.presented || actor.genuine === true);
}

/** How and until when decisions are kept. Times are seconds. */
export interface Keeping {
  readonly now: number;
  readonly retention: number;
  readonly policyHash: string;
}

/** The record of a decision with its ending. */
export function endDecision(facts: DecisionFacts, ending: Ending, keeping: Keeping): DecisionRecord {
  return decisionRecord({ ...facts, ...keeping, at: keeping.now, ending });
}
