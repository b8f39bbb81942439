// A DynamoDB on loopback: an engine behind a proxy that records who calls what. I/O: sockets, a child process, files.

import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { suffer } from '../protocol/aws-error.ts';
import type { EmulatorOptions } from '../protocol/calls.ts';
import { type HttpService, type ServiceRequest, type ServiceResponse, serveHttp } from '../protocol/http-service.ts';
import { type JsonProtocol, jsonCaller, jsonError, jsonOperation } from '../protocol/json-protocol.ts';
import { dynamoDbCalls } from './calls.ts';
import { defaultEngine, type EngineName, startEngine } from './engine.ts';

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
}

const protocol: JsonProtocol = {
  contentType: 'application/x-amz-json-1.0',
  targetPrefix: 'DynamoDB_20120810',
  frontEndErrors: 'com.amazon.coral.service#',
};

const maxBodyBytes = 16 * 1024 * 1024;

/**
 * Starts the engine and its proxy.
 * @throws Error when the port is taken or the engine does not come up
 */
export async function startDynamoDb(options: DynamoDbOptions): Promise<DynamoDb> {
  const engine = await startEngine(options.engine ?? defaultEngine(), options.directory);
  const agent = new Agent({ keepAlive: true });
  const proxy = await serveHttp(options.port ?? 0, maxBodyBytes, (request) =>
    answer(options, engine.url, agent, request).catch((error: unknown) => jsonError(protocol, error)),
  ).catch(async (cause: unknown) => {
    await engine.close();
    throw cause;
  });
  const close = async () => {
    await proxy.close();
    agent.destroy();
    await engine.close();
  };
  const isWhole = engine.name === 'dynoxide';
  return {
    url: proxy.url,
    engine: engine.name,
    engineUrl: engine.url,
    supportsTtl: isWhole,
    supportsTransactions: isWhole,
    close,
  };
}

async function answer(
  options: DynamoDbOptions,
  engineUrl: string,
  agent: Agent,
  request: ServiceRequest,
): Promise<ServiceResponse> {
  const { region, accountId, principalOf, clock = Date.now } = options;
  const operation = jsonOperation(protocol, request);
  const { principal } = jsonCaller(protocol, request, { service: 'dynamodb', regions: [region], principalOf });
  const input = parseInput(request.body);
  const calls = dynamoDbCalls({ principal, operation, input, region, accountId, at: clock() });
  calls.forEach(options.record);
  await suffer(options.fault, calls);
  return forward(engineUrl, agent, request);
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
