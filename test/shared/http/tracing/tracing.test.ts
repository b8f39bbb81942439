// The spans of exchanges, as a collector gets them.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { refusalOf } from '../../../../shared/http/audit.ts';
import { tokenEndpoint } from '../../../../shared/http/endpoints/token.ts';
import { requestTracing } from '../../../../shared/http/request-tracing.ts';
import type { ExchangeCapabilities } from '../../../../shared/oauth/capabilities.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { formBody, makeWorld, now, subjectClaims, subjectToken } from '../../../world.ts';

interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, string>> }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code: number };
}

const bodies: string[] = [];
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    bodies.push(String(Buffer.concat(chunks)));
    response.writeHead(200).end('{}');
  });
});
let collector = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  collector = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => void bodies.splice(0));
afterAll(() => new Promise((resolve) => server.close(resolve)));

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const traceparent = (flags: string) => `00-${traceId}-${spanId}-${flags}`;
const [lambdaTrace, lambdaSpan] = ['5759e988bd862e3fe1be46a994272793', '53995c3f42cd8ad8'];
const lambda = (sampled: 0 | 1) => `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=${lambdaSpan};Sampled=${sampled}`;

interface Exchange {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  readonly traceHeader?: string;
  readonly cambio?: Partial<ExchangeCapabilities>;
  readonly at?: string;
}

async function exchange({ body = formBody(), headers = {}, traceHeader, cambio, at = collector }: Exchange = {}) {
  const failures: unknown[] = [];
  const trace = await requestTracing(at, {
    ...{ name: 'token', version: '1.2.3', newId: randomUUID, endingOf: refusalOf, traceHeader: () => traceHeader },
    ...{ wallClock: () => now * 1_000, clock: () => performance.now(), patience: 10_000 },
    write: (level, message, fields) => failures.push([level, message, fields]),
  });
  const options = { write: () => {}, newId: () => 'decision-7', clock: () => performance.now(), trace };
  const handler = tokenEndpoint(makeWorld(cambio).cambio, options);
  const event = {
    ...{ body, httpMethod: 'POST', resource: '/token', isBase64Encoded: false },
    requestContext: { requestId: 'request-1', identity: { sourceIp: '192.0.2.1' } },
    multiValueHeaders: { 'Content-Type': ['application/x-www-form-urlencoded'], ...headers },
  };
  const { statusCode, headers: answered } = await handler(event as never, {} as Context);
  return { statusCode, traceresponse: answered?.['traceresponse'], failures, spans: bodies.flatMap(spansIn) };
}

function spansIn(body: string): readonly SentSpan[] {
  const { resourceSpans } = JSON.parse(body) as {
    readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[] }[];
  };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

const attributesOf = (span: SentSpan | undefined) =>
  Object.fromEntries(span?.attributes.map(({ key, value }) => [key, Object.values(value)[0]]) ?? []);
const named = (spans: readonly SentSpan[], name: string) => spans.find((span) => span.name === name);

