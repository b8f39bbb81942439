// A command that shows a certificate: to a real TLS server that asks for one, under the name that discovery has for it (RFC 8705 §5).
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startAgent } from '../../cli/agent/agent.ts';
import { serverOf } from '../../cli/server.ts';
import { serverFor } from '../../cli/token/client-credentials.ts';
import { selfSigned } from '../shared/issuers/certificate.ts';
import { cambioIn, inTheWorld } from './cambio.ts';

const day = 86_400_000;
const made = (name: string, more: Partial<Parameters<typeof selfSigned>[0]> = {}) =>
  selfSigned({
    ...{ notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) },
    ip: '127.0.0.1',
    name,
    ...more,
  });
const authority = made('clients', { ca: true });
const signed = (name: string) => made(name, { issuer: { key: authority.key, name: 'clients' } });
const [ofServer, bank, successor, stranger] = [made('server'), signed('bank'), signed('bank'), made('stranger')];
const nameOf = ({ cert }: { cert: string }) => new X509Certificate(cert).fingerprint256;

const folder = mkdtempSync(join(tmpdir(), 'cambio-certificate-'));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const files = (name: string, { key, cert }: { key: string; cert: string }) => ({
  cert: file(`${name}.pem`, cert),
  key: file(`${name}.key`, key),
});
const shown = ({ cert, key }: { cert: string; key: string }) => ['--client-cert', cert, '--client-key', key];
const of = { bank: files('bank', bank), stranger: files('stranger', stranger) };
const ofBank = ['--client-id', 'bank', ...shown(of.bank)];

interface Seen {
  readonly path: string;
  readonly form: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  readonly certificate: string | undefined;
}

const seen: Seen[] = [];
const tunnelled: string[] = [];
const connections = new Set<Socket>();
const servers: Server[] = [];
const ports = { api: 0, mtls: 0, proxy: 0 };
let aliases: unknown;

const credentials = {
  ...{ Version: 1, AccessKeyId: 'ASIAEXAMPLE', SecretAccessKey: 's', SessionToken: 't', Token: 't' },
  ...{
    Expiration: '2030-01-01T00:00:00Z',
    AccountId: '111122223333',
    RoleArn: 'arn:aws:iam::111122223333:role/deploy',
  },
};

const answer: RequestListener = (request, response) => void respond(request, response);

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const { pathname } = new URL(request.url ?? '', 'http://any.example');
  const socket = request.socket as TLSSocket;
  const peer = 'getPeerX509Certificate' in socket ? socket.getPeerX509Certificate()?.fingerprint256 : undefined;
  const { authorization } = request.headers;
  seen.push({ path: pathname, form: Object.fromEntries(new URLSearchParams(body)), authorization, certificate: peer });
  const base = `http://127.0.0.1:${ports.api}`;
  const answers: Readonly<Record<string, object>> = {
    '/.well-known/oauth-authorization-server': {
      ...{ issuer: base, token_endpoint: `${base}/token`, jwks_uri: `${base}/keys` },
      ...(aliases !== undefined && { mtls_endpoint_aliases: aliases }),
    },
    '/keys': { keys: [{}] },
    '/token': body.includes('aws-credentials')
      ? { access_token: JSON.stringify(credentials), token_type: 'N_A' }
      : { access_token: 'issued', token_type: 'Bearer', expires_in: 300 },
    '/credentials': credentials,
    '/introspect': { active: true },
    '/revoke': {},
  };
  response.setHeader('content-type', 'application/json').end(JSON.stringify(answers[pathname] ?? {}));
}

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => connections.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const trusted = getCACertificates('default');

beforeAll(async () => {
  setDefaultCACertificates([...trusted, ofServer.cert]);
  const tls = { ...ofServer, requestCert: true, rejectUnauthorized: true, ca: authority.cert };
  ports.api = await listen(createServer(answer));
  ports.mtls = await listen(createTlsServer(tls, answer) as unknown as Server);
  const proxy = createServer((_, response) => response.writeHead(400).end());
  proxy.on('connect', ({ url = '' }, socket: Socket) => {
    tunnelled.push(url);
    const upstream = connect(ports.mtls, '127.0.0.1');
    for (const each of [socket, upstream]) connections.add(each.on('error', () => {}));
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    socket.pipe(upstream).pipe(socket);
  });
  ports.proxy = await listen(proxy);
});

const aliasesAt = (base: string) => ({
  token_endpoint: `${base}/token`,
  introspection_endpoint: `${base}/introspect`,
  revocation_endpoint: `${base}/revoke`,
});

beforeEach(() => {
  seen.splice(0);
  tunnelled.splice(0);
  aliases = aliasesAt(`https://127.0.0.1:${ports.mtls}`);
});

