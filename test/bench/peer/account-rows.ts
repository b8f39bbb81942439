// Rows 10, 11 and 12: memory, money, and the calls of one exchange.
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { priceOf } from '../../../infra/cost/prices.ts';
import type { Bench } from './bench.ts';
import type { TracedCall } from './processes.ts';
import { median } from './rounds.ts';
import type { Row } from './rows.ts';
import { variants } from './world.ts';

/** Row 10: what a process has needed at most once it has answered so many. */
export async function memoryRows(bench: Bench): Promise<readonly Row[]> {
  const { driver, serve, serveFunction, deployments, made } = bench;
  const count = bench.quick ? 1_000 : 10_000;
  const peaks = new Map<string, number>();
  const measure = async (name: string, server: Awaited<ReturnType<typeof serve>>): Promise<void> => {
    await driver.run({ port: server.port, requests: made.exchanges, connections: 16, count });
    peaks.set(name, server.peakMemory());
    await server.stop();
  };
  const ours = bench.quick ? variants.slice(0, 1) : variants;
  for (const variant of ours) await measure(variant, await serveFunction(deployments.deployed(variant)('Token')));
  await measure('peer', await serve('provider-server.mjs', { WORK: 'calls' }));
  await measure('floor', await serve('floor-server.mjs', { WORK: 'same' }));
  // What of the difference is the bound that the template sets on the young generation.
  const { NODE_OPTIONS = '' } = deployments.deployed('demonstration')('Token').environment;
  await measure('bounded peer', await serve('provider-server.mjs', { WORK: 'calls', NODE_OPTIONS }));
  const peak = (name: string): number => peaks.get(name) ?? Number.NaN;
  const over = (name: string): number => peak(name) / peak('peer');
  const megabytes = (peak('demonstration') / 1e6).toFixed(0);
  const bounded = `${(peak('demonstration') / peak('bounded peer')).toFixed(2)} of the peer with our NODE_OPTIONS`;
  const others = [...ours.slice(1), 'floor'].map((name) => `${name} ${over(name).toFixed(2)}`);
  return [
    {
      id: '10',
      what: `peak memory of ${count.toLocaleString('en-US')} exchanges ÷ peer`,
      value: over('demonstration'),
      aim: { most: 0.45 },
      note: [`${megabytes} MB`, ...others, bounded].join(', '),
    },
  ];
}

/** US dollars for a million: REST API, Lambda of 512 MB for 15 ms, DynamoDB on demand, logs by GB, KMS ES256. */
const prices = {
  api: priceOf('apiRequest', 1e6),
  lambda: priceOf('lambdaRequest', 1e6) + priceOf('lambdaGigabyteSecond', 1e6 * 0.015 * 0.5),
  writeUnit: priceOf('writeUnit', 1e6),
  readUnit: priceOf('readUnit', 1e6),
  logGigabyte: priceOf('logGigabyte', 1),
  sign: priceOf('asymmetricCall', 1e6),
};
/** Rows 11 and 12: the calls of a warm exchange, KMS 8 and DynamoDB 4 ms away, so that what runs side by side is seen to. */
export async function callRows(bench: Bench): Promise<readonly Row[]> {
  const { driver, serveFunction, deployments, made } = bench;
  const logFile = join(deployments.folder, 'log');
  const { port } = await serveFunction(deployments.deployed('demonstration')('Token'), openSync(logFile, 'w'));
  const one = { port, requests: made.exchanges, connections: 1, count: 1 };
  await driver.run({ ...one, count: 20 });
  await driver.delay({ kms: 8, dynamodb: 4 });
  const traces: (readonly TracedCall[])[] = [];
  for (let round = 0; round < 5; round += 1) {
    await driver.trace();
    await driver.run(one);
    traces.push(await driver.traced());
  }
  await driver.delay({ kms: 0, dynamodb: 0 });
  const trips = median(traces.map(roundTrips));
  const [calls = []] = traces;
  const named = (action: string) => calls.filter((call) => call.action === action);
  const writes = named('PutItem').length + named('UpdateItem').length;
  const record = Math.max(0, ...named('PutItem').map(({ input }) => sizeOf(input.Item)));
  const keys = named('BatchGetItem').flatMap(({ input }) => Object.values(input.RequestItems).flatMap(keysOf)).length;
  const writeUnits = named('PutItem').reduce((sum, { input }) => sum + Math.ceil(sizeOf(input.Item) / 1_024), 0);
  const logLine = (readFileSync(logFile, 'utf8').trim().split('\n').at(-1)?.length ?? 0) + 1;
  const { api, lambda, writeUnit, readUnit, logGigabyte, sign } = prices;
  const rest = api + lambda + writeUnits * writeUnit + keys * readUnit + (logLine / 1_000) * logGigabyte;
  const note = `record ${record} bytes, ${writeUnits} write units, ${keys} keys read, log line ${logLine} bytes`;
  return [
    money('11', 'US dollars for a million, REST API', rest + named('Sign').length * sign, 20.8, note),
    money('11 KMS', 'the same without the KMS calls', rest, 5.8, 'what an envelope key would leave'),
    counted('12', 'round trips to AWS in turn', trips, 2, calls.map(({ action }) => action).join(', ')),
    counted('12 KMS', 'calls to KMS', named('Sign').length, 1),
    counted('12 writes', 'writes', writes, 1),
  ];
}

function money(id: string, what: string, value: number, most: number, note: string): Row {
  return { id, what, value, aim: { most }, unit: '$', note };
}

function counted(id: string, what: string, value: number, most: number, note?: string): Row {
  return { id, what, value, aim: { most }, unit: '', ...(note !== undefined && { note }) };
}

const keysOf = (request: unknown): readonly unknown[] => (request as { Keys: readonly unknown[] }).Keys;

/** The longest row of calls none of which began before the one before it was answered. */
function roundTrips(calls: readonly TracedCall[]): number {
  const inOrder = calls.toSorted((a, b) => a.to - b.to);
  let [trips, end] = [0, Number.NEGATIVE_INFINITY];
  for (const { from, to } of inOrder) {
    if (from < end) continue;
    trips += 1;
    end = to;
  }
  return trips;
}

type Value = Readonly<{ S?: string; N?: string; B?: string; SS?: readonly string[] }>;

/** Bytes of an item as DynamoDB counts them: names and values, numbers at two digits a byte and one more. */
function sizeOf(item: Readonly<Record<string, Value>>): number {
  const valueSize = ({ S, N, B, SS }: Value): number => {
    if (B !== undefined) return Buffer.byteLength(B, 'base64');
    if (N !== undefined) return Math.ceil(N.length / 2) + 1;
    return [S ?? '', ...(SS ?? [])].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  };
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueSize(value), 0);
}