test('a request is a span of its caller’s trace, with its phases below it, and the caller learns which', async () => {
  const headers = { traceparent: [traceparent('01')], tracestate: ['congo=1'] };
  const { statusCode, spans, traceresponse } = await exchange({ headers, traceHeader: lambda(0) });
  expect(statusCode).toBe(200);
  expect(spans.map(({ name }) => name)).toEqual(['POST /token', 'verify', 'policy', 'admit', 'mint', 'record']);
  const [first, ...phases] = spans;
  expect(first).toMatchObject({ traceId, parentSpanId: spanId, traceState: 'congo=1', kind: 2 });
  expect(first?.links).toEqual([{ traceId: lambdaTrace, spanId: lambdaSpan }]);
  expect(traceresponse).toBe(`00-${traceId}-${first?.spanId}-01`);
  for (const phase of phases) {
    expect(phase).toMatchObject({ traceId, parentSpanId: first?.spanId, kind: 1 });
    expect(BigInt(phase.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(first?.startTimeUnixNano ?? 0));
    expect(BigInt(phase.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(phase.startTimeUnixNano));
    expect(BigInt(phase.endTimeUnixNano)).toBeLessThanOrEqual(BigInt(first?.endTimeUnixNano ?? 0));
  }
  expect(first?.startTimeUnixNano).toBe(`${now}000000000`);
  expect(new Set(spans.map((span) => span.spanId)).size).toBe(spans.length);
  expect(attributesOf(first)).toEqual({
    'http.request.method': 'POST',
    'http.route': '/token',
    'http.response.status_code': '200',
    'cambio.decision_id': 'decision-7',
    'cambio.outcome': 'granted',
    'cambio.rule': expect.any(String),
    'cambio.issuer': 'github',
  });
  expect(bodies[0]).toContain('{"key":"service.name","value":{"stringValue":"cambio-token"}}');
});

test('without a caller’s trace it belongs to Lambda’s, and without that to one of its own', async () => {
  const ofLambda = await exchange({ traceHeader: lambda(1) });
  expect(ofLambda.spans[0]).toMatchObject({ traceId: lambdaTrace, parentSpanId: lambdaSpan });
  expect(ofLambda.spans[0]).not.toHaveProperty('links');
  const twice = await exchange({ headers: { traceparent: [traceparent('01'), traceparent('01')] } });
  expect(twice.traceresponse).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(twice.traceresponse).not.toContain(traceId);
});

test('what is not sampled is not sent, unless it is refused', async () => {
  const headers = { traceparent: [traceparent('00')] };
  const granted = await exchange({ headers, traceHeader: lambda(1) });
  expect([granted.statusCode, granted.spans]).toEqual([200, []]);
  expect(granted.traceresponse).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
  const refused = await exchange({ headers, body: formBody({ audience: 'other-api' }) });
  expect(refused.statusCode).toBe(400);
  expect(refused.traceresponse).toBe(`00-${traceId}-${refused.spans[0]?.spanId}-01`);
  expect(attributesOf(refused.spans[0])).toMatchObject({
    'cambio.outcome': 'refused',
    'cambio.reason': 'target',
    'error.type': 'invalid_target',
  });
  const malformed = await exchange({ headers, body: 'grant_type' });
  expect([malformed.statusCode, malformed.spans.length > 0]).toEqual([400, true]);
});

test('the phase that refused says why, and is an error only where the fault is ours', async () => {
  const refused = await exchange({ body: formBody({ audience: 'other-api' }) });
  expect(attributesOf(named(refused.spans, 'policy'))).toEqual({ 'cambio.reason': 'target' });
  expect(refused.spans.filter(({ status }) => status)).toEqual([]);
  expect(attributesOf(named(refused.spans, 'verify'))).toEqual({});
  bodies.splice(0);
  const sign = async () => {
    throw new Refused({ kind: 'unavailable', dependency: 'kms' });
  };
  const failed = await exchange({ cambio: { sign } });
  expect(failed.statusCode).toBe(503);
  expect(failed.spans.filter(({ status }) => status?.code === 2).map(({ name }) => name)).toEqual(
    expect.arrayContaining(['POST /token', 'mint']),
  );
  expect(attributesOf(named(failed.spans, 'mint'))).toEqual({ 'cambio.reason': 'unavailable' });
  expect(named(failed.spans, 'verify')?.status).toBeUndefined();
});

test('nothing of a token, a claim, a parameter or a header is in it', async () => {
  const canary = 'canary';
  const claims = Object.fromEntries(
    Object.entries(subjectClaims).map(([name, value]) => [
      name,
      name === 'sub' || name === 'jti' ? `${canary}-${name}` : value,
    ]),
  );
  const token = subjectToken({ ...claims, actor: `${canary}-actor`, email: `${canary}-email` });
  const headers = {
    ...{ traceparent: [traceparent('01')], authorization: [`Basic ${canary}`], dpop: [canary], cookie: [canary] },
    'user-agent': [canary],
  };
  const answers = [
    await exchange({ headers: { traceparent: [traceparent('01')] }, body: formBody({ subject_token: token }) }),
    await exchange({ headers, body: formBody({ subject_token: token, scope: `${canary}:scope` }) }),
    await exchange({
      headers: { traceparent: [traceparent('01')] },
      body: formBody({ audience: canary, subject_token: token }),
    }),
    await exchange({
      headers: { traceparent: [traceparent('01')] },
      body: formBody({ subject_token: `${canary}.e30.x` }),
    }),
    await exchange({
      headers: { traceparent: [traceparent('01')] },
      body: formBody({ [canary]: canary, client_id: canary }),
    }),
  ];
  expect(answers.map(({ statusCode }) => statusCode)).toContain(200);
  expect(bodies).toHaveLength(answers.length);
  for (const body of bodies) {
    expect(body).not.toContain(canary);
    expect(body).not.toContain(token);
    expect(body).not.toContain(token.split('.')[1] ?? '');
  }
});

test('a collector that is not there fails no request', async () => {
  const { statusCode, failures } = await exchange({ at: 'http://127.0.0.1:1', traceHeader: lambda(1) });
  expect([statusCode, failures]).toEqual([
    200,
    [['error', 'tracing', { cause: [expect.stringContaining('ECONNREFUSED')] }]],
  ]);
});