afterAll(async () => {
  setDefaultCACertificates(trusted);
  for (const socket of connections) socket.destroy();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  rmSync(folder, { recursive: true });
});

const machine = (environment: Readonly<Record<string, string>> = {}) =>
  inTheWorld({
    CAMBIO_URL: `http://127.0.0.1:${ports.api}`,
    CAMBIO_ID_TOKEN: 'token',
    TOKEN: 'issued',
    ...environment,
  });
const run = (words: readonly string[], environment?: Readonly<Record<string, string>>) =>
  cambioIn(machine(environment), ...words);
const exchange = ['exchange', '--audience', 'orders-api'];
/** Requests beside discovery. */
const calls = () => seen.filter(({ path }) => !path.startsWith('/.well-known/'));

describe('a command with --client-cert', () => {
  test('is the client of its certificate, at the name that discovery has for it, and nowhere else', async () => {
    expect(await run([...exchange, ...ofBank])).toEqual({ exit: 0, stdout: 'issued\n', stderr: '' });
    expect(calls()).toMatchObject([{ path: '/token', form: { client_id: 'bank' }, certificate: nameOf(bank) }]);
    expect(Object.keys(calls()[0]?.form ?? {})).not.toContain('client_assertion');
    expect(calls()[0]?.authorization).toBeUndefined();
    const without = await run([...exchange]);
    expect([without.exit, calls()[1]?.certificate]).toEqual([0, undefined]);
  });

  test.each<[string, readonly string[], string, object]>([
    ['introspects', ['introspect', '--token-env', 'TOKEN', ...ofBank], '/introspect', { client_id: 'bank' }],
    ['revokes', ['revoke', '--token-env', 'TOKEN', ...ofBank], '/revoke', { client_id: 'bank' }],
    ['gets AWS credentials', ['aws', '--role', 'deploy', ...ofBank], '/token', { client_id: 'bank' }],
    [
      'gets AWS credentials for what is bound to it',
      ['aws', '--role', 'deploy', '--format', 'container', ...shown(of.bank)],
      '/credentials',
      {},
    ],
    ['has its token bound to it, anonymous', [...exchange, ...shown(of.bank)], '/token', { subject_token: 'token' }],
  ])('%s', async (_, words, path, form) => {
    expect((await run(words)).exit).toBe(0);
    expect(calls()).toMatchObject([{ path, form, certificate: nameOf(bank) }]);
    expect('client_id' in (calls()[0]?.form ?? {})).toBe('client_id' in form);
  });

  test('may have a secret beside it, which is the method then', async () => {
    const words = [...exchange, ...ofBank, '--client-secret-env', 'SECRET'];
    expect((await run(words, { SECRET: 's' })).exit).toBe(0);
    const authorization = `Basic ${Buffer.from('bank:s').toString('base64')}`;
    expect(calls()).toMatchObject([{ authorization, certificate: nameOf(bank) }]);
    expect(calls()[0]?.form).not.toHaveProperty('client_id');
  });

  test('shows it inside the tunnel of a proxy', async () => {
    const HTTPS_PROXY = `http://127.0.0.1:${ports.proxy}`;
    expect(await run([...exchange, ...ofBank], { HTTPS_PROXY })).toMatchObject({ exit: 0, stdout: 'issued\n' });
    expect(tunnelled).toEqual([`127.0.0.1:${ports.mtls}`]);
    expect(calls()).toMatchObject([{ certificate: nameOf(bank) }]);
  });

  test('shows it to --url, too, which may be the name for callers with a certificate', async () => {
    const CAMBIO_URL = `https://127.0.0.1:${ports.mtls}`;
    expect((await run([...exchange, ...ofBank], { CAMBIO_URL })).exit).toBe(0);
    expect(seen.map(({ path, certificate }) => [path, certificate])).toEqual([
      ['/.well-known/oauth-authorization-server', nameOf(bank)],
      ['/token', nameOf(bank)],
    ]);
  });

  test('that nobody there trusts is told so, and what to look at', async () => {
    const refused = await run([...exchange, '--client-id', 'bank', ...shown(of.stranger)]);
    expect([refused.exit, refused.stdout, calls()]).toEqual([3, '', []]);
    expect(refused.stderr).toMatch(/no answer from 127\.0\.0\.1:\d+: \w+ to the client certificate\n/);
    expect(refused.stderr).toContain('check:    the server does not take the certificate: --client-cert,');
    expect((await run([...exchange, ...ofBank])).exit).toBe(0);
  });
});

