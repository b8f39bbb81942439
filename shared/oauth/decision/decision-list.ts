// The list of decisions: how the latest are found in it, newest first. Pure but for the clock and the queries it is given.
import type { Reason } from '../denial.ts';
import type { DecisionRecord } from './decision-record.ts';

export type Outcome = DecisionRecord['ending']['outcome'];

/** Whether a decision enters the list. */
export type EntersList = (record: Pick<DecisionRecord, 'ending' | 'request' | 'subject'>) => boolean;

/** A decision as the list has it. Times are epoch seconds. */
export interface ListedDecision {
  readonly decisionId: string;
  readonly at: number;
  readonly expiresAt: number;
  readonly outcome: Outcome;
  /** Of a refusal. */
  readonly reason?: Reason | undefined;
}

/** The decisions of one minute with one outcome lie in so many parts, for a hot part of an index throttles the whole table. */
export const shards = 16;

/** Parts read at once: each takes a connection, and those of a new instance are opened first. */
const sideBySide = 8;

/** One part of the list. */
export interface ListPart {
  readonly outcome: Outcome;
  /** Since the epoch. */
  readonly minute: number;
  /** From 0 up to {@link shards}. */
  readonly shard: number;
}

export interface PartQuery {
  /** Epoch seconds, both included. */
  readonly since: number;
  readonly until: number;
  /** The newest so many that match are wanted, and those made in the same second as the last of them. */
  readonly most: number;
  readonly matches: (decision: ListedDecision) => boolean;
}

/** Reads one part of the list, newest first. Throws Refused `unavailable`. */
export type FindListed = (part: ListPart, query: PartQuery) => Promise<readonly ListedDecision[]>;

/** Where a list goes on: behind this decision; without its id, with everything made until then. */
export interface ListPosition {
  readonly at: number;
  readonly decisionId?: string;
}

export interface DecisionsQuery {
  /** Epoch seconds, both included. */
  readonly since: number;
  readonly until: number;
  readonly outcomes: readonly Outcome[];
  readonly reason?: Reason | undefined;
  readonly limit: number;
  readonly after?: ListPosition | undefined;
}

export interface ListReading {
  readonly find: FindListed;
  /** Epoch seconds. */
  readonly now: number;
  /** Milliseconds. */
  readonly clock: () => number;
  /** Milliseconds after which no further minute is read. */
  readonly time: number;
}

export interface DecisionsPage {
  readonly decisions: readonly ListedDecision[];
  /** Where the next page begins; undefined when everything asked for was found. */
  readonly next: ListPosition | undefined;
}

/**
 * The latest decisions, newest first; of one second, those with the greater id first. A minute is read at a time.
 * @throws what `find` throws at the first minute
 */
export async function latestDecisions(query: DecisionsQuery, reading: ListReading): Promise<DecisionsPage> {
  const { since, limit, after } = query;
  const until = Math.min(query.until, after?.at ?? query.until);
  const ends = reading.clock() + reading.time;
  const found: ListedDecision[] = [];
  for (let minute = minuteOf(until); minute >= minuteOf(since); minute -= 1) {
    try {
      found.push(...(await decisionsOf(minute, { ...query, until }, reading)));
    } catch (error) {
      // What was read already is an answer. A store that is down fails at the first minute of the next page.
      if (minute === minuteOf(until)) throw error;
      return { decisions: found, next: { at: minute * 60 + 59 } };
    }
    const last = found[limit - 1];
    if (last && found.length > limit) return { decisions: found.slice(0, limit), next: positionOf(last) };
    if (reading.clock() >= ends && minute > minuteOf(since)) {
      return { decisions: found, next: { at: minute * 60 - 1 } };
    }
  }
  return { decisions: found, next: undefined };
}

/** One more than the limit, if there are so many: that there is more is known then. */
async function decisionsOf(
  minute: number,
  { since, until, outcomes, reason, limit, after }: DecisionsQuery,
  { find, now }: ListReading,
): Promise<readonly ListedDecision[]> {
  const matches = (decision: ListedDecision): boolean =>
    decision.expiresAt > now &&
    (reason === undefined || decision.reason === reason) &&
    (after?.decisionId === undefined || newestFirst({ ...after, decisionId: after.decisionId }, decision) < 0);
  const query = { since, until, most: limit + 1, matches };
  const parts = outcomes.flatMap((outcome) =>
    Array.from({ length: shards }, (_, shard) => ({ outcome, minute, shard })),
  );
  const found: ListedDecision[] = [];
  for (let first = 0; first < parts.length; first += sideBySide) {
    const some = parts.slice(first, first + sideBySide);
    found.push(...(await Promise.all(some.map((part) => find(part, query)))).flat());
  }
  return found.sort(newestFirst);
}

/** Minutes since the epoch, from seconds. */
export function minuteOf(seconds: number): number {
  return Math.floor(seconds / 60);
}

type Position = Required<ListPosition>;

function newestFirst(a: Position, b: Position): number {
  if (a.at !== b.at) return b.at - a.at;
  if (a.decisionId === b.decisionId) return 0;
  return a.decisionId > b.decisionId ? -1 : 1;
}

function positionOf({ at, decisionId }: ListedDecision): ListPosition {
  return { at, decisionId };
}
