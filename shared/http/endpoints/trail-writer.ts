// The task that puts changes of the table into the audit trail, a batch of one shard at a time. No I/O of its own.
import type { Append } from '../../audit/append.ts';
import { type TrailFact, trailEvent } from '../../audit/trail-event.ts';
import { dayOf, type Entry } from '../../audit/trail-object.ts';
import { causesOf } from '../../causes.ts';
import type { WriteLog } from '../log.ts';

/** What is known of a change whatever it is of. */
export interface Change {
  readonly eventID?: string;
  readonly dynamodb?: {
    /** Epoch seconds. */
    readonly ApproximateCreationDateTime?: number;
    readonly SequenceNumber?: string;
  };
}

/**
 * What Lambda delivers of a stream where the event source has a tumbling window: without one it names no shard.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-windows.html
 */
export interface StreamBatch<Of extends Change> {
  /** None at the end of a window. */
  readonly Records?: readonly Of[];
  readonly shardId?: string;
}

export interface TrailWriter<Of extends Change> {
  readonly append: Append;
  /** Undefined for what is nobody's decision. */
  readonly factOf: (change: Of) => TrailFact | undefined;
  /** Of the tokens that decisions grant. */
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** A window's state, which Lambda wants back and nobody needs. */
const answer = { state: {} } as const;

/** The Lambda handler; a batch that fails comes again, at last one change at a time. */
export function trailWriterTask<Of extends Change>(writer: TrailWriter<Of>, write: WriteLog) {
  return async ({ Records: changes = [], shardId }: StreamBatch<Of>): Promise<typeof answer> => {
    if (changes.length === 0) return answer;
    const oldest = Math.min(...changes.map(({ dynamodb }) => dynamodb?.ApproximateCreationDateTime ?? Infinity));
    const lag = Number.isFinite(oldest) ? Math.max(0, Math.round(writer.clock() / 1_000 - oldest)) : 0;
    try {
      if (!shardId) throw new Error('the event names no shard: its source has no tumbling window');
      const seen = changes.map((change) => eventOf(change, shardId, writer)).filter((one) => one !== undefined);
      for (const [day, entries] of byDay(seen)) await writer.append(day, shardId, entries);
      for (const { fact } of seen) if (fact.kind === 'finding') reportFinding(fact, write);
      const fields = { shard: shardId, changes: changes.length, events: seen.length };
      write('info', 'audit_trail', fields, { audit_lag: lag });
      return answer;
    } catch (error) {
      write(
        'error',
        'audit_trail',
        { shard: shardId, changes: changes.length, cause: causesOf(error) },
        { audit_lag: lag },
      );
      throw error;
    }
  };
}

interface Seen extends Entry {
  readonly fact: TrailFact;
  readonly day: string;
}

function eventOf<Of extends Change>(change: Of, shard: string, { factOf, issuer, clock }: TrailWriter<Of>) {
  const fact = factOf(change);
  if (!fact) return undefined;
  const { ApproximateCreationDateTime: at, SequenceNumber: sequence } = change.dynamodb ?? {};
  const loggedAt = at === undefined ? clock() : Math.round(at * 1_000);
  const uid = change.eventID ?? `${shard}/${sequence}`;
  const written = (of: TrailFact) => {
    return { fact: of, day: dayOf(loggedAt), sequence, event: trailEvent(of, issuer, { uid, loggedAt, sequence }) };
  };
  try {
    return written(fact);
  } catch {
    // Whoever writes the table chooses what is in an item: one must not hold up all that come behind it.
    return written({ kind: 'finding', finding: 'unreadable', item: itemOf(fact) });
  }
}

function itemOf(fact: TrailFact): string {
  if (fact.kind === 'finding') return fact.item;
  return fact.kind === 'decision' ? `#decision#${fact.record.decisionId}` : `${fact.type}#${fact.name}`;
}

/** Each day's begin a chain of their own. */
function byDay(seen: readonly Seen[]): ReadonlyMap<string, readonly Entry[]> {
  const days = new Map<string, Entry[]>();
  for (const { day, sequence, event } of seen) days.set(day, [...(days.get(day) ?? []), { sequence, event }]);
  return days;
}

/** Keys of items are ids and hashes. */
function reportFinding({ finding, item }: Extract<TrailFact, { readonly kind: 'finding' }>, write: WriteLog): void {
  write('error', 'audit_finding', { finding, item }, { audit_findings: 1 });
}
