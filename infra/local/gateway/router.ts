// API Gateway for the template's REST API: matches, authorizes, runs the integration. It has no routes of its own.
import { randomUUID } from 'node:crypto';
import type { Invoke } from '../lambda/running-functions.ts';
import { maxPayloadBytes } from '../lambda/runtime.ts';
import type { AnsweredRequest } from '../metrics/service-metrics.ts';
import { accountId } from '../template/deployment.ts';
import {
  asArray,
  asObject,
  asString,
  resourcesOfType,
  type StackTemplate,
  TemplateError,
} from '../template/stack-template.ts';
import { within } from '../within.ts';
import { contextOf } from './context.ts';
import type { Context } from './mapping-template.ts';
import { type GatewayAnswer, type GatewayError, type GatewayRequest, headerOf, isGatewayError } from './message.ts';
import { answerMock } from './mock-integration.ts';
import { proxyAnswer, proxyEvent } from './proxy-integration.ts';
import { gatewayAnswer, gatewayResponsesOf } from './response.ts';
import { type Match, type Method, matchRequest, type ProxyIntegration, routesOf } from './routes.ts';

export interface RouterOptions {
  readonly template: StackTemplate;
  readonly resolve: (value: unknown) => unknown;
  readonly invoke: Invoke;
  /** Told of every request that has been answered. */
  readonly onAnswer?: ((request: AnsweredRequest) => void) | undefined;
}

export type Router = (request: GatewayRequest) => Promise<GatewayAnswer>;

/** API Gateway's limits: 10 MB of body; request line and headers together 10,240 bytes. */
export const maxBodyBytes = 10 * 1024 * 1024;
const maxHeaderBytes = 10_240;

const internal = { message: 'Internal server error' } as const;

/** @throws TemplateError if the template holds what the router cannot execute */
export function createRouter({ template, resolve, invoke, onAnswer }: RouterOptions): Router {
  const routes = routesOf(template, resolve);
  const responses = gatewayResponsesOf(template, resolve);
  const { apiId, apiName, stage, isDetailed, binaryTypes } = apiOf(template, resolve);

  return async (request) => {
    const match = matchRequest(routes, request.method, request.path);
    const caller = match?.method.authorization === 'AWS_IAM' ? callerOf(request) : undefined;
    const requestId = randomUUID();
    const { resourceId, resourcePath } = match?.route ?? { resourceId: '', resourcePath: request.path };
    const at = Date.now();
    const about = { request, requestId, at, apiId, stage, resourceId, resourcePath };
    const context = contextOf(caller ? { ...about, caller } : about);
    const refusal = refuse(request, match?.method, caller);
    const begun = Date.now();
    const outcome = refusal ?? (match && (await run({ request, match, context, binaryTypes }, invoke)));
    const ended = Date.now();
    const accept = headerOf(request, 'accept');
    const answer =
      !outcome || isGatewayError(outcome)
        ? gatewayAnswer(responses, outcome ?? missingToken, { context, accept })
        : outcome;
    onAnswer?.({
      apiName,
      stage,
      isDetailed,
      method: request.method,
      resourcePath: match?.route.resourcePath,
      status: answer.status,
      at,
      latencyMs: Date.now() - at,
      integrationMs: match && !refusal ? ended - begun : undefined,
    });
    return { ...answer, headers: [['x-amzn-RequestId', requestId], ...answer.headers] };
  };
}

// A path or method that does not exist has this answer too: API Gateway does not tell which resources there are.
const missingToken: GatewayError = {
  gatewayResponse: 'MISSING_AUTHENTICATION_TOKEN',
  message: 'Missing Authentication Token',
};

interface Caller {
  readonly accessKeyId: string;
  readonly userArn: string;
}

function refuse(
  request: GatewayRequest,
  method: Method | undefined,
  caller: Caller | undefined,
): GatewayError | undefined {
  if (headerBytes(request) > maxHeaderBytes)
    return { gatewayResponse: 'REQUEST_TOO_LARGE', message: 'Request Too Long' };
  if (request.body.length > maxBodyBytes) {
    return { gatewayResponse: 'REQUEST_TOO_LARGE', message: `HTTP content length exceeded ${maxBodyBytes} bytes.` };
  }
  if (!method || (method.authorization === 'AWS_IAM' && !caller)) return missingToken;
  return undefined;
}

