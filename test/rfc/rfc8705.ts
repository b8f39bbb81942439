// RFC 8705, through a real TLS terminator: nginx asks for certificates and knows the very trust store that the deploy has put, and
// what it has verified is handed over as API Gateway hands it over. Each refusal has its twin.
import { hash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createS3Client } from '../../infra/local/s3/client.ts';
import type { LocalStack } from '../../infra/local/stack.ts';
import { deployerClient } from '../../infra/local/template/provision.ts';
import { resourcesOfType } from '../../infra/local/template/stack-template.ts';
import { undocumented } from '../documented.ts';
import { installed } from '../installed.ts';
import { type Nginx, startNginx } from '../nginx.ts';
import { selfSigned } from '../shared/issuers/certificate.ts';
import { makeHolder, proofOf } from '../shared/oauth/dpop-world.ts';
import {
  authority,
  certified,
  decode,
  ending,
  mtlsName,
  partnerToken,
  type Served,
  serve,
  types,
  vault,
} from './served.ts';

let served: Served;
let stack: LocalStack;
beforeAll(async () => {
  served = await serve();
  stack = served.stack;
});

const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
/** The parameters of an exchange of a token of `partner` that is granted. */
const form = (changes: Readonly<Record<string, string>> = {}): URLSearchParams =>
  new URLSearchParams({
    ...{ grant_type: grant, subject_token: partnerToken(), subject_token_type: types.jwt, audience: 'orders-api' },
    ...changes,
  });

test('§5 discovery names the endpoints of that name, and what only callers with a certificate can do', async () => {
  const metadata = await (await fetch(`${stack.url}/.well-known/oauth-authorization-server`)).json();
  expect(metadata).toMatchObject({
    token_endpoint: `${stack.url}/token`,
    mtls_endpoint_aliases: {
      token_endpoint: `https://${mtlsName}/token`,
      introspection_endpoint: `https://${mtlsName}/introspect`,
      revocation_endpoint: `https://${mtlsName}/revoke`,
    },
    tls_client_certificate_bound_access_tokens: true,
    token_endpoint_auth_methods_supported: expect.arrayContaining(['tls_client_auth', 'self_signed_tls_client_auth']),
  });
  // The object that CloudFront serves, and what the function answers.
  const atApi = await stack.request({ ...get, path: '/.well-known/oauth-authorization-server' });
  expect(JSON.parse(String(atApi.body))).toEqual(metadata);
});

const get = { method: 'GET', query: '', headers: [], body: Buffer.alloc(0), sourceIp: '192.0.2.1' } as const;

/** What the domain trusts: the version that the template names. */
async function trustedBy(): Promise<string> {
  const domains = resourcesOfType(stack.template, 'AWS::ApiGateway::DomainName').map(([, { Properties }]) =>
    stack.resolve(Properties?.['MutualTlsAuthentication']),
  );
  const [{ TruststoreUri = '', TruststoreVersion = '' } = {}] = domains as Readonly<Record<string, string>>[];
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(TruststoreUri) ?? [];
  const call = createS3Client(deployerClient(stack.s3));
  const { body } = await call({ method: 'GET', bucket, key, query: { versionId: TruststoreVersion } });
  return body.toString();
}

test('the trust store that the domain names has the authorities of the file and the certificates of clients', async () => {
  expect(await trustedBy()).toBe(authority.cert + vault.cert);
});

const hasNginx = installed('nginx', 'RFC 8705 through nginx as the terminator of TLS');

