// Decisions in DynamoDB, one item each; a granted one is the record of its token too. Durable when a write returns.
import type { EntersList } from '../../oauth/decision/decision-list.ts';
import type { DecisionRecord, RecordDecision } from '../../oauth/decision/decision-record.ts';
import { callDependency, unlessConditionFailed } from '../dependency.ts';
import type { CallDynamoDb } from '../dynamodb.ts';
import { decisionKey } from './record-keys.ts';
import { decisionItem, decisionOf } from './stored-decision.ts';

/** Undefined when there is none; one that has expired may still be found. */
export type FindDecision = (decisionId: string) => Promise<DecisionRecord | undefined>;

/**
 * Writes the record unless its key belongs to another request. A retry whose first try arrived finds its own record, which is
 * success. A refusal replaces the grant of the same request, whose signature then failed, and is never replaced itself. A request
 * that repeats another replaces the record that one left, and the first one then finds its grant recorded.
 * @param entersList whether the record is in the list of decisions
 */
export function createRecordDecision(
  call: CallDynamoDb,
  table: string,
  entersList: EntersList = () => false,
): RecordDecision {
  return (record) =>
    callDependency('dynamodb', async () => {
      const put = { TableName: table, Item: decisionItem(record, entersList(record)) };
      if (record.repetition === 'again') return void (await call('PutItem', put));
      const write = call('PutItem', { ...put, ...isOwn(record) });
      await (record.repetition === 'first' && record.ending.outcome === 'granted'
        ? unlessConditionFailed(write)
        : write);
    });
}

function isOwn({ attempt, ending: { outcome } }: DecisionRecord) {
  return {
    ConditionExpression:
      'attribute_not_exists(pk) OR (attempt = :attempt AND (outcome = :outcome OR outcome = :granted))',
    ExpressionAttributeValues: {
      ':attempt': { S: attempt },
      ':outcome': { S: outcome },
      ':granted': { S: 'granted' },
    },
  };
}

/** Reads a decision, strongly consistent. */
export function createFindDecision(call: CallDynamoDb, table: string): FindDecision {
  return (decisionId) =>
    callDependency('dynamodb', async () => {
      const key = { pk: { S: decisionKey(decisionId) } };
      const { Item } = await call('GetItem', { TableName: table, Key: key, ConsistentRead: true });
      return Item && decisionOf(decisionId, Item);
    });
}
