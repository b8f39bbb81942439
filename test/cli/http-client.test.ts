// One request and its whole answer: what is repeated by itself, and what is too much.
import { afterEach, expect, test } from 'vitest';
import { createSend, NoAnswer } from '../../cli/http-client.ts';
import { type LoopbackServer, serveHttp, serveTcp } from '../shared/issuers/loopback-server.ts';

let server: LoopbackServer | undefined;
afterEach(() => server?.close());
const send = createSend({});
const url = (path = '/') => new URL(path, server?.url);
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n{}';

test('a kept connection that the server had closed is replaced, and the request arrives once', async () => {
  const seen: string[] = [];
  let connections = 0;
  server = await serveTcp((socket) => {
    connections += 1;
    let requests = 0;
    const first = connections === 1;
    socket.on('data', (data) => {
      requests += 1;
      // Reset as a server does that has given up on an idle connection.
      if (first && requests === 2) return socket.resetAndDestroy();
      seen.push(data.toString().split(' ')[1] ?? '');
      return socket.write(answer);
    });
  });
  expect((await send({ url: url('/one') })).status).toBe(200);
  await new Promise((resolve) => setImmediate(resolve));
  expect((await send({ method: 'POST', url: url('/two'), body: 'a=b' })).status).toBe(200);
  expect({ seen, connections }).toEqual({ seen: ['/one', '/two'], connections: 2 });
});

test('a new connection that breaks is not: the request may have been served', async () => {
  let connections = 0;
  server = await serveTcp((socket) => {
    connections += 1;
    socket.once('data', () => socket.resetAndDestroy());
  });
  await expect(send({ method: 'POST', url: url(), body: 'a=b' })).rejects.toThrow(/^no answer from .*ECONNRESET$/);
  expect(connections).toBe(1);
});

test('an answer that does not end, or is over a mebibyte, is none', async () => {
  server = await serveHttp((request, response) => {
    if (request.url === '/drip') return response.write('{');
    return response.end('x'.repeat(request.url === '/large' ? 1_048_577 : 1_048_576));
  });
  await expect(send({ url: url('/drip'), timeoutMs: 100 })).rejects.toBeInstanceOf(NoAnswer);
  await expect(send({ url: url('/large') })).rejects.toThrow('over 1048576 bytes');
  expect((await send({ url: url('/whole') })).body.length).toBe(1_048_576);
});
