// Lambda's poller of one stream: reads shard after shard, gathers batches, delivers them in order. I/O: streams, functions.

import type { StreamRecord } from '../dynamodb/stream-records.ts';
import type { BatchContent, TumblingWindow } from './batch-event.ts';
import { createBell } from './bell.ts';
import type { Checkpoints } from './checkpoints.ts';
import { type Delivery, deliver } from './deliver.ts';
import type { EventSourceMapping } from './mappings.ts';
import type { ReadFrom, ReadRecords, Shard, StreamSource } from './stream-source.ts';

export interface PollerOptions extends Pick<Delivery, 'mapping' | 'invoke' | 'giveUp' | 'clock'> {
  readonly source: StreamSource;
  /** Tries the rights that Lambda wants to see before it reads. */
  readonly prepare: () => Promise<unknown>;
  readonly checkpoints: Checkpoints;
  /** Says what keeps it from reading. */
  readonly log: (line: string) => void;
}

export interface Poller {
  /** There may be something to read. */
  readonly wake: () => void;
  /** Settles when what was written before has been delivered or given up; no batch waits to become full meanwhile. */
  readonly drained: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Reads at least so often, in milliseconds, should nobody tell of a write. */
const idleMs = 1_000;
/** Reads no sooner after a read, as Lambda does, unless somebody waits for the end. */
const restMs = 250;
/** An event is 6 MB at most. */
const maxBatchBytes = 5 * 1024 * 1024;

/** Begins to read; never throws. */
export function startPoller(options: PollerOptions): Poller {
  const { mapping, source, prepare, checkpoints, log, clock } = options;
  const [writes, hurries, stops] = [createBell(), createBell(), createBell()];
  /** Who waits for the end of the stream; those that waited before the read that is under way. */
  const [waiting, before]: (() => void)[][] = [[], []] as const;
  let stopped = false;

  const delivery = (shardId: string): Delivery => ({
    ...options,
    done: (after) => checkpoints.keep(mapping.logicalId, { streamArn: mapping.streamArn, shardId, after }),
    wait: stops.pause,
    isStopped: () => stopped,
  });
  const readShard = async (shardId: string, from: ReadFrom): Promise<void> => {
    const send = (content: Omit<BatchContent, 'shardId'>) => deliver(delivery(shardId), { ...content, shardId });
    let iterator: string | undefined = await source.iterator(shardId, from);
    let gathered: readonly StreamRecord[] = [];
    let since = clock();
    let window: TumblingWindow | undefined;
    while (!stopped && (iterator !== undefined || gathered.length > 0 || window)) {
      before.push(...waiting.splice(0));
      const read: ReadRecords = iterator === undefined ? nothing : await source.records(iterator);
      iterator = read.next;
      if (gathered.length === 0) since = clock();
      gathered = [...gathered, ...read.records];
      const isQuiet = read.records.length === 0;
      const isClosed = iterator === undefined;
      if (window && isOver(mapping, window, { next: gathered[0], isClosed: isClosed && isQuiet, now: clock() })) {
        await send({ records: [], window, isFinal: true });
        window = undefined;
        continue;
      }
      const isDue = isClosed || (before.length > 0 && isQuiet) || clock() - since >= mapping.batchingWindowMs;
      const batch = batchOf(mapping, gathered);
      if (batch.length > 0 && (isDue || batch.length < gathered.length || batch.length === mapping.batchSize)) {
        window = await send({ records: batch, window: window ?? windowOf(mapping, batch[0]), isFinal: false });
        gathered = gathered.slice(batch.length);
        since = clock();
      } else if (isQuiet) {
        if (gathered.length === 0) for (const settle of before.splice(0)) settle();
        await writes.pause(gathered.length > 0 ? mapping.batchingWindowMs - (clock() - since) : idleMs);
      }
      if (iterator !== undefined && before.length + waiting.length === 0) await hurries.pause(restMs);
    }
  };
  const readStream = async (): Promise<void> => {
    await prepare();
    const start = await firstShard(options);
    for (let shard: Start | undefined = start; shard && !stopped; shard = await childOf(source, shard)) {
      checkpoints.keep(mapping.logicalId, checkpointAt(mapping, shard));
      await readShard(shard.shardId, shard.from);
    }
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      try {
        await readStream();
      } catch (error) {
        if (!stopped) log(`local stack: ${mapping.logicalId} cannot read its stream: ${String(error)}`);
      }
      if (!stopped) await stops.pause(idleMs);
    }
    for (const settle of [...before.splice(0), ...waiting.splice(0)]) settle();
  };
  const running = run();
  return {
    wake: writes.ring,
    drained: () =>
      new Promise((settle) => {
        if (stopped) return settle();
        waiting.push(settle);
        writes.ring();
        hurries.ring();
      }),
    stop: async () => {
      stopped = true;
      for (const bell of [writes, hurries, stops]) bell.ring();
      await running;
    },
  };
}

