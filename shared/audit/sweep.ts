// Finds the decisions of a day that the audit trail lacks, and delivers them again. No clock; what it reads and writes is handed in.
import { hash } from 'node:crypto';
import type { DecisionRecord } from '../oauth/decision/decision-record.ts';
import { isClaims } from '../policy/claims.ts';
import type { Append, TrailStore } from './append.ts';
import { trailEvent } from './trail-event.ts';
import { dayOf, eventsFolder, readTrailObject } from './trail-object.ts';

/** One of the list of decisions. */
export interface KnownDecision {
  readonly decisionId: string;
  readonly outcome: 'granted' | 'refused';
}

export interface Sweeping {
  readonly store: Pick<TrailStore, 'list' | 'get'>;
  readonly append: Append;
  /** The decisions of a span of time, both ends included, in epoch seconds. */
  readonly decisionsOf: (since: number, until: number) => AsyncIterable<KnownDecision>;
  /** Undefined when it has expired meanwhile. */
  readonly findDecision: (decisionId: string) => Promise<DecisionRecord | undefined>;
  /** Of the tokens that decisions grant. */
  readonly issuer: string;
  /** Epoch seconds. */
  readonly now: () => number;
}

/** Of when the decisions are, both ends included, in epoch seconds. */
export interface Span {
  readonly since: number;
  readonly until: number;
}

export interface SweepOutcome extends Span {
  readonly decisions: number;
  readonly missing: number;
}

/** The chain of what was delivered again. */
const shard = 'sweep';
const daySeconds = 86_400;
/** Objects read, and decisions delivered, at once. */
const atOnce = 8;
const mostInObject = 500;

/** The whole day before, in UTC. */
export function yesterday(now: number): Span {
  const since = Math.floor(now / daySeconds - 1) * daySeconds;
  return { since, until: since + daySeconds - 1 };
}

/** A correction that is missing is a decision that is missing. */
export async function sweep({ since, until }: Span, sweeping: Sweeping): Promise<SweepOutcome> {
  const today = dayOf(sweeping.now() * 1_000);
  const known = await knownOf(new Set([...daysOf(since, until + daySeconds), today]), sweeping.store);
  const missing: string[] = [];
  let decisions = 0;
  for await (const { decisionId, outcome } of sweeping.decisionsOf(since, until)) {
    decisions += 1;
    if (!has(known, keyOf(decisionId, outcome))) missing.push(decisionId);
  }
  const delivered = await deliver(missing, today, sweeping);
  return { since, until, decisions, missing: delivered };
}

/** A decision and how it ended, in 48 bits of a hash: a day may have tens of millions, and a text takes twenty times the room. */
const keyOf = (decisionId: string, outcome: 'granted' | 'refused'): number =>
  Number.parseInt(hash('sha256', `${outcome} ${decisionId}`).slice(0, 12), 16);

/** Written after midnight, a decision is of one day and its event of the next. */
function daysOf(since: number, until: number): readonly string[] {
  const count = Math.floor(until / daySeconds) - Math.floor(since / daySeconds) + 1;
  return Array.from({ length: count }, (_, day) => dayOf((since + day * daySeconds) * 1_000));
}

/** In their order. */
async function knownOf(days: Iterable<string>, store: Sweeping['store']): Promise<Float64Array> {
  let known = new Float64Array(1_024);
  let count = 0;
  const add = (key: number): void => {
    if (count === known.length) {
      const smaller = known;
      known = new Float64Array(2 * count);
      known.set(smaller);
    }
    known[count] = key;
    count += 1;
  };
  for (const day of days) {
    const names = await store.list(`${eventsFolder}${day}/`);
    await inTurn(names, async (name) => {
      const bytes = await store.get(name);
      for (const { class_uid: of, status_id: status, unmapped } of bytes ? readTrailObject(bytes).events : []) {
        const id = isClaims(unmapped) ? unmapped['decision_id'] : undefined;
        if (of === 3002 && typeof id === 'string') add(keyOf(id, status === 1 ? 'granted' : 'refused'));
      }
    });
  }
  return known.subarray(0, count).sort();
}

/** @param numbers in their order */
function has(numbers: Float64Array, wanted: number): boolean {
  let [from, to] = [0, numbers.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((numbers[middle] ?? 0) < wanted) from = middle + 1;
    else to = middle;
  }
  return numbers[from] === wanted;
}

async function deliver(ids: readonly string[], today: string, sweeping: Sweeping): Promise<number> {
  const { findDecision, issuer, append, now } = sweeping;
  let delivered = 0;
  for (let first = 0; first < ids.length; first += mostInObject) {
    const records = await inTurn(ids.slice(first, first + mostInObject), findDecision);
    const entries = records
      .filter((record) => record !== undefined)
      .map((record) => {
        const uid = `${shard}/${record.decisionId}/${record.ending.outcome}`;
        const seen = { uid, loggedAt: now() * 1_000 };
        return { event: trailEvent({ kind: 'decision', record, nature: 'decided' }, issuer, seen) };
      });
    if (entries.length > 0) await append(today, shard, entries);
    delivered += entries.length;
  }
  return delivered;
}

async function inTurn<Item, Answer>(items: readonly Item[], work: (item: Item) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < items.length; start += atOnce) {
    answers.push(...(await Promise.all(items.slice(start, start + atOnce).map(work))));
  }
  return answers;
}