describe.skipIf(!hasNginx)(`through nginx${hasNginx ? '' : ' (NOT INSTALLED, SKIPPED)'}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-mtls-'));
  const bank = certified('bank.example');
  const shop = certified('shop.example');
  const times = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000) };
  const server = selfSigned({ ...times, ip: '127.0.0.1', dns: [mtlsName], name: mtlsName });
  // nginx writes over what a caller sends under this name.
  const handedOver = 'x-verified-certificate';

  /** In place of API Gateway behind its terminator: what that has verified becomes the request's context. */
  const gateway = createServer((incoming, response) => {
    answer(incoming)
      .then(({ status, headers, body }) => {
        for (const [name, value] of headers) response.appendHeader(name, value);
        response.writeHead(status).end(body);
      })
      .catch(() => response.destroy());
  });
  let arrived = 0;
  async function answer(incoming: IncomingMessage) {
    arrived += 1;
    const clientCertPem = decodeURIComponent(String(incoming.headers[handedOver]));
    const { subject, issuer, serialNumber, validFrom, validTo } = new X509Certificate(clientCertPem);
    const validity = { notBefore: validFrom, notAfter: validTo };
    const [path = '', query = ''] = (incoming.url ?? '').split('?');
    return stack.request({
      ...{ method: incoming.method ?? '', path, query, sourceIp: '192.0.2.1', body: await buffer(incoming) },
      headers: Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
        name === handedOver ? [] : values.map((value) => [name, value] as const),
      ),
      mutualTls: {
        domainName: mtlsName,
        clientCert: { clientCertPem, subjectDN: subject, issuerDN: issuer, serialNumber, validity },
      },
    });
  }

  let nginx: Nginx;
  beforeAll(async () => {
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
    const { port: behind } = gateway.address() as AddressInfo;
    const files = { 'server.key': server.key, 'server.pem': server.cert, 'truststore.pem': await trustedBy() };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    nginx = await startNginx(folder, [
      (address) => `listen ${address} ssl; server_name ${mtlsName};
        ssl_certificate ${folder}/server.pem; ssl_certificate_key ${folder}/server.key;
        ssl_client_certificate ${folder}/truststore.pem; ssl_verify_client on; ssl_verify_depth 4;
        error_page 495 496 = @nobody; location @nobody { return 444; }
        location / { proxy_pass http://127.0.0.1:${behind}; proxy_set_header Host $host;
          proxy_set_header ${handedOver} $ssl_client_escaped_cert; }`,
    ]);
  });
  afterAll(async () => {
    await nginx.close();
    gateway.closeAllConnections();
    await new Promise((resolve) => gateway.close(resolve));
    rmSync(folder, { recursive: true });
  });

  interface Certified {
    readonly key: string;
    readonly cert: string;
  }

  /** A POST over a connection with the certificate. @throws when there is no connection */
  async function post(
    certificate: Certified | undefined,
    body: URLSearchParams,
    { path = '/token', headers = {} }: { readonly path?: string; readonly headers?: Record<string, string> } = {},
  ) {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const to = { host: '127.0.0.1', port: nginx.ports[0], servername: mtlsName, ca: server.cert, agent: false, path };
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = requestHttps({
        ...to,
        ...certificate,
        method: 'POST',
        headers: { host: mtlsName, ...type, ...headers },
      });
      sent.once('response', resolve).once('error', reject).end(body.toString());
    });
    const text = (await buffer(incoming)).toString();
    const status = incoming.statusCode ?? 0;
    const answered = new Headers(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
    expect(await undocumented('post', path, new Response(text, { status, headers: answered }))).toBeUndefined();
    return { status, headers: answered, body: JSON.parse(text) as Readonly<Record<string, unknown>> };
  }

  type Answer = Awaited<ReturnType<typeof post>>;
  /** As {@link ending}, with the reason of a refusal. */
  const endingOf = async (answer: Answer): Promise<string> => {
    const id = answer.body['decision_id'];
    return id === undefined ? ending(answer) : `${ending(answer)} ${await served.reasonOf(id)}`;
  };
  const clientOf = ({ body }: Answer): unknown => decode(body['access_token']).claims['client_id'];

  test('§2.1 a certificate of a trusted authority is the client whose name it says, and no other', async () => {
    const granted = await post(bank, form({ client_id: 'bank' }));
    expect([await endingOf(granted), clientOf(granted)]).toEqual(['200', 'bank']);
    expect(await endingOf(await post(shop, form({ client_id: 'bank' })))).toBe('401 invalid_client client');
    expect(await endingOf(await post(bank, form({ client_id: 'vault' })))).toBe('401 invalid_client client');
    expect(clientOf(await post(shop, form()))).toBe('partner');
  });

  test('§2.2 a certificate of its own is the client that has registered it, and no other', async () => {
    const granted = await post(vault, form({ client_id: 'vault' }));
    expect([await endingOf(granted), clientOf(granted)]).toEqual(['200', 'vault']);
    expect(await endingOf(await post(vault, form({ client_id: 'bank' })))).toBe('401 invalid_client client');
  });

  test('whoever registered a certificate that may sign others is nobody else by those that it signs, one the other', async () => {
    const signed = certified('bank.example', vault, 'vault');
    const between = certified('between', vault, 'vault', true);
    const last = certified('bank.example', between, 'between');
    const before = arrived;
    for (const forged of [signed, { ...last, cert: last.cert + between.cert }]) {
      expect(await endingOf(await post(forged, form({ client_id: 'bank' })))).toBe('401 invalid_client client');
      expect(await endingOf(await post(forged, form({ client_id: 'vault' })))).toBe('401 invalid_client client');
    }
    expect(arrived).toBe(before + 4);
    expect((await post(bank, form({ client_id: 'bank' }))).status).toBe(200);
  });

  test('there is no connection without a certificate, nor with one that the trust store does not end', async () => {
    const before = arrived;
    const impostor = selfSigned({ ...times, ip: '192.0.2.7', name: 'authority', ca: true });
    const strangers = [
      undefined,
      certified('bank.example', impostor),
      selfSigned({ ...times, ip: '192.0.2.7', name: 'vault', dns: ['vault.example'] }),
    ];
    for (const certificate of strangers) await expect(post(certificate, form({ client_id: 'bank' }))).rejects.toThrow();
    expect(arrived).toBe(before);
    expect((await post(bank, form({ client_id: 'bank' }))).status).toBe(200);
  });

  test('a certificate that a header says is nobody’s, on this name and on the other', async () => {
    const told = encodeURIComponent(bank.cert);
    const names = [handedOver, 'x-ssl-client-cert', 'x-forwarded-client-cert', 'x-amzn-mtls-clientcert', 'client-cert'];
    const headers = Object.fromEntries(names.map((name) => [name, told]));
    expect(await endingOf(await post(shop, form({ client_id: 'bank' }), { headers }))).toBe(
      '401 invalid_client client',
    );
    expect((await post(bank, form({ client_id: 'bank' }), { headers })).status).toBe(200);
    const other = await fetch(`${stack.url}/token`, { method: 'POST', body: form({ client_id: 'bank' }), headers });
    expect([other.status, await other.json()]).toMatchObject([401, { error: 'invalid_client' }]);
    expect((await fetch(`${stack.url}/token`, { method: 'POST', body: form(), headers })).status).toBe(200);
  });

  test('§3 a token is bound to the certificate, and is exchanged with that certificate alone', async () => {
    const bound = form({ audience: 'bound-api', client_id: 'bank' });
    const issued = await post(bank, bound);
    expect(issued.status).toBe(200);
    const token = String(issued.body['access_token']);
    const thumbprint = hash('sha256', new X509Certificate(bank.cert).raw, 'base64url');
    expect(decode(token).claims['cnf']).toEqual({ 'x5t#S256': thumbprint });

    const again = form({
      audience: 'bound-api',
      client_id: 'bank',
      subject_token: token,
      subject_token_type: types.access,
    });
    const exchanged = await post(bank, again);
    expect([await endingOf(exchanged), decode(exchanged.body['access_token']).claims['cnf']]).toEqual([
      '200',
      { 'x5t#S256': thumbprint },
    ]);
    // Of the same authority and for the same client, and yet another.
    expect(await endingOf(await post(certified('bank.example'), again))).toBe('400 invalid_request binding');

    const asked = new URLSearchParams({ token, client_id: 'bank' });
    const { body: active } = await post(bank, asked, { path: '/introspect' });
    expect(active).toMatchObject({ active: true, cnf: { 'x5t#S256': thumbprint } });
    expect(await endingOf(await post(shop, asked, { path: '/introspect' }))).toBe('401 invalid_client client');
    const plain = await fetch(`${stack.url}/token`, { method: 'POST', body: form({ audience: 'bound-api' }) });
    const refused = (await plain.json()) as Answer['body'];
    expect([plain.status, refused['error'], await served.reasonOf(refused['decision_id'])]).toEqual([
      ...[400, 'invalid_request', 'binding'],
    ]);
    expect((await post(bank, asked, { path: '/revoke' })).status).toBe(200);
    expect(await endingOf(await post(bank, again))).toBe('400 invalid_request revoked');
  });

  test('a DPoP proof is for the endpoint on the name that the request came to', async () => {
    const holder = await makeHolder();
    const proofFor = (htu: string, nonce?: string | null) => {
      const claims = { iat: Math.floor(Date.now() / 1_000), nonce: nonce ?? undefined };
      return { headers: { dpop: proofOf(holder, { ...claims, htu }) } };
    };
    const here = `https://${mtlsName}/token`;
    const wanted = await post(bank, form(), proofFor(here));
    const nonce = wanted.headers.get('dpop-nonce');
    expect(ending(wanted)).toBe('400 use_dpop_nonce');
    expect(await endingOf(await post(bank, form(), proofFor(`${stack.url}/token`, nonce)))).toBe(
      '400 invalid_dpop_proof binding',
    );
    const granted = await post(bank, form(), proofFor(here, nonce));
    expect([ending(granted), granted.body['token_type']]).toEqual(['200', 'DPoP']);
    const { headers } = proofFor(here, nonce);
    const other = await fetch(`${stack.url}/token`, { method: 'POST', body: form(), headers });
    expect([other.status, await other.json()]).toMatchObject([400, { error: 'invalid_dpop_proof' }]);
  });
});