const nothing: ReadRecords = { records: [], next: undefined };

interface Start {
  readonly shardId: string;
  readonly from: ReadFrom;
}

/** Where the mapping has come to, or where it is to begin. */
async function firstShard({ mapping, source, checkpoints }: PollerOptions): Promise<Start> {
  const shards = await source.shards();
  const kept = checkpoints.find(mapping.logicalId);
  if (kept?.streamArn === mapping.streamArn && shards.some(({ ShardId }) => ShardId === kept.shardId)) {
    return { shardId: kept.shardId, from: kept.after === undefined ? 'TRIM_HORIZON' : { after: kept.after } };
  }
  const isLatest = mapping.startingPosition === 'LATEST';
  const shard = isLatest ? shards.at(-1) : shards[0];
  if (!shard) throw new Error('the stream has no shard');
  return { shardId: shard.ShardId, from: mapping.startingPosition };
}

function checkpointAt({ streamArn }: EventSourceMapping, { shardId, from }: Start) {
  return { streamArn, shardId, ...(typeof from === 'object' && from) };
}

/** A shard is read when its parent has been. */
async function childOf(source: StreamSource, { shardId }: Start): Promise<Start | undefined> {
  const child = (await source.shards()).find(({ ParentShardId }: Shard) => ParentShardId === shardId);
  return child && { shardId: child.ShardId, from: 'TRIM_HORIZON' };
}

/** The first records that one event may have: no more than a batch, of one window, and not too large. */
function batchOf(mapping: EventSourceMapping, gathered: readonly StreamRecord[]): readonly StreamRecord[] {
  const start = windowOf(mapping, gathered[0])?.start;
  let bytes = 0;
  const end = gathered.findIndex((record, index) => {
    bytes += bytesOf(record);
    return (
      index === mapping.batchSize || windowOf(mapping, record)?.start !== start || (index > 0 && bytes > maxBatchBytes)
    );
  });
  return end < 0 ? gathered : gathered.slice(0, end);
}

/** What waits for its batch is looked at after every read. */
const sizes = new WeakMap<StreamRecord, number>();

function bytesOf(record: StreamRecord): number {
  const bytes = sizes.get(record) ?? JSON.stringify(record).length;
  sizes.set(record, bytes);
  return bytes;
}

function windowOf(
  { tumblingWindow }: EventSourceMapping,
  record: StreamRecord | undefined,
): TumblingWindow | undefined {
  if (tumblingWindow === 0 || !record) return undefined;
  const seconds = record.dynamodb.ApproximateCreationDateTime;
  return { start: Math.floor(seconds / tumblingWindow) * tumblingWindow * 1_000, state: {} };
}

interface Moment {
  /** The first record that has not been delivered. */
  readonly next: StreamRecord | undefined;
  /** There will be no more. */
  readonly isClosed: boolean;
  /** Milliseconds. */
  readonly now: number;
}

/** A window ends with its time, with a record of a later one, and with its shard. */
function isOver(mapping: EventSourceMapping, window: TumblingWindow, { next, isClosed, now }: Moment): boolean {
  if (next) return windowOf(mapping, next)?.start !== window.start;
  return isClosed || now > window.start + mapping.tumblingWindow * 1_000;
}
