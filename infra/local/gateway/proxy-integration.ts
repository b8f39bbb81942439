// Lambda proxy integration (REST API, payload format 1.0): request to event, the function's result to answer. Pure.
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { isObject } from '../template/stack-template.ts';
import type { Context } from './mapping-template.ts';
import { type GatewayAnswer, type GatewayRequest, type HeaderList, headerOf } from './message.ts';
import type { Match } from './routes.ts';

export interface EventInput {
  readonly request: GatewayRequest;
  readonly match: Match;
  readonly context: Context;
  /** BinaryMediaTypes of the API. */
  readonly binaryTypes: readonly string[];
}

/** The event a function gets. */
export function proxyEvent({ request, match, context, binaryTypes }: EventInput): APIGatewayProxyEvent {
  const headers = forwarded(request);
  const query = [...new URLSearchParams(request.query)];
  const binary = isBinary(headerOf(request, 'content-type') ?? '', binaryTypes);
  return {
    resource: match.route.resourcePath,
    path: request.path,
    httpMethod: request.method,
    headers: lastValues(headers),
    multiValueHeaders: allValues(headers),
    queryStringParameters: query.length > 0 ? lastValues(query) : null,
    multiValueQueryStringParameters: query.length > 0 ? allValues(query) : null,
    pathParameters: Object.keys(match.pathParameters).length > 0 ? match.pathParameters : null,
    stageVariables: null,
    requestContext: context as unknown as APIGatewayProxyEvent['requestContext'],
    body: request.body.length > 0 ? request.body.toString(binary ? 'base64' : 'utf8') : null,
    isBase64Encoded: binary,
  };
}

const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect']);

function forwarded(request: GatewayRequest): HeaderList {
  const passed = request.headers.filter(
    ([name]) => !hopByHop.has(name.toLowerCase()) && name.toLowerCase() !== 'x-forwarded-for',
  );
  const before = headerOf(request, 'x-forwarded-for');
  return [
    ...passed,
    ['X-Forwarded-For', before ? `${before}, ${request.sourceIp}` : request.sourceIp],
    ['X-Forwarded-Port', '443'],
    ['X-Forwarded-Proto', 'https'],
  ];
}

function lastValues(pairs: HeaderList): Record<string, string> {
  return Object.fromEntries(pairs);
}

function allValues(pairs: HeaderList): Record<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of pairs) values.set(name, [...(values.get(name) ?? []), value]);
  return Object.fromEntries(values);
}

// API Gateway renames these headers of an answer to x-amzn-remapped-<name>.
const remapped = new Set(['connection', 'content-length', 'content-md5', 'date', 'host', 'server', 'user-agent']);

/** The answer of a function's result; undefined if the result has not the shape API Gateway demands. */
export function proxyAnswer(
  payload: string,
  { accept, binaryTypes }: { readonly accept: string | undefined; readonly binaryTypes: readonly string[] },
): GatewayAnswer | undefined {
  const result = parseResult(payload);
  if (!result) return undefined;
  const { body, isBase64Encoded } = result;
  const decode = isBase64Encoded && (accept ?? '*/*').split(',').some((type) => isBinary(type, binaryTypes));
  const headers = result.headers.flatMap(([name, value]) => remap(name, value));
  const typed = headers.some(([name]) => name.toLowerCase() === 'content-type');
  return {
    status: result.status,
    headers: typed ? headers : [['Content-Type', 'application/json'], ...headers],
    body: decode ? Buffer.from(body, 'base64') : body,
  };
}

/** WWW-Authenticate goes out under both names, so that clients which know only the deployed API's or the RFC's work. */
function remap(name: string, value: string): HeaderList {
  const lower = name.toLowerCase();
  const renamed = [`x-amzn-remapped-${lower}`, value] as const;
  if (lower === 'www-authenticate') return [renamed, [name, value]];
  return remapped.has(lower) ? [renamed] : [[name, value]];
}

interface FunctionResult {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

const members = new Set(['statusCode', 'headers', 'multiValueHeaders', 'body', 'isBase64Encoded']);

function parseResult(payload: string): FunctionResult | undefined {
  const value = parseJson(payload);
  if (!isObject(value) || Object.keys(value).some((name) => !members.has(name))) return undefined;
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = value;
  const status = Number(statusCode ?? 200);
  const list = headerList(headers, multiValueHeaders);
  if (!Number.isInteger(status) || status < 100 || status > 599 || !list) return undefined;
  if (body !== undefined && body !== null && typeof body !== 'string') return undefined;
  return { status, headers: list, body: body ?? '', isBase64Encoded: isBase64Encoded === true };
}

// multiValueHeaders win over headers of the same name.
function headerList(single: unknown, multiple: unknown): HeaderList | undefined {
  const one = single ?? {};
  const many = multiple ?? {};
  if (!isObject(one) || !isObject(many)) return undefined;
  const lists = Object.entries(many).flatMap(([name, values]) =>
    (Array.isArray(values) ? values : []).map((value) => [name, String(value)] as const),
  );
  const taken = new Set(lists.map(([name]) => name.toLowerCase()));
  const singles = Object.entries(one).filter(([name]) => !taken.has(name.toLowerCase()));
  return [...singles.map(([name, value]) => [name, String(value)] as const), ...lists];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isBinary(contentType: string, binaryTypes: readonly string[]): boolean {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  return binaryTypes.some((binary) => binary === '*/*' || binary.toLowerCase() === type);
}