function headerBytes({ method, path, query, headers }: GatewayRequest): number {
  const requestLine = `${method} ${path}?${query} HTTP/1.1`.length;
  return headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, requestLine);
}

/** Who a SigV4 header names. The signature itself is API Gateway's to check: the local stack has no such secrets. */
function callerOf(request: GatewayRequest): Caller | undefined {
  const authorization = headerOf(request, 'authorization') ?? '';
  const [, accessKeyId] =
    /^AWS4-HMAC-SHA256 (?=.*SignedHeaders=)(?=.*Signature=).*Credential=([A-Za-z0-9]+)\//.exec(authorization) ?? [];
  return accessKeyId ? { accessKeyId, userArn: `arn:aws:iam::${accountId}:user/${accessKeyId}` } : undefined;
}

interface Run {
  readonly request: GatewayRequest;
  readonly match: Match;
  readonly context: Context;
  readonly binaryTypes: readonly string[];
}

function run(input: Run, invoke: Invoke): GatewayAnswer | GatewayError | Promise<GatewayAnswer | GatewayError> {
  const { request, match, context } = input;
  const { integration } = match.method;
  if ('proxy' in integration) return runProxy(integration.proxy, input, invoke);
  return answerMock(integration.mock, {
    contentType: headerOf(request, 'content-type'),
    accept: headerOf(request, 'accept'),
    body: request.body.toString('utf8'),
    context,
  });
}

async function runProxy(proxy: ProxyIntegration, input: Run, invoke: Invoke): Promise<GatewayAnswer | GatewayError> {
  const event = JSON.stringify(proxyEvent(input));
  if (Buffer.byteLength(event) > maxPayloadBytes) {
    return { gatewayResponse: 'REQUEST_TOO_LARGE', message: 'Request Too Long' };
  }
  const result = await within(proxy.timeoutMs, invoke(proxy.functionArn, event));
  if (result === 'timeout') return { gatewayResponse: 'INTEGRATION_TIMEOUT', message: 'Endpoint request timed out' };
  const { binaryTypes, request } = input;
  const answer = result.ok
    ? proxyAnswer(result.payload, { accept: headerOf(request, 'accept'), binaryTypes })
    : undefined;
  // A function that fails, crashes or runs into its own timeout is a malformed answer to API Gateway: 502, not 504.
  return answer ?? { gatewayResponse: 'DEFAULT_5XX', status: 502, ...internal };
}

function apiOf(template: StackTemplate, resolve: (value: unknown) => unknown) {
  const [api, second] = resourcesOfType(template, 'AWS::ApiGateway::RestApi');
  if (!api || second) throw new TemplateError('the local stack serves a template with exactly one REST API');
  const binary = asArray(resolve(api[1].Properties?.BinaryMediaTypes), `${api[0]}.BinaryMediaTypes`);
  return {
    apiId: asString(resolve({ Ref: api[0] }), api[0]),
    apiName: asString(resolve(api[1].Properties?.Name ?? api[0]), `${api[0]}.Name`),
    stage: stageOf(template, resolve),
    isDetailed: hasMethodMetrics(template, resolve),
    binaryTypes: binary.map((type) => asString(type, `${api[0]}.BinaryMediaTypes`)),
  };
}

/** Whether the stage publishes metrics of single methods. */
function hasMethodMetrics(template: StackTemplate, resolve: (value: unknown) => unknown): boolean {
  const [stage] = resourcesOfType(template, 'AWS::ApiGateway::Stage');
  return asArray(resolve(stage?.[1].Properties?.MethodSettings), 'MethodSettings').some(
    (setting) => String(asObject(setting, 'MethodSettings').MetricsEnabled) === 'true',
  );
}

/** Name of the one stage the template deploys. */
export function stageOf(template: StackTemplate, resolve: (value: unknown) => unknown): string {
  const [stage] = resourcesOfType(template, 'AWS::ApiGateway::Stage');
  if (!stage) throw new TemplateError('the template deploys no stage');
  return asString(resolve(stage[1].Properties?.StageName), `${stage[0]}.StageName`);
}