test('an agent goes on with the certificate that took the place of another', async () => {
  const rotating = files('rotating', bank);
  const options = {
    listen: '127.0.0.1:0',
    'client-id': 'bank',
    'client-cert': rotating.cert,
    'client-key': rotating.key,
  };
  const agent = await startAgent(options, { stdout: () => {}, stderr: () => {} }, machine());
  const ask = async (scope: string) =>
    (
      await fetch(`${agent.url}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          scope,
          audience: 'orders-api',
        }),
      })
    ).status;
  expect(await ask('a')).toBe(200);
  files('rotating', successor);
  expect(await ask('b')).toBe(200);
  await agent.close();
  expect(calls().map(({ certificate }) => certificate)).toEqual([nameOf(bank), nameOf(successor)]);
  expect(seen.filter(({ path }) => path.startsWith('/.well-known/'))).toHaveLength(1);
});

describe('a server', () => {
  test.each<[string, unknown, string]>([
    [
      'has no name for them',
      undefined,
      'takes no client certificates: its discovery document has no mtls_endpoint_alia',
    ],
    ['names one without TLS', aliasesAt('http://127.0.0.1:1'), 'are no https endpoints of one API base'],
    [
      'names endpoints of two',
      { ...aliasesAt('https://a.example'), revocation_endpoint: 'https://b.example/revoke' },
      'are no https endpoints of one API base',
    ],
    ['names what is no URL', aliasesAt('nothing'), 'are no https endpoints of one API base'],
    ['names a user', aliasesAt('https://u:p@a.example'), 'must not hold a user or a password'],
  ])('that %s gets no request', async (_, named, problem) => {
    aliases = named;
    const { exit, stderr } = await run([...exchange, ...ofBank]);
    expect({ exit, stderr, calls: calls() }).toEqual({ exit: 2, stderr: expect.stringContaining(problem), calls: [] });
  });

  test('is of its issuer under the name for callers with a certificate, too, and under no other', async () => {
    const named = {
      ...{ issuer: 'https://sts.acme.example', token_endpoint: 'https://api.acme.example/token' },
      mtls_endpoint_aliases: aliasesAt('https://mtls.acme.example'),
    };
    const send = async () => ({ status: 200, headers: {}, body: JSON.stringify(named) });
    const issuerAt = (url: string) => serverOf(url, { ...machine(), send }).issuer();
    expect(await issuerAt('https://mtls.acme.example')).toBe('https://sts.acme.example');
    expect(await issuerAt('https://api.acme.example')).toBe('https://sts.acme.example');
    await expect(issuerAt('https://other.acme.example')).rejects.toThrow('its own metadata names another API');
  });

  test('whose answer fails is asked again for its names', async () => {
    aliases = undefined;
    const server = serverFor({ 'client-cert': of.bank.cert, 'client-key': of.bank.key }, machine());
    await expect(server.endpoint('/token')).rejects.toThrow('takes no client certificates');
    aliases = aliasesAt('https://mtls.acme.example');
    expect((await server.endpoint('/token')).href).toBe('https://mtls.acme.example/token');
  });
});

describe('files', () => {
  test.each<[string, readonly string[], string]>([
    ['no key', ['--client-cert', of.bank.cert], '--client-cert FILE needs --client-key FILE'],
    [
      'another’s key',
      ['--client-cert', of.bank.cert, '--client-key', of.stranger.key],
      'not the key of the certificate',
    ],
    [
      'a key for a certificate',
      ['--client-cert', of.bank.key, '--client-key', of.bank.key],
      'not a certificate in PEM',
    ],
    [
      'a certificate for a key',
      ['--client-cert', of.bank.cert, '--client-key', of.bank.cert],
      'not a private key in PEM',
    ],
    [
      'a file that is not there',
      ['--client-cert', join(folder, 'absent'), '--client-key', of.bank.key],
      'cannot be read',
    ],
  ])('with %s are exit 2, and quoted nowhere', async (_, words, problem) => {
    const { exit, stdout, stderr } = await run([...exchange, '--client-id', 'bank', ...words]);
    expect({ exit, stdout, calls: calls() }).toEqual({ exit: 2, stdout: '', calls: [] });
    expect(stderr).toContain(problem);
    expect(stderr).not.toContain('BEGIN');
  });
});

describe('cambio doctor', () => {
  const lines = async (words: readonly string[]) => (await run(['doctor', '--client-id', 'bank', ...words])).stdout;

  test('says whether the certificate is let in, and until when', async () => {
    const end = new Date(Date.now() + day).toISOString().slice(0, 10);
    const told = await lines(shown(of.bank));
    expect(told).toContain(`✓ certificate: let in at 127.0.0.1:${ports.mtls}, until ${end}\n`);
    expect(told).toContain('✓ client: bank\n');
    expect(await lines(shown(of.stranger))).toMatch(/✗ certificate: no answer from .*\n {4}the server does not take/);
    aliases = undefined;
    expect(await lines(shown(of.bank))).toMatch(/✗ certificate: .* takes no client certificates/);
  });
});
