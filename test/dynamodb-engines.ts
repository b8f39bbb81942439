// The DynamoDB engines that storage tests run on: the two embedded ones, and moto where Python has it.

import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { startDynamoDb } from '../infra/local/dynamodb/dynamodb.ts';
import { dynoxideBinary, type EngineName } from '../infra/local/dynamodb/engine.ts';
import { callDirectly } from '../shared/aws/direct/dynamodb.ts';
import type { CallDynamoDb } from '../shared/aws/dynamodb.ts';
import { callBySdk } from '../shared/aws/sdk/dynamodb.ts';
import { sayNotInstalled } from './installed.ts';
import { hasMoto, startRegionOfMoto } from './moto.ts';

export interface RunningDynamoDb {
  readonly url: string;
  /** Where the engine knows several; {@link defaultRegion} otherwise. */
  readonly region?: string;
  readonly close: () => Promise<void>;
}

export interface DynamoDbEngine {
  readonly name: string;
  /** False where it is not installed; a suite should skip it and say so in its title. */
  readonly available: boolean;
  /** UpdateTimeToLive. */
  readonly supportsTtl: boolean;
  /** TransactWriteItems, and the item a failed condition found. */
  readonly supportsTransactions: boolean;
  /** A new, empty engine. */
  readonly start: () => Promise<RunningDynamoDb>;
}

const defaultRegion = 'eu-west-1';

/** Use: `for (const engine of engines) describe.skipIf(!engine.available)(…)`. */
export const engines: readonly DynamoDbEngine[] = [
  embedded('dynoxide', hasDynoxide()),
  embedded('dynalite', true),
  {
    name: 'moto',
    available: hasMoto('storage tests on moto'),
    supportsTtl: true,
    supportsTransactions: true,
    start: startRegionOfMoto,
  },
];

/** An engine, and one of the ways in which functions call it. */
export interface Store {
  readonly name: string;
  readonly engine: DynamoDbEngine;
  readonly callOf: (running: RunningDynamoDb) => CallDynamoDb;
}

/** Every engine called as functions call it by default, and the first by the SDK too: they differ, not the engines for them. */
export const stores: readonly Store[] = [
  ...engines.map((engine) => ({
    name: engine.name,
    engine,
    callOf: engine.name === 'moto' ? (running: RunningDynamoDb) => inTurn(directCallOf(running)) : directCallOf,
  })),
  ...engines
    .filter(({ available }) => available)
    .slice(0, 1)
    .map((engine) => ({
      name: `${engine.name} by the SDK`,
      engine,
      callOf: (running: RunningDynamoDb) => callBySdk(clientOf(running)),
    })),
];

const credentials = { accessKeyId: 'AKIADYNAMODBDYNAMODB', secretAccessKey: 'not-a-secret' };

/** Calls any of the engines as functions do. */
export function directCallOf({ url, region = defaultRegion }: Omit<RunningDynamoDb, 'close'>): CallDynamoDb {
  const { accessKeyId, secretAccessKey } = credentials;
  const environment = {
    AWS_REGION: region,
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
  // Engines share the machine with everything else that is tested.
  const limits = { connectMs: 10_000, answerMs: 30_000, retryMs: 900 };
  return callDirectly({ environment, clock: Date.now, random: Math.random, limits });
}

/** A client for any of the engines. */
export function clientOf(
  { url, region = defaultRegion }: RunningDynamoDb,
  extra: { readonly maxAttempts?: number } = {},
): DynamoDBClient {
  return new DynamoDBClient({ endpoint: url, region, credentials, ...extra });
}

/** Creates a table and waits until it is active: dynalite, like AWS, refuses items before. */
export async function createTable(client: DynamoDBClient, input: CreateTableCommandInput): Promise<void> {
  await client.send(new CreateTableCommand(input));
  const { TableName } = input;
  const status = async () => (await client.send(new DescribeTableCommand({ TableName }))).Table?.TableStatus;
  while ((await status()) !== 'ACTIVE') await delay(5);
}

function embedded(name: EngineName, available: boolean): DynamoDbEngine {
  const principalOf = () => 'arn:aws:iam::111122223333:user/test';
  const options = { engine: name, region: defaultRegion, accountId: '111122223333', principalOf, record: () => {} };
  return {
    name,
    available,
    supportsTtl: name === 'dynoxide',
    supportsTransactions: name === 'dynoxide',
    start: () => startDynamoDb(options),
  };
}

function hasDynoxide(): boolean {
  if (dynoxideBinary() !== undefined) return true;
  sayNotInstalled('its binary', 'storage tests on dynoxide');
  return false;
}

/** One call after another: moto looks at a condition and writes in two steps, between which another write may come. */
function inTurn(call: CallDynamoDb): CallDynamoDb {
  let last: Promise<unknown> = Promise.resolve();
  return (operation, input) => {
    const next = last.then(() => call(operation, input));
    last = next.catch(() => {});
    return next;
  };
}
