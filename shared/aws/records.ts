// The records table as the endpoints use it: every function the protocol asks of a store, over one client.
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createRecordDecision } from './decision-records.ts';
import { createCachedKeyring, createReadKeyring } from './keyring.ts';
import { createRelease, createTakeUse } from './one-time-uses.ts';
import { createFindReference, createRecordReference } from './reference-tokens.ts';
import { createFindRevocations, createRecordRevocation } from './revocations.ts';

export interface RecordsOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Seconds since the epoch. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** What the endpoints keep and look up; which of it a function may do, its role says. */
export function recordsOf({ client, table, clock, now, random }: RecordsOptions) {
  return {
    readKeyring: createCachedKeyring(createReadKeyring(client, table), clock),
    recordDecision: createRecordDecision(client, table),
    recordReference: createRecordReference(client, table),
    findReference: createFindReference(client, table),
    findRevocations: createFindRevocations(client, table, random),
    recordRevocation: createRecordRevocation(client, table),
    takeUse: createTakeUse({ client, table, now }),
    release: createRelease({ client, table }),
  };
}
