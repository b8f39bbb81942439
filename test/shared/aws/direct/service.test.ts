// Calls against a service that is busy, wrong about the time, out of keys: what is tried again, when, and what is not.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { jsonProtocol } from '../../../../shared/aws/direct/json-protocol.ts';
import { createService } from '../../../../shared/aws/direct/service.ts';
import { createSignPost } from '../../../../shared/aws/sigv4.ts';

const service = jsonProtocol({
  name: 'dynamodb',
  contentType: 'application/x-amz-json-1.0',
  targetPrefix: 'DynamoDB_20120810',
  maxBytes: 1_000,
});
const keys = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' };
const limits = { connectMs: 2_000, answerMs: 5_000, retryMs: 5_000 };
const now = Date.parse('2030-01-01T00:00:00Z');

interface Scripted {
  readonly status: number;
  readonly body: unknown;
  readonly date?: string;
}

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const failure = (type: string, status = 400, date?: string): Scripted => ({
  ...{ status, body: { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'words' } },
  ...(date !== undefined && { date }),
});
const done: Scripted = { status: 200, body: { Item: {} } };

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** A service that gives the answers in turn, the last one for ever; and calls of it, with delays cut short. */
async function scripted(answers: readonly Scripted[], changes: Readonly<Record<string, string>> = {}) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ headers: request.headers, body });
      const { status, body: answer, date } = answers[Math.min(received.length, answers.length) - 1] ?? done;
      const content = typeof answer === 'string' ? answer : JSON.stringify(answer);
      response.sendDate = false;
      response.writeHead(status, { 'content-length': Buffer.byteLength(content), ...(date !== undefined && { date }) });
      response.end(content);
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  open.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const environment = { AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: url, ...keys, ...changes };
  const { call } = createService(service, { environment, clock: () => now, random: () => 0.01, limits });
  return { call, received, url };
}

test('a call is one request, with a signature over all that it says', async () => {
  const { call, received } = await scripted([done], { AWS_SESSION_TOKEN: 'session' });
  expect(await call('GetItem', { Key: { pk: { S: 'é' } } })).toEqual({ Item: {} });
  const [{ headers, body } = expect.fail('no request')] = received;
  expect(body).toBe('{"Key":{"pk":{"S":"é"}}}');
  const signed = {
    host: headers.host ?? '',
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'DynamoDB_20120810.GetItem',
  };
  const ours = createSignPost({ region: 'eu-west-1', service: 'dynamodb' })({
    ...{ path: '/', headers: signed, body, now: new Date(now) },
    keys: { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'session' },
  });
  expect(headers).toMatchObject({ ...signed, ...ours, 'content-length': String(Buffer.byteLength(body)) });
});

describe('tried again is', () => {
  test.each<[string, Scripted]>([
    ['a throttled call', failure('ThrottlingException')],
    ['one over the throughput of the table', failure('ProvisionedThroughputExceededException')],
    ['one over the limit of requests', failure('RequestLimitExceeded')],
    ['one too many, as a front end says it', { status: 429, body: 'slow down' }],
    ['one that failed inside the service', failure('InternalServerError', 500)],
    ['one that a front end had no service for', { status: 503, body: '<html>unavailable</html>' }],
    ['one that took too long on the way', failure('RequestTimeout', 408)],
    ['one whose answer is no JSON', { status: 200, body: 'what' }],
    ['one whose answer is too long', { status: 200, body: 'x'.repeat(1_001) }],
  ])('%s: twice, and no more', async (_what, answer) => {
    const { call, received } = await scripted([answer, answer, done]);
    expect(await call('PutItem', { a: 1 })).toEqual(done.body);
    expect(received.map(({ body }) => body)).toEqual(Array(3).fill('{"a":1}'));
    const failing = await scripted([answer]);
    await expect(failing.call('PutItem', {})).rejects.toThrow();
    expect(failing.received).toHaveLength(3);
  });

  test('nothing that the service would answer again, whose code is the error’s name', async () => {
    for (const type of ['ConditionalCheckFailedException', 'ValidationException', 'AccessDeniedException']) {
      const { call, received } = await scripted([failure(type), done]);
      await expect(call('PutItem', {})).rejects.toMatchObject({ name: type, status: 400, message: 'words' });
      expect(received).toHaveLength(1);
    }
    const { call } = await scripted([{ status: 404, body: 'none' }]);
    await expect(call('PutItem', {})).rejects.toMatchObject({ name: 'Status404' });
  });

  test('nothing after the time for it', async () => {
    const { received, call, url } = await scripted([failure('ThrottlingException')]);
    await expect(call('PutItem', {})).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(received).toHaveLength(3);
    let time = now;
    const late = createService(service, {
      environment: { AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: url, ...keys },
      clock: () => {
        time += 10_000;
        return time;
      },
      random: () => 1,
      limits,
    });
    await expect(late.call('PutItem', {})).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(received).toHaveLength(4);
  });

  test('nothing, once most calls have failed for a while, until calls succeed', async () => {
    const { call, received } = await scripted([
      ...Array.from({ length: 60 }, () => failure('InternalServerError', 500)),
      ...Array.from({ length: 200 }, () => failure('InternalServerError', 500)),
    ]);
    for (let calls = 0; calls < 60; calls += 1) await expect(call('PutItem', {})).rejects.toThrow();
    // 500 of quota at 5 for each retry: a hundred retries beside the sixty first tries.
    expect(received).toHaveLength(160);
  });
});

