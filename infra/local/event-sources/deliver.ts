// One batch of a stream to its function: retried, bisected, and given up in the end. It calls the function, no clock of its own.

import type { StreamRecord } from '../dynamodb/stream-records.ts';
import type { InvocationResult } from '../lambda/execution-environment.ts';
import { type BatchContent, batchEvent, outcomeOf, type TumblingWindow } from './batch-event.ts';
import type { EventSourceMapping } from './mappings.ts';

export type GiveUpReason = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

/** A batch that is not tried again. */
export interface GivenUp {
  readonly shardId: string;
  readonly records: readonly StreamRecord[];
  readonly reason: GiveUpReason;
  /** How often it was tried. */
  readonly tries: number;
  /** As the function last got it. */
  readonly event: string;
}

export interface Delivery {
  readonly mapping: EventSourceMapping;
  /** `iteratorAgeMs`: since the last record of the event was written. */
  readonly invoke: (event: string, iteratorAgeMs: number) => Promise<InvocationResult>;
  readonly giveUp: (batch: GivenUp) => Promise<void>;
  /** Every record up to this one is done with. */
  readonly done: (sequenceNumber: string) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Waits before another try. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Nothing is tried any more. */
  readonly isStopped: () => boolean;
}

interface Batch {
  readonly records: readonly StreamRecord[];
  readonly tries: number;
}

const firstWaitMs = 100;
const longestWaitMs = 10_000;

/** Settles when the batch is done with, or at a stop; returns the window with its new state. */
export async function deliver(delivery: Delivery, content: BatchContent): Promise<TumblingWindow | undefined> {
  const { mapping, done, wait, isStopped } = delivery;
  const pending: Batch[] = [{ records: content.records, tries: 0 }];
  let { window } = content;
  let failures = 0;
  for (let batch = pending.shift(); batch && !isStopped(); batch = pending.shift()) {
    const young = await withoutAged(delivery, content, batch);
    if (young.length === 0 && !content.isFinal) continue;
    const part: BatchContent = { ...content, records: young, window };
    const { failed, state } = await run(delivery, part);
    if (failed === undefined) {
      failures = 0;
      if (window && state) window = { ...window, state };
      report(done, young);
      continue;
    }
    failures += 1;
    report(done, young.slice(0, failed));
    // What comes before the first failure has been done: the rest is a batch that has not been tried yet.
    const rest: Batch = { records: young.slice(failed), tries: failed > 0 ? 1 : batch.tries + 1 };
    const isSplit = mapping.bisects && failed === 0 && rest.records.length > 1;
    if (isSplit) pending.unshift(...halves(rest.records, batch.tries));
    else if (rest.tries > mapping.retries) await give(delivery, content, { ...rest, reason: 'RetryAttemptsExhausted' });
    else pending.unshift(rest);
    await wait(Math.min(firstWaitMs * 2 ** (failures - 1), longestWaitMs));
  }
  return window;
}

async function run({ mapping, invoke, clock }: Delivery, part: BatchContent) {
  const last = part.records.at(-1);
  const age = last ? Math.max(0, clock() - last.dynamodb.ApproximateCreationDateTime * 1_000) : 0;
  const result = await invoke(batchEvent(mapping, part), age);
  return result.ok ? outcomeOf(mapping, part, result.payload) : { failed: 0, state: undefined };
}

/** Splitting takes nothing from the tries. */
function halves(records: readonly StreamRecord[], tries: number): readonly Batch[] {
  const middle = Math.ceil(records.length / 2);
  return [records.slice(0, middle), records.slice(middle)].map((half) => ({ records: half, tries }));
}

/** Gives up the records that are too old, which are the first. */
async function withoutAged(delivery: Delivery, content: BatchContent, batch: Batch): Promise<readonly StreamRecord[]> {
  const { mapping, clock } = delivery;
  const isYoung = ({ dynamodb }: StreamRecord): boolean =>
    clock() - dynamodb.ApproximateCreationDateTime * 1_000 <= mapping.recordAgeMs;
  const first = batch.records.findIndex(isYoung);
  const old = first < 0 ? batch.records : batch.records.slice(0, first);
  if (old.length > 0) {
    await give(delivery, content, { records: old, tries: batch.tries, reason: 'RecordAgeExceeded' });
  }
  return batch.records.slice(old.length);
}

async function give(
  { mapping, giveUp, done }: Delivery,
  content: BatchContent,
  { records, tries, reason }: Batch & { readonly reason: GiveUpReason },
): Promise<void> {
  const event = batchEvent(mapping, { ...content, records });
  await giveUp({ shardId: content.shardId, records, reason, tries, event });
  report(done, records);
}

function report(done: Delivery['done'], records: readonly StreamRecord[]): void {
  const last = records.at(-1);
  if (last) done(last.dynamodb.SequenceNumber);
}
