// What the storage functions ask of DynamoDB, in the words of its JSON protocol. Implemented in direct/ and in sdk/.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html

/** One attribute; of DynamoDB's types those that records have. */
export interface AttributeValue {
  readonly S?: string;
  readonly N?: string;
  /** Base64. */
  readonly B?: string;
  readonly BOOL?: boolean;
  readonly SS?: readonly string[];
}

export type Item = Readonly<Record<string, AttributeValue>>;

/** Keys of one table, to be read. */
export interface KeysToRead {
  readonly Keys: readonly Item[];
  readonly ConsistentRead: true;
}

interface Operations {
  readonly GetItem: {
    readonly input: { readonly TableName: string; readonly Key: Item; readonly ConsistentRead: true };
    readonly output: { readonly Item?: Item };
  };
  readonly BatchGetItem: {
    readonly input: { readonly RequestItems: Readonly<Record<string, KeysToRead>> };
    readonly output: {
      readonly Responses?: Readonly<Record<string, readonly Item[]>>;
      readonly UnprocessedKeys?: Readonly<Record<string, KeysToRead>>;
    };
  };
  readonly PutItem: {
    readonly input: { readonly TableName: string; readonly Item: Item } & Condition;
    readonly output: object;
  };
  readonly UpdateItem: {
    readonly input: {
      readonly TableName: string;
      readonly Key: Item;
      readonly UpdateExpression: string;
      readonly ReturnValues?: 'ALL_NEW' | 'UPDATED_NEW';
    } & Condition;
    readonly output: { readonly Attributes?: Item };
  };
  readonly Query: {
    readonly input: {
      readonly TableName: string;
      readonly IndexName: string;
      readonly KeyConditionExpression: string;
      readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
      readonly ExpressionAttributeValues: Item;
      readonly ScanIndexForward?: boolean;
      readonly Limit?: number;
      readonly ExclusiveStartKey?: Item;
    };
    readonly output: { readonly Items?: readonly Item[]; readonly LastEvaluatedKey?: Item };
  };
  readonly Scan: {
    readonly input: {
      readonly TableName: string;
      readonly FilterExpression: string;
      readonly ProjectionExpression: string;
      readonly ExpressionAttributeNames: Readonly<Record<string, string>>;
      readonly ExpressionAttributeValues: Item;
      readonly ExclusiveStartKey?: Item;
    };
    readonly output: { readonly Items?: readonly Item[]; readonly LastEvaluatedKey?: Item };
  };
}

interface Condition {
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Item;
}

export type DynamoDbOperation = keyof Operations;
export type DynamoDbInput<Name extends DynamoDbOperation> = Operations[Name]['input'];
export type DynamoDbOutput<Name extends DynamoDbOperation> = Operations[Name]['output'];

/**
 * One call, repeated where that may help and changes nothing.
 * @throws Error named as DynamoDB names what is wrong (`ConditionalCheckFailedException`), or of a call without an answer
 */
export type CallDynamoDb = <Name extends DynamoDbOperation>(
  operation: Name,
  input: DynamoDbInput<Name>,
) => Promise<DynamoDbOutput<Name>>;
