// Decisions in DynamoDB, one item each; a granted one is the record of its token too. Durable when a write returns.
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { DecisionRecord } from '../oauth/decision-record.ts';
import { callDependency } from './dependency.ts';
import { decisionKey } from './record-keys.ts';

export type RecordDecision = (record: DecisionRecord) => Promise<void>;

/**
 * Writes the record unless its key is another request's. A retry whose first try did arrive finds its own record, and
 * that is success; a refusal replaces the grant of the same request, whose signature then failed, and stays.
 */
export function createRecordDecision(client: DynamoDBClient, table: string): RecordDecision {
  return (record) =>
    callDependency('dynamodb', async () => {
      await client.send(
        new PutItemCommand({
          TableName: table,
          Item: toItem(record),
          ConditionExpression:
            'attribute_not_exists(pk) OR (attempt = :attempt AND (outcome = :outcome OR outcome = :granted))',
          ExpressionAttributeValues: {
            ':attempt': { S: record.attempt },
            ':outcome': { S: record.ending.outcome },
            ':granted': { S: 'granted' },
          },
        }),
      );
    });
}

type Item = Record<string, { S: string } | { N: string }>;

function toItem(record: DecisionRecord): Item {
  const { decisionId, at, expiresAt, ending, request, trace, subject, actor, ...plain } = record;
  const { issued, ...result } = ending.outcome === 'granted' ? ending : { ...ending, issued: {} };
  const structured = { rules: trace.rules, request, subjectToken: subject, actorToken: actor };
  return {
    pk: { S: decisionKey(decisionId) },
    ...attributes({ at, expiresAt, rulesOmitted: trace.omitted, ...plain, ...result, ...issued }),
    ...attributes(Object.fromEntries(Object.entries(structured).map(([name, value]) => [name, JSON.stringify(value)]))),
  };
}

function attributes(values: Readonly<Record<string, unknown>>): Item {
  const item: Item = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'number') item[name] = { N: String(value) };
    if (typeof value === 'string') item[name] = { S: value };
  }
  return item;
}
