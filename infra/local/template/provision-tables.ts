// Makes the DynamoDB tables of the template, with TTL, or finds those of an earlier start. I/O: DynamoDB.

import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
  type GlobalSecondaryIndex,
  ResourceNotFoundException,
  type TableDescription,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { labelOf } from '../dynamodb/streams.ts';
import { arn, type Physical, physicalName } from './deployment.ts';
import type { ClientConfig, Provisioning } from './provision.ts';
import { asObject, asString, isObject, type Properties, resourcesOfType, TemplateError } from './stack-template.ts';

const tableTypes = ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'] as const;

/** A table with the attribute that tells when its items expire. */
export interface ExpiringTable {
  readonly tableName: string;
  readonly attribute: string;
}

export interface TablesOptions extends Provisioning {
  readonly client: ClientConfig;
  /** Which store it is; resources remembered of another are not looked for here. */
  readonly store: string;
  /** False for implementations that know no UpdateTimeToLive. */
  readonly supportsTtl: boolean;
  /** False for implementations without streams: the table is made without its own. */
  readonly supportsStreams: boolean;
}

/** Makes every table; what it was, by logical id, goes to `created`. */
export async function provisionTables(options: TablesOptions): Promise<readonly ExpiringTable[]> {
  const client = new DynamoDBClient(options.client);
  try {
    const tables = resourcesOfType(options.template, ...tableTypes);
    const made = await Promise.all(tables.map(([id]) => provisionTable(client, options, id)));
    return made.flat();
  } finally {
    client.destroy();
  }
}

async function provisionTable(client: DynamoDBClient, options: TablesOptions, id: string): Promise<ExpiringTable[]> {
  const properties = asObject(options.resolve(options.template.Resources[id]?.Properties), id);
  const madeWith = JSON.stringify([options.store, properties]);
  const earlier = options.state.find(id);
  const reused = earlier?.madeWith === madeWith && (await exists(client, earlier.ref)) ? earlier : undefined;
  const physical = reused ?? (await createTable(client, options, { id, properties }));
  options.created.set(id, physical);
  options.state.remember(id, { ...physical, madeWith });
  return enableTtl({ client, supported: options.supportsTtl && !reused, tableName: physical.ref, properties });
}

interface ToCreate {
  readonly id: string;
  readonly properties: Properties;
}

async function createTable(
  client: DynamoDBClient,
  { store, supportsStreams }: TablesOptions,
  { id, properties }: ToCreate,
): Promise<Physical> {
  const name = properties.TableName;
  const tableName = name === undefined ? physicalName(id, randomBytes(6).toString('hex')) : asString(name, id);
  const stream = supportsStreams ? streamInput(properties, id) : undefined;
  const input = { ...tableInput(tableName, properties), ...stream };
  const { TableDescription: table } = await client.send(new CreateTableCommand(input));
  await active(client, tableName, table);
  // The embedded engines make up account and region; the ARN of a deployment is this one.
  const Arn = arn('dynamodb', `table/${tableName}`);
  if (properties.StreamSpecification === undefined) return { ref: tableName, attributes: { Arn } };
  const label = labelOf(table?.LatestStreamLabel ?? String(Date.now() / 1_000));
  const StreamArn = store === 'embedded' ? `${Arn}/stream/${label}` : table?.LatestStreamArn;
  return { ref: tableName, attributes: { Arn, StreamArn } };
}

/** A global table's stream has both images unless it says otherwise. */
function streamInput(properties: Properties, id: string): Pick<CreateTableCommandInput, 'StreamSpecification'> {
  const { StreamSpecification } = properties;
  if (StreamSpecification === undefined) return {};
  const { StreamViewType } = asObject(StreamSpecification, `${id}.StreamSpecification`);
  if (StreamViewType !== 'NEW_AND_OLD_IMAGES') {
    throw new TemplateError(`${id}: the local stack has streams of new and old images only`);
  }
  return { StreamSpecification: { StreamEnabled: true, StreamViewType } };
}

// The shapes of CloudFormation and of the API are the same here; CreateTable refuses what is malformed.
function tableInput(tableName: string, properties: Properties): CreateTableCommandInput {
  const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, LocalSecondaryIndexes } = properties;
  const indexes = GlobalSecondaryIndexes as GlobalSecondaryIndex[] | undefined;
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: AttributeDefinitions as CreateTableCommandInput['AttributeDefinitions'],
    KeySchema: KeySchema as CreateTableCommandInput['KeySchema'],
    ...(indexes && {
      GlobalSecondaryIndexes: indexes.map(({ IndexName, KeySchema, Projection }) => ({
        IndexName,
        KeySchema,
        Projection,
      })),
    }),
    ...(LocalSecondaryIndexes !== undefined && {
      LocalSecondaryIndexes: LocalSecondaryIndexes as CreateTableCommandInput['LocalSecondaryIndexes'],
    }),
  };
}

async function active(client: DynamoDBClient, tableName: string, table: TableDescription | undefined): Promise<void> {
  let status = table?.TableStatus;
  for (let attempt = 0; status !== 'ACTIVE'; attempt += 1) {
    if (attempt === 100) throw new Error(`table ${tableName} did not become active`);
    await wait(50);
    status = (await client.send(new DescribeTableCommand({ TableName: tableName }))).Table?.TableStatus;
  }
}

async function exists(client: DynamoDBClient, tableName: string): Promise<boolean> {
  try {
    await client.send(new DescribeTableCommand({ TableName: tableName }));
    return true;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return false;
    throw error;
  }
}

interface TtlOptions {
  readonly client: DynamoDBClient;
  readonly supported: boolean;
  readonly tableName: string;
  readonly properties: Properties;
}

async function enableTtl({ client, supported, tableName, properties }: TtlOptions): Promise<ExpiringTable[]> {
  const specification = properties.TimeToLiveSpecification;
  if (!isObject(specification) || String(specification.Enabled) !== 'true') return [];
  const attribute = asString(specification.AttributeName, `${tableName} TTL attribute`);
  if (supported) {
    const TimeToLiveSpecification = { AttributeName: attribute, Enabled: true };
    await client.send(new UpdateTimeToLiveCommand({ TableName: tableName, TimeToLiveSpecification }));
  }
  return [{ tableName, attribute }];
}
