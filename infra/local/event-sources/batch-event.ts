// The event of a batch as a function gets it, and what its answer says of the batch. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html

import type { StreamRecord } from '../dynamodb/stream-records.ts';
import { isObject } from '../template/stack-template.ts';
import type { EventSourceMapping } from './mappings.ts';

/** A window of time whose batches share a state. */
export interface TumblingWindow {
  /** Milliseconds since the epoch, a multiple of the window's length. */
  readonly start: number;
  readonly state: Readonly<Record<string, unknown>>;
}

export interface BatchContent {
  readonly records: readonly StreamRecord[];
  readonly shardId: string;
  readonly window: TumblingWindow | undefined;
  /** The window is over: no batch of it will come any more. */
  readonly isFinal: boolean;
}

/** The event as JSON text. */
export function batchEvent(mapping: EventSourceMapping, { records, shardId, window, isFinal }: BatchContent): string {
  const Records = records.map((record) => {
    const { userIdentity, ...rest } = record;
    return {
      ...rest,
      eventSourceARN: mapping.streamArn,
      // Small letters here, capitals in the API.
      ...(userIdentity && { userIdentity: { type: userIdentity.Type, principalId: userIdentity.PrincipalId } }),
    };
  });
  if (!window) return JSON.stringify({ Records });
  const end = window.start + mapping.tumblingWindow * 1_000;
  return JSON.stringify({
    Records,
    shardId,
    eventSourceARN: mapping.streamArn,
    window: { start: isoSecond(window.start), end: isoSecond(end) },
    state: window.state,
    isFinalInvokeForWindow: isFinal,
    isWindowTerminatedEarly: false,
  });
}

function isoSecond(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('.000', '');
}

/** Of the batch whose first failed record this is; `undefined` if none failed. State only of a window. */
export interface BatchOutcome {
  readonly failed: number | undefined;
  readonly state?: Readonly<Record<string, unknown>>;
}

/** @param payload what the function answered, as JSON text */
export function outcomeOf(
  mapping: EventSourceMapping,
  { records, window }: BatchContent,
  payload: string,
): BatchOutcome {
  const answer = parseJson(payload);
  const failed = mapping.reportsFailures ? firstFailure(answer, records) : undefined;
  if (failed !== undefined || !window) return { failed };
  const state = isObject(answer) ? answer.state : undefined;
  // Without a state the next batch of the window could not go on.
  return isObject(state) ? { failed, state } : { failed: 0 };
}

/** An answer that names no record of the batch fails the whole of it. */
function firstFailure(answer: unknown, records: readonly StreamRecord[]): number | undefined {
  const failures = isObject(answer) ? answer.batchItemFailures : undefined;
  if (answer === null || answer === undefined || failures === undefined || failures === null) return undefined;
  if (!Array.isArray(failures)) return 0;
  const positions = failures.map((failure) => {
    const id: unknown = isObject(failure) ? failure.itemIdentifier : undefined;
    return Math.max(
      0,
      records.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === id),
    );
  });
  return positions.length > 0 ? Math.min(...positions) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
