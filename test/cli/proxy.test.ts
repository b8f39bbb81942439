// HTTPS_PROXY and NO_PROXY: which requests go through a proxy, and that TLS inside the tunnel is checked as always.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { get } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSend } from '../../cli/http-client.ts';
import { proxyOf } from '../../cli/proxy.ts';
import { tunnelAgent } from '../../cli/tunnel.ts';
import { compiledOnce } from '../compiled-once.ts';
import { selfSigned } from '../shared/issuers/certificate.ts';
import { json, type LoopbackServer, serveHttps, serveTcp } from '../shared/issuers/loopback-server.ts';

const url = new URL('https://api.acme.example/token');
const proxy = 'http://proxy.example:3128';

describe('which proxy', () => {
  test.each<[string, Record<string, string>, string | undefined]>([
    ['none without HTTPS_PROXY', {}, undefined],
    ['HTTPS_PROXY', { HTTPS_PROXY: proxy }, `${proxy}/`],
    ['https_proxy before it', { https_proxy: 'https://other.example', HTTPS_PROXY: proxy }, 'https://other.example/'],
    ['without a scheme', { HTTPS_PROXY: 'proxy.example:3128' }, `${proxy}/`],
    ['not HTTP_PROXY', { HTTP_PROXY: proxy }, undefined],
  ])('%s', (_what, environment, expected) => {
    expect(proxyOf(url, environment)?.href).toBe(expected);
  });

  test('none for http, which only goes to loopback', () => {
    expect(proxyOf(new URL('http://127.0.0.1:8787'), { HTTPS_PROXY: proxy })).toBeUndefined();
  });

  test.each([
    ['*', 'https://api.acme.example'],
    ['api.acme.example', 'https://api.acme.example'],
    ['acme.example', 'https://api.acme.example'],
    ['.acme.example', 'https://api.acme.example'],
    ['*.acme.example', 'https://api.acme.example'],
    ['other.example, API.acme.example', 'https://api.acme.example'],
    ['api.acme.example:8443', 'https://api.acme.example:8443'],
    ['10.0.0.0/8', 'https://10.1.2.3'],
    ['10.1.2.3', 'https://10.1.2.3'],
    ['fd00::/8', 'https://[fd00::1]'],
    ['[fd00::1]:443', 'https://[fd00::1]'],
  ])('NO_PROXY %s exempts %s', (list, exempt) => {
    expect(proxyOf(new URL(exempt), { HTTPS_PROXY: proxy, NO_PROXY: list })).toBeUndefined();
    expect(proxyOf(new URL(exempt), { HTTPS_PROXY: proxy, NO_PROXY: '' })).toBeDefined();
  });

  test.each([
    ['cme.example', 'https://api.acme.example'],
    ['api.acme.example.evil', 'https://api.acme.example'],
    ['api.acme.example:8443', 'https://api.acme.example'],
    ['10.0.0.0/8', 'https://11.1.2.3'],
    ['10.0.0.0/99', 'https://10.1.2.3'],
    ['0.0.0', 'https://10.0.0.0'],
  ])('NO_PROXY %s does not exempt %s', (list, host) => {
    expect(proxyOf(new URL(host), { HTTPS_PROXY: proxy, NO_PROXY: list })).toBeDefined();
  });

  test('what is no proxy is refused and not quoted', () => {
    for (const HTTPS_PROXY of ['socks5://user:password@proxy.example', 'http://user:password@:x']) {
      expect(() => proxyOf(url, { HTTPS_PROXY })).toThrow(/^HTTPS_PROXY is no http or https URL$/);
    }
  });
});