describe('a clock that is wrong', () => {
  const dateOf = (minutes: number) => new Date(now + minutes * 60_000).toUTCString();
  const signedAt = ({ headers }: Received) => headers['x-amz-date'];

  test.each([
    'RequestTimeTooSkewed',
    'InvalidSignatureException',
    'RequestExpired',
    'SignatureDoesNotMatch',
  ])('is corrected by the service’s own, where it answers %s; the next call begins with it', async (type) => {
    const { call, received } = await scripted([failure(type, 403, dateOf(10)), done]);
    await call('PutItem', {});
    await call('PutItem', {});
    expect(received.map(signedAt)).toEqual(['20300101T000000Z', '20300101T001000Z', '20300101T001000Z']);
  });

  test('is not the cause where it is right, nor where the service does not say the time', async () => {
    for (const date of [dateOf(1), undefined, 'nonsense']) {
      const { call, received } = await scripted([failure('InvalidSignatureException', 403, date), done]);
      await expect(call('PutItem', {})).rejects.toMatchObject({ name: 'InvalidSignatureException' });
      expect(received).toHaveLength(1);
    }
    const { call, received } = await scripted([failure('ValidationException', 400, dateOf(10))]);
    await expect(call('PutItem', {})).rejects.toMatchObject({ name: 'ValidationException' });
    expect(received).toHaveLength(1);
  });
});

test('keys that the service says have expired are asked for again, where there are others', async () => {
  const provider = createServer((_request, response) => {
    const Expiration = new Date(now + 3_600_000).toISOString();
    asked += 1;
    response.end(JSON.stringify({ AccessKeyId: `AKID${asked}`, SecretAccessKey: 's', Token: 't', Expiration }));
  });
  let asked = 0;
  provider.listen(0, '127.0.0.1');
  await new Promise((resolve) => provider.once('listening', resolve));
  open.push(() => provider.close());
  const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/`;
  const container = { AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
  const { call, received } = await scripted([failure('ExpiredTokenException'), done], container);
  await call('PutItem', {});
  const ids = received.map(({ headers }) => /Credential=(\w+)/.exec(headers.authorization ?? '')?.[1]);
  expect(ids).toEqual(['AKID1', 'AKID2']);
  const own = await scripted([failure('ExpiredTokenException'), done]);
  await expect(own.call('PutItem', {})).rejects.toMatchObject({ name: 'ExpiredTokenException' });
  expect(own.received).toHaveLength(1);
});

test.each<[string, unknown, string]>([
  ['with its namespace', { __type: 'com.amazon.coral.service#AccessDeniedException' }, 'AccessDeniedException'],
  ['bare', { __type: 'KMSInternalException' }, 'KMSInternalException'],
  ['with an address behind it', { code: 'ThrottledElsewhere:http://example/' }, 'ThrottledElsewhere'],
  ['as no code at all', { __type: 'no code, but a sentence' }, 'Status400'],
  ['as a list', ['x'], 'Status400'],
  ['as nothing', 'null', 'Status400'],
])('an error’s code is read %s', async (_how, body, name) => {
  const { call } = await scripted([{ status: 400, body }]);
  await expect(call('Sign', {})).rejects.toMatchObject({ name });
});
