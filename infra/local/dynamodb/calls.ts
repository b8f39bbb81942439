// A DynamoDB request as the calls IAM would evaluate: one per action and table. The input is not checked. Pure.

import type { RecordedCall } from '../protocol/calls.ts';
import { streamOfIterator } from './streams.ts';

export interface DynamoDbRequest {
  readonly principal: string;
  readonly operation: string;
  readonly input: Input;
  readonly region: string;
  readonly accountId: string;
  /** Milliseconds. */
  readonly at: number;
}

type Input = Readonly<Record<string, unknown>>;

/** What one action does to one table or index. */
interface Touched {
  readonly action: string;
  /** Table name or ARN, or undefined for actions without one. */
  readonly table: string | undefined;
  readonly index?: string;
  readonly leadingKeys: readonly string[];
}

/** Name of the partition key in every table of the stack. */
const partitionKey = 'pk';

/** The calls of one request; a transaction is one call per kind of its writes, as in IAM. */
export function dynamoDbCalls(request: DynamoDbRequest): readonly RecordedCall[] {
  return touched(request).map(({ action, table, index, leadingKeys }) => ({
    at: request.at,
    service: 'dynamodb',
    principal: request.principal,
    action: `dynamodb:${action}`,
    resource: resourceArn(request, table, index),
    context: leadingKeys.length > 0 ? { 'dynamodb:LeadingKeys': [...new Set(leadingKeys)].join(',') } : {},
  }));
}

function resourceArn({ region, accountId }: DynamoDbRequest, table: string | undefined, index: string | undefined) {
  if (table === undefined) return '*';
  const arn = table.startsWith('arn:') ? table : `arn:aws:dynamodb:${region}:${accountId}:table/${table}`;
  return index === undefined ? arn : `${arn}/index/${index}`;
}

function touched({ operation, input }: DynamoDbRequest): readonly Touched[] {
  if (operation === 'TransactWriteItems') return merged(transactItems(input, writeActions));
  if (operation === 'TransactGetItems') return merged(transactItems(input, { Get: 'GetItem' }));
  const tables = objectAt(input, 'RequestItems');
  if (tables !== undefined) {
    return Object.entries(tables).map(([table, items]) => ({
      action: operation,
      table,
      leadingKeys: batchKeys(items),
    }));
  }
  const index = textAt(input, 'IndexName');
  const table = textAt(input, 'TableName') ?? textAt(input, 'ResourceArn') ?? streamIn(input);
  return [{ action: operation, table, ...(index === undefined ? {} : { index }), leadingKeys: itemKeys(input) }];
}

/** The ARN of the stream that an operation on streams is about. */
function streamIn(input: Input): string | undefined {
  return textAt(input, 'StreamArn') ?? streamOfIterator(input['ShardIterator']);
}

const writeActions: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
};

function transactItems(input: Input, actions: Readonly<Record<string, string>>): readonly Touched[] {
  return listAt(input, 'TransactItems').flatMap((item) =>
    Object.entries(actions).flatMap(([kind, action]) => {
      const work = objectAt(item, kind);
      return work === undefined ? [] : [{ action, table: textAt(work, 'TableName'), leadingKeys: itemKeys(work) }];
    }),
  );
}

/** One entry per action and table. */
function merged(all: readonly Touched[]): readonly Touched[] {
  const entries = new Map<string, Touched>();
  for (const touched of all) {
    const name = `${touched.action} ${touched.table}`;
    const earlier = entries.get(name)?.leadingKeys ?? [];
    entries.set(name, { ...touched, leadingKeys: [...earlier, ...touched.leadingKeys] });
  }
  return [...entries.values()];
}

/** Keys of BatchGetItem's `{Keys}` or of BatchWriteItem's list of requests. */
function batchKeys(items: unknown): readonly string[] {
  if (!Array.isArray(items)) return listAt(items, 'Keys').flatMap(keyValue);
  return items.flatMap((item) => [
    ...itemKeys(objectAt(item, 'PutRequest') ?? {}),
    ...itemKeys(objectAt(item, 'DeleteRequest') ?? {}),
  ]);
}

function itemKeys(input: Input): readonly string[] {
  return [...keyValue(objectAt(input, 'Item')), ...keyValue(objectAt(input, 'Key')), ...queriedKeys(input)];
}

/** `pk = :value` or `#name = :value` anywhere in the key condition. */
function queriedKeys(input: Input): readonly string[] {
  const names = objectAt(input, 'ExpressionAttributeNames') ?? {};
  const values = objectAt(input, 'ExpressionAttributeValues') ?? {};
  const equalities = (textAt(input, 'KeyConditionExpression') ?? '').matchAll(/([\w#.-]+)\s*=\s*(:\w+)/g);
  return [...equalities].flatMap(([, name = '', value = '']) =>
    (names[name] ?? name) === partitionKey ? scalar(values[value]) : [],
  );
}

function keyValue(item: unknown): readonly string[] {
  return scalar(objectOf(item)?.[partitionKey]);
}

/** The value of `{S}`, `{N}` or `{B}`. */
function scalar(attribute: unknown): readonly string[] {
  return Object.values(objectOf(attribute) ?? {}).filter((value) => typeof value === 'string');
}

function objectOf(value: unknown): Input | undefined {
  return typeof value === 'object' && value !== null ? (value as Input) : undefined;
}

function objectAt(value: unknown, name: string): Input | undefined {
  return objectOf(objectOf(value)?.[name]);
}

function listAt(value: unknown, name: string): readonly unknown[] {
  const list = objectOf(value)?.[name];
  return Array.isArray(list) ? list : [];
}

function textAt(value: unknown, name: string): string | undefined {
  const text = objectOf(value)?.[name];
  return typeof text === 'string' ? text : undefined;
}
