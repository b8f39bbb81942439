// Kept-alive connections against servers that end them, are silent, are somebody else: a request is answered, or fails in time.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { createConnections } from '../../../../shared/aws/direct/connections.ts';
import { selfSigned } from '../../issuers/certificate.ts';

const limits = { connectMs: 2_000, answerMs: 2_000, maxBytes: 1_000 };
const ok = (body: string, more = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
const running: Server[] = [];
afterEach(() => {
  for (const server of running.splice(0)) server.close();
});

/** What a server does with the request number `request` of connection number `connection`, both from 1. */
type Serve = (socket: Socket, at: { readonly connection: number; readonly request: number }) => void;

async function served(serve: Serve): Promise<{ url: URL; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const connection = sockets.push(socket);
    let request = 0;
    socket.on('error', () => {});
    socket.on('data', () => {
      request += 1;
      serve(socket, { connection, request });
    });
  });
  running.push(server.listen(0, '127.0.0.1'));
  await new Promise((resolve) => server.once('listening', resolve));
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`), sockets };
}

/** Waits until this process has heard what sockets of its own told it; a timer alone may end before it has looked. */
async function heard(): Promise<void> {
  for (let turns = 0; turns < 10; turns += 1) await turn();
}

const bodyOf = async (sent: Promise<{ body: Buffer }>): Promise<string> => (await sent).body.toString();

describe('a connection', () => {
  test('serves one request after the other, and requests at once have one each', async () => {
    const { url, sockets } = await served((socket, { connection, request }) =>
      socket.write(ok(`${connection}.${request}`)),
    );
    const { send } = createConnections({ ...limits, url });
    expect([await bodyOf(send('a')), await bodyOf(send('b'))]).toEqual(['1.1', '1.2']);
    const both = await Promise.all([bodyOf(send('c')), bodyOf(send('d'))]);
    expect(both.sort()).toEqual(['1.3', '2.1']);
    expect(sockets).toHaveLength(2);
  });

  test('opened before there is a request serves the first', async () => {
    const { url, sockets } = await served((socket, { connection }) => socket.write(ok(String(connection))));
    const { open, send } = createConnections({ ...limits, url });
    open();
    while (sockets.length === 0) await delay(5);
    await heard();
    expect(await bodyOf(send('a'))).toBe('1');
    const early = createConnections({ ...limits, url });
    early.open();
    // It is still connecting, and serves the one request alone that comes first.
    expect(await Promise.all([bodyOf(early.send('a')), bodyOf(early.send('b'))])).toEqual(['2', '3']);
    expect(sockets).toHaveLength(3);
    const idle = createConnections({ ...limits, url });
    idle.open();
    while (sockets.length === 3) await delay(5);
    sockets[3]?.destroy();
    await heard();
    expect(await bodyOf(idle.send('a'))).toBe('5');
    const unreachable = createConnections({ ...limits, url: new URL('http://127.0.0.1:1/') });
    unreachable.open();
    await expect(unreachable.send('a')).rejects.toThrow('ECONNREFUSED');
  });

  test.each<[string, Serve]>([
    [
      'says that it is the last',
      (socket, { connection }) => socket.write(ok(String(connection), 'Connection: close\r\n')),
    ],
    ['is ended after its answer', (socket, { connection }) => socket.end(ok(String(connection)))],
    [
      'says something nobody asked for',
      (socket, { connection }) => {
        socket.write(ok(String(connection)));
        setTimeout(() => socket.write(ok('unasked')), 10);
      },
    ],
  ])('that %s is not used again', async (_what, serve) => {
    const { url } = await served(serve);
    const { send } = createConnections({ ...limits, url });
    expect(await bodyOf(send('a'))).toBe('1');
    await delay(60);
    await heard();
    expect(await bodyOf(send('b'))).toBe('2');
  });

  test('that was closed while nobody looked costs a new one, and no failure', async () => {
    const { url, sockets } = await served((socket, { connection, request }) =>
      connection < 3 && request > 1 ? socket.resetAndDestroy() : socket.write(ok(`${connection}.${request}`)),
    );
    const { send } = createConnections({ ...limits, url });
    await Promise.all([send('a'), send('b')]);
    // The other idle one is as old, and is not tried.
    expect([await bodyOf(send('c')), await bodyOf(send('d')), sockets.length]).toEqual(['3.1', '3.2', 3]);
  });

  test.each<[string, string, Serve]>([
    ['closed instead of an answer', 'the connection ended', (socket) => socket.end()],
    ['closed within an answer', 'the connection ended', (socket) => socket.end(ok('whole').slice(0, -2))],
    [
      'reset within an answer',
      'the connection ended',
      (socket) => {
        socket.write(ok('whole').slice(0, -2), () => setTimeout(() => socket.resetAndDestroy(), 5));
      },
    ],
    ['answered with what is no answer', 'not understood', (socket) => socket.write('SSH-2.0-x\r\n\r\n')],
    ['answered at length', 'over 1000 bytes', (socket) => socket.write(ok('x'.repeat(1_001)))],
    ['not answered', 'no answer in 100 ms', () => {}],
    [
      'answered a little at a time for ever',
      'no answer in 100 ms',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        const drip = setInterval(() => socket.write('x: y\r\n'), 20);
        socket.on('close', () => clearInterval(drip));
      },
    ],
  ])('that is %s fails its request, and the next has another', async (_what, message, serve) => {
    const { url } = await served((socket, at) => (at.connection === 1 ? serve(socket, at) : socket.write(ok('next'))));
    const { send } = createConnections({ ...limits, url, answerMs: 100 });
    await expect(send('a')).rejects.toThrow(message);
    expect(await bodyOf(send('b'))).toBe('next');
  });

  test('that fails in the middle of a later answer is not tried again by itself: the service had begun', async () => {
    const { url, sockets } = await served((socket, { request }) =>
      request === 1 ? socket.write(ok('one')) : socket.end(ok('whole').slice(0, -2)),
    );
    const { send } = createConnections({ ...limits, url });
    await send('a');
    await expect(send('b')).rejects.toThrow('the connection ended');
    expect(sockets).toHaveLength(1);
  });
});

describe('TLS', () => {
  const [day, now] = [86_400_000, Date.now()];
  const certificate = selfSigned({ ip: '127.0.0.1', notBefore: new Date(now - day), notAfter: new Date(now + day) });
  const servedTls = async (): Promise<number> => {
    const server = createTlsServer({ ...certificate, ALPNProtocols: ['http/1.1'] }, (socket) => {
      socket.on('error', () => {});
      const body = `${socket.alpnProtocol}${socket.isSessionReused() ? ' again' : ''}`;
      socket.on('data', () => socket.write(ok(body, 'Connection: close\r\n')));
    });
    server.on('tlsClientError', () => {});
    running.push(server.listen(0, '127.0.0.1'));
    await new Promise((resolve) => server.once('listening', resolve));
    return (server.address() as AddressInfo).port;
  };

  test('is spoken with the host of the URL alone, and only where its certificate is trusted', async () => {
    const port = await servedTls();
    const connections = (host: string, trust = {}) =>
      createConnections({ ...limits, url: new URL(`https://${host}:${port}/`), ...trust });
    const trust = { ca: certificate.cert };
    expect(await bodyOf(connections('127.0.0.1', trust).send('a'))).toBe('http/1.1');
    await expect(connections('localhost', trust).send('a')).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    await expect(connections('127.0.0.1').send('a')).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });

  test('is not weakened by the environment', async () => {
    const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env;
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const { send } = createConnections({ ...limits, url: new URL(`https://127.0.0.1:${await servedTls()}/`) });
      await expect(send('a')).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  test('takes its session to the next connection', async () => {
    const url = new URL(`https://127.0.0.1:${await servedTls()}/`);
    const { send } = createConnections({ ...limits, url, ca: certificate.cert });
    expect([await bodyOf(send('a')), await bodyOf(send('b'))]).toEqual(['http/1.1', 'http/1.1 again']);
  });
});
