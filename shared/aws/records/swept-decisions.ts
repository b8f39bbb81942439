// The decisions of a day as the sweep of the audit trail finds them: in the index `decided`, or by a scan of the table where not
// all are in it. Ids and outcomes alone.
import type { KnownDecision } from '../../audit/sweep.ts';
import { type FindListed, minuteOf, shards } from '../../oauth/decision/decision-list.ts';
import { callDependency } from '../dependency.ts';
import type { CallDynamoDb } from '../dynamodb.ts';
import { pagesOf } from './listed-items.ts';
import { decisionIdOf, decisionKey } from './record-keys.ts';

/** Finds the decisions made from `since` to `until`, both included, in epoch seconds. */
type DecisionsOf = (since: number, until: number) => AsyncIterable<KnownDecision>;

const outcomes = ['granted', 'refused'] as const;
/** Of one part of a minute, far more than it can hold. */
const most = 1_000_000;

export interface DecisionsStore {
  readonly call: CallDynamoDb;
  readonly table: string;
  readonly find: FindListed;
  /** Which decisions are in the index. */
  readonly index: 'all' | 'refusals' | 'none';
}

/** By the index where all are in it, else by reading the whole table. */
export function createDecisionsOf({ call, table, find, index }: DecisionsStore): DecisionsOf {
  return index === 'all' ? decisionsInIndex(find) : decisionsByScan(call, table);
}

/** Each minute has 16 parts of each outcome, which are read side by side. */
function decisionsInIndex(find: FindListed): DecisionsOf {
  return async function* (since, until) {
    const query = { since, until, most, matches: () => true };
    for (let minute = minuteOf(since); minute <= minuteOf(until); minute += 1) {
      for (const outcome of outcomes) {
        const parts = Array.from({ length: shards }, (_, shard) => ({ outcome, minute, shard }));
        yield* (await Promise.all(parts.map((part) => find(part, query)))).flat();
      }
    }
  };
}

function decisionsByScan(call: CallDynamoDb, table: string): DecisionsOf {
  return async function* (since, until) {
    const input = {
      TableName: table,
      FilterExpression: 'begins_with(pk, :decisions) AND #at BETWEEN :since AND :until',
      ProjectionExpression: 'pk, outcome',
      ExpressionAttributeNames: { '#at': 'at' },
      ExpressionAttributeValues: {
        ':decisions': { S: decisionKey('') },
        ':since': { N: String(since) },
        ':until': { N: String(until) },
      },
    };
    const pages = pagesOf((from) => callDependency('dynamodb', () => call('Scan', { ...input, ...from })));
    for await (const page of pages) {
      for (const { pk, outcome } of page) {
        yield { decisionId: decisionIdOf(pk?.S ?? ''), outcome: outcome?.S === 'granted' ? 'granted' : 'refused' };
      }
    }
  };
}
