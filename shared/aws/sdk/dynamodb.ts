// DynamoDB by the client of the AWS SDK.
import {
  BatchGetItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { clientOptions } from '../client-options.ts';
import type { CallDynamoDb, DynamoDbOperation } from '../dynamodb.ts';

type Command = Parameters<DynamoDBClient['send']>[0];
// Ours are the SDK's own shapes, but narrower: its types cannot say so of a union of operations.
type MakeCommand = new (input: object) => Command;

const commands = {
  GetItem: GetItemCommand,
  BatchGetItem: BatchGetItemCommand,
  PutItem: PutItemCommand,
  UpdateItem: UpdateItemCommand,
  Query: QueryCommand,
  Scan: ScanCommand,
} as unknown as Readonly<Record<DynamoDbOperation, MakeCommand>>;

export function callBySdk(client: DynamoDBClient = new DynamoDBClient(clientOptions)): CallDynamoDb {
  return async (operation, input) => {
    const output = await client.send(new commands[operation](mapBytes(input, bytesOf) as object));
    return mapBytes(output, base64Of) as never;
  };
}

/** The protocol has bytes as base64 where the SDK has them as they are. */
function mapBytes(value: unknown, map: (bytes: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => mapBytes(one, map));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, name === 'B' ? map(one) : mapBytes(one, map)]),
  );
}

function bytesOf(base64: unknown): unknown {
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : base64;
}

function base64Of(bytes: unknown): unknown {
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('base64') : bytes;
}
