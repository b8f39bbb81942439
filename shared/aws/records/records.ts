// The records table as the endpoints use it: every function the protocol asks of a store, over one way to call it.
import type { EntersList } from '../../oauth/decision/decision-list.ts';
import type { CallDynamoDb } from '../dynamodb.ts';
import { createRecordDecision } from './decision-records.ts';
import { createFindHolds } from './holds.ts';
import { createFindReference, createRecordReference } from './reference-tokens.ts';
import { createRecordRevocation } from './revocations.ts';
import { usesOf } from './uses.ts';

export interface RecordsOptions {
  readonly call: CallDynamoDb;
  readonly table: string;
  /** Seconds since the epoch. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly entersList: EntersList;
}

/** Beside it, what those do that look tokens up once they are issued. */
export function lookupsOf({ call, table }: Pick<RecordsOptions, 'call' | 'table'>) {
  return { findReference: createFindReference(call, table) };
}

/** … and those that revoke them. */
export function revocationsOf({ call, table }: Pick<RecordsOptions, 'call' | 'table'>) {
  return { recordRevocation: createRecordRevocation(call, table) };
}

/** What the endpoints keep and look up; which of it a function may do, its role says. */
export function recordsOf({ call, table, now, random, entersList }: RecordsOptions) {
  return {
    recordDecision: createRecordDecision(call, table, entersList),
    recordReference: createRecordReference(call, table),
    findHolds: createFindHolds(call, table, random),
    ...usesOf({ call, table, now }),
  };
}
