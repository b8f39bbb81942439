// DynamoDB by the client of the AWS SDK.
import {
  BatchGetItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
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
} as unknown as Readonly<Record<DynamoDbOperation, MakeCommand>>;

export function callBySdk(client: DynamoDBClient = new DynamoDBClient(clientOptions)): CallDynamoDb {
  return async (operation, input) => (await client.send(new commands[operation](input))) as never;
}