describe('a command behind a proxy', () => {
  const run = promisify(execFile);
  const folder = mkdtempSync(join(tmpdir(), 'cambio-proxy-'));
  const day = 86_400_000;
  const { key, cert } = selfSigned({
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + day),
    ip: '127.0.0.1',
  });
  const ca = join(folder, 'ca.pem');
  let server: LoopbackServer;
  let port: number;
  const connects: { readonly to: string; readonly authorization: string | undefined }[] = [];
  const tunnels = new Set<Socket>();
  const doorman = createServer((_request, response) => response.writeHead(400).end());

  beforeAll(async () => {
    writeFileSync(ca, cert);
    server = await serveHttps({ key, cert }, json({ access_token: 'issued', scope: '' }));
    doorman.on('connect', (request, socket: Socket) => {
      connects.push({ to: request.url ?? '', authorization: request.headers['proxy-authorization'] });
      if (request.headers['proxy-authorization'] === 'Basic dTp3cm9uZw==') {
        return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      }
      const [host, to] = (request.url ?? '').split(':');
      const upstream = connect(Number(to), host);
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
      for (const each of [socket, upstream]) tunnels.add(each.on('error', () => {}));
    });
    await new Promise<void>((resolve) => doorman.listen(0, '127.0.0.1', resolve));
    port = (doorman.address() as AddressInfo).port;
  });
  beforeEach(() => connects.splice(0));
  afterAll(async () => {
    for (const each of tunnels) each.destroy();
    await new Promise((resolve) => doorman.close(resolve));
    await server.close();
    rmSync(folder, { recursive: true });
  });

  async function exchange(environment: Readonly<Record<string, string>>) {
    const env = {
      ...compiledOnce,
      PATH: process.env['PATH'],
      CAMBIO_URL: server.url,
      CAMBIO_ID_TOKEN: 'token',
      ...environment,
    };
    const words = ['cli/cambio.mjs', 'exchange', '--audience', 'orders-api'];
    return run(process.execPath, words, { env }).then(
      ({ stdout }) => ({ exit: 0, stdout, stderr: '' }),
      ({ code, stdout, stderr }) => ({ exit: code as number, stdout: stdout as string, stderr: stderr as string }),
    );
  }

  test('tunnels through it, with its password, and trusts NODE_EXTRA_CA_CERTS', async () => {
    const HTTPS_PROXY = `http://u:p%40ss@127.0.0.1:${port}`;
    expect(await exchange({ HTTPS_PROXY, NODE_EXTRA_CA_CERTS: ca })).toEqual({
      exit: 0,
      stdout: 'issued\n',
      stderr: '',
    });
    const authorization = `Basic ${Buffer.from('u:p@ss').toString('base64')}`;
    expect(connects).toEqual([{ to: `127.0.0.1:${server.port}`, authorization }]);
  });

  test('goes straight where NO_PROXY says so', async () => {
    const environment = { HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '127.0.0.1', NODE_EXTRA_CA_CERTS: ca };
    expect((await exchange(environment)).exit).toBe(0);
    expect(connects).toEqual([]);
  });

  test('does not trust a certificate nobody vouches for, whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    for (const environment of [{}, { HTTPS_PROXY: `http://127.0.0.1:${port}` }]) {
      const { exit, stdout, stderr } = await exchange({ ...environment, NODE_TLS_REJECT_UNAUTHORIZED: '0' });
      expect([exit, stdout]).toEqual([3, '']);
      expect(stderr).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY/);
      expect(stderr).toContain('check:    the certificate is not trusted: NODE_EXTRA_CA_CERTS names');
    }
  });

  test('says that the proxy refused, once and without its password', async () => {
    const { exit, stderr } = await exchange({
      HTTPS_PROXY: `http://u:wrong@127.0.0.1:${port}`,
      NODE_EXTRA_CA_CERTS: ca,
    });
    expect(exit).toBe(3);
    expect(stderr).toContain('the proxy answered 407 to CONNECT');
    expect(stderr).toContain('check:    look at HTTPS_PROXY');
    expect(stderr).not.toContain('wrong');
    expect(connects.length).toBe(1);
  });

  test('takes a percent sign that escapes nothing for one, as curl does', async () => {
    const HTTPS_PROXY = `http://u:100%@127.0.0.1:${port}`;
    expect((await exchange({ HTTPS_PROXY, NODE_EXTRA_CA_CERTS: ca })).exit).toBe(0);
    expect(connects[0]?.authorization).toBe(`Basic ${Buffer.from('u:100%').toString('base64')}`);
  });
});

describe('a proxy that falls silent', () => {
  const silences: [string, string][] = [
    ['before it answers', ''],
    ['in the tunnel', 'HTTP/1.1 200 Connection established\r\n\r\n'],
  ];

  test.each(silences)('%s, is given up on in time', async (_when, words) => {
    const silent = await serveTcp((socket) => socket.once('data', () => socket.write(words)));
    const send = createSend({ HTTPS_PROXY: silent.url });
    await expect(send({ url, timeoutMs: 50 })).rejects.toThrow('no answer from api.acme.example: nothing for 0.05 s');
    await silent.close();
  });

  test.each(silences)('%s, keeps no connection and no process', async (_when, words) => {
    let ended: Promise<unknown> = Promise.resolve();
    const silent = await serveTcp((socket) => {
      ended = new Promise((resolve) => socket.once('close', resolve));
      socket.once('data', () => socket.write(words));
    });
    const agent = tunnelAgent(new URL(silent.url), 50, 1);
    const failed = new Promise((resolve) => get({ host: 'api.acme.example', agent }).once('error', resolve));
    expect(await failed).toMatchObject({ message: expect.stringMatching(/the proxy does not answer|no TLS through/) });
    await ended;
    await silent.close();
  });
});

test.each([
  ['a name', 'https://api.acme.example', 'api.acme.example:443'],
  ['an address with a port', 'https://10.0.0.1:8443', '10.0.0.1:8443'],
  ['an IPv6 address', 'https://[fd00::1]', '[fd00::1]:443'],
])('a proxy is asked for %s as RFC 9110 writes it', async (_what, to, authority) => {
  let asked = '';
  const other = await serveTcp((socket) =>
    socket.once('data', (data) => {
      asked = data.toString();
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    }),
  );
  await expect(createSend({ HTTPS_PROXY: other.url })({ url: new URL(to) })).rejects.toThrow('403 to CONNECT');
  expect(asked.split('\r\n')).toEqual(expect.arrayContaining([`CONNECT ${authority} HTTP/1.1`, `host: ${authority}`]));
  await other.close();
});
