// The front door with real sockets: whole requests in, and JSON out even for what is no request.
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { type FrontDoor, openFrontDoor } from '../../../infra/local/front-door.ts';
import type { GatewayRequest } from '../../../infra/local/gateway/message.ts';

const doors: FrontDoor[] = [];
async function door(): Promise<FrontDoor> {
  const made = await openFrontDoor({ port: 0, maxBodyBytes: 1000, log: () => {} });
  doors.push(made);
  return made;
}

afterEach(() => Promise.all(doors.splice(0).map((one) => one.close())));

async function raw(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(bytes);
  return text(socket);
}

describe('the front door', () => {
  it('is 503 until it is opened', async () => {
    const one = await door();
    const early = await fetch(one.url);
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '2']);
    one.open(async () => ({ status: 204, headers: [], body: '' }));
    expect((await fetch(one.url)).status).toBe(204);
  });

  it('hands over the request as it was sent', async () => {
    const one = await door();
    const seen: GatewayRequest[] = [];
    one.open(async (request) => {
      seen.push(request);
      return {
        status: 200,
        headers: [
          ['Set-Cookie', 'a'],
          ['Set-Cookie', 'b'],
        ],
        body: 'ok',
      };
    });
    const answer = await raw(
      one.url,
      'POST //a%20b/?q=1?2 HTTP/1.1\r\nHost: x\r\nX-Case: Y\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi',
    );
    expect(seen[0]).toMatchObject({ method: 'POST', path: '//a%20b/', query: 'q=1?2', sourceIp: '127.0.0.1' });
    expect(seen[0]?.headers).toContainEqual(['X-Case', 'Y']);
    expect(String(seen[0]?.body)).toBe('hi');
    expect(answer).toContain('Set-Cookie: a\r\nSet-Cookie: b\r\n');
  });

  it('answers before it has read a body beyond the limit, and lets the answerer see that it is too long', async () => {
    const one = await door();
    one.open(async ({ body }) => ({ status: body.length > 1000 ? 413 : 200, headers: [], body: '' }));
    expect((await fetch(one.url, { method: 'POST', body: 'x'.repeat(1000) })).status).toBe(200);
    expect((await fetch(one.url, { method: 'POST', body: 'x'.repeat(1001) })).status).toBe(413);
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n', 400],
    ['headers of 100 KB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
  ])('answers JSON to %s', async (_name, bytes, status) => {
    const one = await door();
    const answer = await raw(one.url, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('Content-Type: application/json');
    expect(answer).toContain('"error":"invalid_request"');
  });

  it('answers JSON when the answerer fails, without saying why', async () => {
    const one = await door();
    one.open(() => Promise.reject(new Error('secret')));
    const answer = await fetch(one.url);
    expect([answer.status, await answer.json()]).toEqual([
      500,
      {
        error: 'server_error',
        error_description: 'internal error',
        code: 'server_error',
        message: 'internal error',
      },
    ]);
  });

  it('says that a port is taken', async () => {
    const one = await door();
    const port = Number(new URL(one.url).port);
    await expect(openFrontDoor({ port, maxBodyBytes: 1, log: () => {} })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
