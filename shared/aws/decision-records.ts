// Decisions in DynamoDB, one item each; a granted one is the record of its token too. Durable when a write returns.
import { type EntersList, type ListPart, minuteOf, shards } from '../oauth/decision/decision-list.ts';
import type { DecisionRecord, Ending, RecordDecision, SessionFacts } from '../oauth/decision/decision-record.ts';
import { callDependency, unlessConditionFailed } from './dependency.ts';
import type { AttributeValue, CallDynamoDb, Item } from './dynamodb.ts';
import { decidedPart, decisionKey, listedTokens } from './record-keys.ts';
import { revocationName } from './revocations.ts';

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
      const put = { TableName: table, Item: toItem(record, entersList(record)) };
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
      return Item && fromItem(decisionId, Item);
    });
}

function toItem(record: DecisionRecord, enters: boolean): Item {
  const { decisionId, ending, request, trace, subject, actor, status, ...plain } = record;
  const { issued, ...result } = { issued: undefined, ...ending };
  return {
    pk: { S: decisionKey(decisionId) },
    ...attributes({ ...plain, ...result, ...issued, rulesOmitted: trace.omitted }),
    ...attributes({
      rules: JSON.stringify(trace.rules),
      request: JSON.stringify(request),
      subjectToken: JSON.stringify(subject),
      actorToken: JSON.stringify(actor),
      session: JSON.stringify(issued?.session),
    }),
    ...(status && listing(status)),
    ...(enters && attributes({ decided: decidedPart(listPartOf(record)) })),
  };
}

/** The part of the list that a decision lies in: the same however often it is written. */
function listPartOf({ decisionId, at, ending }: Pick<DecisionRecord, 'decisionId' | 'at' | 'ending'>): ListPart {
  // Ids are random, digit by digit.
  const shard = Number.parseInt(decisionId.slice(0, 1), 16) % shards || 0;
  return { outcome: ending.outcome, minute: minuteOf(at), shard };
}

/** What a Status List is computed from. */
function listing({ list, index, revocableBy }: NonNullable<DecisionRecord['status']>) {
  const revocationKeys = revocableBy.map((part) => [revocationName(part), part.issuedAt]);
  const listed = listedTokens(list);
  return attributes({ listed, statusIndex: index, revocationKeys: JSON.stringify(revocationKeys) });
}

function attributes(values: Readonly<Record<string, unknown>>): Item {
  const item: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'number') item[name] = { N: String(value) };
    if (typeof value === 'string') item[name] = { S: value };
  }
  return item;
}

function fromItem(decisionId: string, item: Item): DecisionRecord {
  const text = (name: string): string | undefined => item[name]?.S;
  const structured = (name: string) => JSON.parse(text(name) ?? 'null') ?? undefined;
  return {
    decisionId,
    attempt: text('attempt') ?? '',
    at: Number(item['at']?.N),
    expiresAt: Number(item['expiresAt']?.N),
    policyHash: text('policyHash') ?? '',
    ending: endingOf(item),
    rule: text('rule'),
    trace: { rules: structured('rules') ?? [], omitted: Number(item['rulesOmitted']?.N ?? 0) },
    request: structured('request'),
    subject: structured('subjectToken'),
    actor: structured('actorToken'),
  };
}

function endingOf(item: Item): Ending {
  if (item['outcome']?.S !== 'granted') {
    return {
      outcome: 'refused',
      error: item['error']?.S ?? '',
      reason: item['reason']?.S as Extract<Ending, { outcome: 'refused' }>['reason'],
      ...(item['detail']?.S !== undefined && { detail: item['detail'].S }),
    };
  }
  if (item['exp'] === undefined) return { outcome: 'granted' };
  const issued = {
    exp: Number(item['exp']?.N),
    sub: item['sub']?.S ?? '',
    clientId: item['clientId']?.S ?? '',
    audience: item['audience']?.S ?? '',
    scope: item['scope']?.S,
    family: item['family']?.S,
    ...(item['session']?.S !== undefined && { session: JSON.parse(item['session'].S) as SessionFacts }),
  };
  return { outcome: 'granted', issued };
}
