// A DynamoDB on loopback: an engine behind a proxy that records who calls what. I/O: sockets, a child process, files.

import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { AwsError, suffer } from '../protocol/aws-error.ts';
import type { EmulatorOptions, RecordedCall } from '../protocol/calls.ts';
import { type HttpService, type ServiceRequest, type ServiceResponse, serveHttp } from '../protocol/http-service.ts';
import { type JsonProtocol, jsonAnswer, jsonCaller, jsonError, jsonOperation } from '../protocol/json-protocol.ts';
import { dynamoDbCalls } from './calls.ts';
import { defaultEngine, type EngineName, startEngine } from './engine.ts';
import { openStreams, type Streams } from './streams.ts';

export interface DynamoDbOptions extends EmulatorOptions {
  /** Default dynoxide where its binary is installed, else dynalite. */
  readonly engine?: EngineName | undefined;
  /** Where items are kept; absent means in memory. */
  readonly directory?: string | undefined;
}

export interface DynamoDb extends HttpService {
  readonly engine: EngineName;
  /** The engine itself, for housekeeping that is no call of the stack's. */
  readonly engineUrl: string;
  /** dynalite knows no UpdateTimeToLive. */
  readonly supportsTtl: boolean;
  /** dynalite knows no TransactWriteItems and TransactGetItems. */
  readonly supportsTransactions: boolean;
  /** dynalite has none. */
  readonly streams: Streams | undefined;
  /** Calls `listener` after every write. */
  readonly onWrite: (listener: () => void) => void;
}

const protocol: JsonProtocol = {
  contentType: 'application/x-amz-json-1.0',
  targetPrefix: 'DynamoDB_20120810',
  frontEndErrors: 'com.amazon.coral.service#',
};

const streamsProtocol: JsonProtocol = { ...protocol, targetPrefix: 'DynamoDBStreams_20120810' };

const maxBodyBytes = 16 * 1024 * 1024;

/**
 * Starts the engine and its proxy.
 * @throws Error when the port is taken or the engine does not come up
 */
export async function startDynamoDb(options: DynamoDbOptions): Promise<DynamoDb> {
  const engine = await startEngine(options.engine ?? defaultEngine(), options.directory);
  const agent = new Agent({ keepAlive: true });
  const isWhole = engine.name === 'dynoxide';
  const listeners: (() => void)[] = [];
  const front: Front = {
    options,
    forward: (request) => forward(engine.url, agent, request),
    streams: isWhole ? streamsOf(options, engine.url, agent) : undefined,
    polled: new Set(),
    onWrite: () => {
      for (const listener of listeners) listener();
    },
  };
  const proxy = await serveHttp(options.port ?? 0, maxBodyBytes, (request) =>
    answer(front, request).catch((error: unknown) => jsonError(protocol, error)),
  ).catch(async (cause: unknown) => {
    await engine.close();
    throw cause;
  });
  const close = async () => {
    await proxy.close();
    agent.destroy();
    await engine.close();
  };
  return {
    url: proxy.url,
    engine: engine.name,
    engineUrl: engine.url,
    supportsTtl: isWhole,
    supportsTransactions: isWhole,
    streams: front.streams,
    onWrite: (listener) => void listeners.push(listener),
    close,
  };
}

interface Front {
  readonly options: DynamoDbOptions;
  readonly forward: (request: ServiceRequest) => Promise<ServiceResponse>;
  readonly streams: Streams | undefined;
  /** Reads of streams that are recorded: who reads one does so for ever. */
  readonly polled: Set<string>;
  readonly onWrite: () => void;
}

async function answer(front: Front, request: ServiceRequest): Promise<ServiceResponse> {
  const { options, streams } = front;
  const { region, accountId, principalOf, clock = Date.now } = options;
  const isOfStreams = String(request.headers['x-amz-target']).startsWith(`${streamsProtocol.targetPrefix}.`);
  const operation = jsonOperation(isOfStreams ? streamsProtocol : protocol, request);
  const { principal } = jsonCaller(protocol, request, { service: 'dynamodb', regions: [region], principalOf });
  const input = parseInput(request.body);
  const calls = dynamoDbCalls({ principal, operation, input, region, accountId, at: clock() });
  for (const call of isOfStreams ? unrecorded(front, calls) : calls) options.record(call);
  await suffer(options.fault, calls);
  if (isOfStreams && streams) return jsonAnswer(protocol, await streams.run(operation, input));
  const answered = await front.forward(request);
  if (writes.includes(operation) && answered.status === 200) front.onWrite();
  return answered;
}

const writes = ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems'];

function unrecorded({ polled }: Front, calls: readonly RecordedCall[]): readonly RecordedCall[] {
  const isNew = ({ principal, action, resource }: RecordedCall): boolean => {
    const name = `${principal} ${action} ${resource}`;
    const before = polled.has(name);
    polled.add(name);
    return !before;
  };
  return calls.filter(isNew);
}

function streamsOf(options: DynamoDbOptions, engineUrl: string, agent: Agent): Streams {
  const { region, accountId, clock = Date.now, directory } = options;
  const file = directory === undefined ? undefined : join(directory, 'stream-shards.json');
  return openStreams({ region, accountId, clock, file, call: (...call) => callEngine(engineUrl, agent, call) });
}

/** @throws AwsError as the engine answers */
async function callEngine(
  engineUrl: string,
  agent: Agent,
  [operation, input]: readonly [operation: string, input: object],
): Promise<unknown> {
  const { targetPrefix } = /Stream|Shard|Records/.test(operation) ? streamsProtocol : protocol;
  const headers = {
    'content-type': protocol.contentType,
    'x-amz-target': `${targetPrefix}.${operation}`,
    'x-amz-date': '20260101T000000Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
  };
  const body = Buffer.from(JSON.stringify(input));
  const { status, body: text } = await forward(engineUrl, agent, { method: 'POST', path: '/', headers, body });
  const output = JSON.parse(String(text)) as { readonly __type?: string; readonly message?: string };
  if (status !== 200) throw new AwsError(output.__type ?? `Status${status}`, output.message ?? '', status);
  return output;
}

/** The engine answers for a body that is not JSON. */
function parseInput(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const input: unknown = JSON.parse(body.toString());
    return typeof input === 'object' && input !== null ? { ...input } : {};
  } catch {
    return {};
  }
}

const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host', 'expect'];

function forward(engineUrl: string, agent: Agent, { method, path, headers, body }: ServiceRequest) {
  return new Promise<ServiceResponse>((resolve, reject) => {
    const outgoing = { ...endToEnd(headers), 'content-length': String(body.length) };
    const request = httpRequest(`${engineUrl}${path}`, { method, agent, headers: outgoing }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 502,
          headers: endToEnd(response.headers),
          body: Buffer.concat(chunks),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)));
}
