import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createSendSpans } from '../../../../shared/http/tracing/send-spans.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Milliseconds, for a machine that is busy. */
const patience = 10_000;

/** A collector that answers with this status, or not at all. */
async function collector(status: number | undefined) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(`${request.method} ${request.url} ${request.headers['content-type']} ${Buffer.concat(chunks)}`);
      if (status !== undefined) response.writeHead(status).end('{}');
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

test('a body is posted as JSON to the path that OTLP has', async () => {
  const { url, bodies } = await collector(200);
  const failures: unknown[] = [];
  const send = createSendSpans({
    collector: url,
    clock: () => 0,
    onFailure: (cause) => failures.push(cause),
    patience,
  });
  await send({ resourceSpans: [] });
  expect(bodies).toEqual(['POST /v1/traces application/json {"resourceSpans":[]}']);
  expect(failures).toEqual([]);
});

test('a collector that fails is left alone for ten seconds, and nobody’s request fails', async () => {
  const { url, bodies } = await collector(503);
  const failures: string[] = [];
  let now = 0;
  const onFailure = (cause: unknown) => failures.push((cause as Error).message);
  const send = createSendSpans({ collector: url, clock: () => now, onFailure, patience });
  await send({});
  now = 9_999;
  await send({});
  expect([bodies.length, failures]).toEqual([1, ['the collector answered 503']]);
  now = 10_000;
  await send({});
  expect(bodies).toHaveLength(2);
});

test('one that does not answer, or is not there, holds a request back for a moment at most', async () => {
  const { url } = await collector(undefined);
  for (const address of [url, 'http://127.0.0.1:1']) {
    const failures: unknown[] = [];
    const send = createSendSpans({ collector: address, clock: () => 0, onFailure: (cause) => failures.push(cause) });
    const started = performance.now();
    await send({});
    // Long for a machine that is busy, short beside the seconds a socket would wait.
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(failures).toHaveLength(1);
  }
});

test('a connection that was closed in between is opened again', async () => {
  const { url, bodies } = await collector(200);
  const failures: unknown[] = [];
  const send = createSendSpans({
    collector: url,
    clock: () => 0,
    onFailure: (cause) => failures.push(cause),
    patience,
  });
  await send({});
  const sent = send({});
  // Under way on the connection of the first.
  for (const server of servers) server.closeAllConnections();
  await sent;
  await send({});
  expect([bodies.length >= 2, failures]).toEqual([true, []]);
});
