// POST /token as Lambda calls it: the event read, errors written, one audit event on every path.
import { hash } from 'node:crypto';
import { setImmediate as settle } from 'node:timers/promises';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { decisionDocument } from '../../../../shared/http/decision-document.ts';
import { tokenEndpoint } from '../../../../shared/http/endpoints/token.ts';
import type { WriteLog } from '../../../../shared/http/log.ts';
import type { ExchangeCapabilities } from '../../../../shared/oauth/capabilities.ts';
import type { DecisionRecord } from '../../../../shared/oauth/decision/decision-record.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { matchesCertificate } from '../../../../shared/oauth/verify/client-certificate.ts';
import type { CompiledPolicy } from '../../../../shared/policy/compiled-policy.ts';
import { formBody, github, makeWorld, nonces, now, policy, subjectToken } from '../../../world.ts';
import { selfSigned } from '../../issuers/certificate.ts';
import { makeHolder, proofOf } from '../../oauth/dpop-world.ts';

const form = 'application/x-www-form-urlencoded';

interface Call {
  readonly body?: string | null;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  readonly isBase64Encoded?: boolean;
  readonly query?: string;
  readonly cambio?: Partial<ExchangeCapabilities>;
  readonly served?: CompiledPolicy;
  readonly requestId?: string;
  /** What API Gateway knows of the connection. */
  readonly certificate?: string;
  readonly domainName?: string;
}

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

async function call(options: Call = {}) {
  const lines: Line[] = [];
  const write: WriteLog = (level, message, fields) => void lines.push({ level, message, fields });
  const handler = tokenEndpoint(makeWorld(options.cambio, options.served).cambio, {
    write,
    newId: () => 'decision-7',
    clock: Date.now,
  });
  const response = await handler(event(options), {} as Context);
  return { response, body: JSON.parse(response.body) as Record<string, unknown>, lines };
}

function event({
  body = formBody(),
  contentType = form,
  headers = {},
  isBase64Encoded = false,
  query,
  requestId = 'request-1',
  certificate,
  domainName,
}: Call): never {
  const named = { ...(contentType && { 'Content-Type': [contentType] }), ...headers };
  const clientCert = certificate === undefined ? null : { clientCertPem: certificate };
  const requestContext = { requestId, domainName, identity: { sourceIp: '192.0.2.1', clientCert } };
  const queryStringParameters = query === undefined ? null : Object.fromEntries(new URLSearchParams(query));
  const sent = { body, multiValueHeaders: named, isBase64Encoded, requestContext, queryStringParameters };
  return sent as unknown as APIGatewayProxyEvent as never;
}

describe('POST /token', () => {
  test('answers a granted exchange in JSON that nobody stores', async () => {
    const { response, body } = await call();
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({ 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 300 });
  });

  test('reads a base64 body alike', async () => {
    const encoded = Buffer.from(formBody()).toString('base64');
    expect((await call({ body: encoded, isBase64Encoded: true })).response.statusCode).toBe(200);
    const bytes = Buffer.concat([Buffer.from(`${formBody()}&x=`), Buffer.of(0xff)]).toString('base64');
    expect((await call({ body: bytes, isBase64Encoded: true })).response.statusCode).toBe(400);
  });

  test.each([
    ['application/json'],
    ['multipart/form-data; boundary=x'],
    ['text/plain'],
    [undefined],
  ])('refuses content type %s', async (contentType) => {
    const options = contentType === undefined ? { contentType: '' } : { contentType };
    const { response, body } = await call(options);
    expect([response.statusCode, body['error']]).toEqual([400, 'invalid_request']);
    expect((await call({ contentType: `${form};charset=UTF-8` })).response.statusCode).toBe(200);
  });

  test('refuses a repeated Content-Type header', async () => {
    expect((await call({ headers: { 'content-type': [form] } })).response.statusCode).toBe(400);
  });

  test('refuses a body over 64 KiB with 413, encoded or not', async () => {
    const padded = (bytes: number): string => `${formBody()}&pad=`.padEnd(bytes, 'x');
    expect((await call({ body: padded(65_536) })).response.statusCode).toBe(200);
    const { response, body, lines } = await call({ body: padded(65_537) });
    expect([response.statusCode, body['error']]).toEqual([413, 'invalid_request']);
    expect(lines[0]?.fields).toMatchObject({ reason: 'size' });
    const encoded = (bytes: number): string => Buffer.from(padded(bytes)).toString('base64');
    expect((await call({ body: encoded(65_536), isBase64Encoded: true })).response.statusCode).toBe(200);
    expect((await call({ body: encoded(65_537), isBase64Encoded: true })).response.statusCode).toBe(413);
  });

  test('never honours the query string, and does not call it malformed', async () => {
    const { response, body, lines } = await call({ body: '', query: formBody() });
    expect([response.statusCode, body['error']]).toEqual([400, 'invalid_request']);
    expect(body['error_description']).toBe('the query string is not taken here');
    expect(lines[0]?.fields).toMatchObject({ reason: 'malformed' });
    expect((await call({ body: null, query: formBody() })).response.statusCode).toBe(400);
  });

  test('a failed client authentication is 401 with WWW-Authenticate, the same for every kind', async () => {
    const basic = await call({ headers: { Authorization: ['Basic YTpi'] } });
    const assertion = await call({ body: formBody({ client_assertion: 'x', client_assertion_type: 'y' }) });
    expect(basic.response.headers).toMatchObject({
      'WWW-Authenticate': 'Basic realm="token"',
      'Cache-Control': 'no-store',
    });
    expect(assertion.response).toEqual(basic.response);
    expect(basic.response.statusCode).toBe(401);
  });

  test('two DPoP headers, one, or an empty one, are refused', async () => {
    expect((await call({ headers: { DPoP: [''] } })).body['error']).toBe('invalid_dpop_proof');
    expect((await call({ headers: { DPoP: ['a', 'b'] } })).body['error']).toBe('invalid_dpop_proof');
    expect((await call({ headers: { dpop: ['a'] } })).body['error']).toBe('invalid_dpop_proof');
    const holder = await makeHolder();
    expect((await call({ headers: { DPoP: [proofOf(holder), proofOf(holder)] } })).body['error']).toBe(
      'invalid_dpop_proof',
    );
    expect((await call({ headers: { DPoP: [proofOf(holder)] } })).response.statusCode).toBe(200);
  });

  test('whoever proves a key is told the next nonce, whatever Host says, and nobody else', async () => {
    const holder = await makeHolder();
    const { response, body } = await call({ headers: { DPoP: [proofOf(holder)], Host: ['evil.example'] } });
    expect(body['token_type']).toBe('DPoP');
    expect(response.headers).toMatchObject({ 'DPoP-Nonce': nonces.current, 'Cache-Control': 'no-store' });
    const asked = await call({ headers: { DPoP: [proofOf(holder, { nonce: undefined })] } });
    expect([asked.response.statusCode, asked.body['error']]).toEqual([400, 'use_dpop_nonce']);
    expect(asked.response.headers).toMatchObject({ 'DPoP-Nonce': nonces.current });
    const evil = await call({ headers: { DPoP: [proofOf(holder, { htu: 'https://evil.example/token' })] } });
    expect(evil.body['error']).toBe('invalid_dpop_proof');
    expect((await call()).response.headers).not.toHaveProperty('DPoP-Nonce');
  });

  test('a client’s certificate is what API Gateway says it is, and nothing that a header says', async () => {
    const names = { name: 'bank', ip: '192.0.2.7', dns: ['bank.example'] };
    const certificate = selfSigned({ ...names, notBefore: new Date(0), notAfter: new Date((now + 60) * 1_000) }).cert;
    const auth = { method: 'tls_client_auth', name: 'san_dns', value: 'bank.example' } as const;
    const served = { ...policy, clients: { bank: { name: 'bank', auth, introspects: [] } } };
    const body = formBody({ client_id: 'bank' });
    const as = { served, cambio: { matchesCertificate }, body };
    expect((await call({ ...as, certificate })).response.statusCode).toBe(200);
    const told = encodeURIComponent(certificate);
    const spoofs = [
      'X-SSL-Client-Cert',
      'X-Client-Cert',
      'X-Forwarded-Client-Cert',
      'X-Amzn-Mtls-Clientcert',
      'Client-Cert',
    ];
    const headers = Object.fromEntries(spoofs.map((name) => [name, [told]]));
    const spoofed = await call({ ...as, headers });
    expect([spoofed.response.statusCode, spoofed.body['error']]).toEqual([401, 'invalid_client']);
    expect(spoofed.lines[0]?.fields).toMatchObject({ reason: 'client' });
  });

  test('a proof is for the endpoint of the domain that API Gateway says the request came to, whatever Host says', async () => {
    const holder = await makeHolder();
    const mtlsBase = 'https://mtls.acme.example';
    const verdictOf = async (domainName: string, htu?: string, mtls: string | undefined = mtlsBase) => {
      const headers = { DPoP: [proofOf(holder, htu === undefined ? {} : { htu })], Host: ['mtls.acme.example'] };
      const { response, lines } = await call({ headers, domainName, cambio: { mtlsBase: mtls } });
      return [response.statusCode, lines[0]?.fields['reason']];
    };
    const alias = `${mtlsBase}/token`;
    expect(await verdictOf('mtls.acme.example', alias)).toEqual([200, undefined]);
    expect(await verdictOf('api.acme.example')).toEqual([200, undefined]);
    expect(await verdictOf('api.acme.example', alias)).toEqual([400, 'binding']);
    expect(await verdictOf('mtls.acme.example')).toEqual([400, 'binding']);
  });

  test('an error names its decision, and the audit event of that decision says why', async () => {
    const { body, lines } = await call({ body: formBody({ subject_token: subjectToken({ exp: now - 1 }) }) });
    expect(body).toEqual({
      error: 'invalid_request',
      error_description: 'subject_token is not acceptable',
      decision_id: 'decision-7',
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'info',
      message: 'token_exchange',
      fields: {
        decision_id: 'decision-7',
        outcome: 'refused',
        error: 'invalid_request',
        reason: 'expired',
        policy: 'hash-of-the-policy',
        request_id: 'request-1',
      },
    });
  });

  test('its record says by which trace or request the caller knows it, and which tokens were presented and issued', async () => {
    const recordOf = async (headers: Readonly<Record<string, readonly string[]>>) => {
      const records: DecisionRecord[] = [];
      const recordDecision = async (record: DecisionRecord) => void records.push(record);
      const presented = subjectToken();
      const { body } = await call({
        body: formBody({ subject_token: presented }),
        headers,
        cambio: { recordDecision },
        requestId: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
      });
      const [input] = /^[^.]+\.[^.]+/.exec(String(body['access_token'])) ?? [''];
      expect(records[0]?.sha256).toEqual({ subject: hash('sha256', presented), issued: hash('sha256', input) });
      return records[0]?.correlation;
    };
    const trace = '0af7651916cd43dd8448eb211c80319c';
    expect(await recordOf({ traceparent: [`00-${trace}-b7ad6b7169203331-01`] })).toBe(trace);
    expect(await recordOf({ traceparent: [`00-${trace}`] })).toBe('3f2504e04f8941d39a0c0305e82c3301');
    expect(await recordOf({})).toBe('3f2504e04f8941d39a0c0305e82c3301');
  });

  test('nothing from the request is reflected in an error', async () => {
    const { response } = await call({ body: formBody({ subject_token_type: '"\\\n\u00e9evil' }) });
    expect(response.body).not.toContain('evil');
    expect(response.body).toMatch(/^[\x20-\x7e]+$/);
  });
});

describe('one audit event', () => {
  const paths: readonly [string, Call][] = [
    ['granted', {}],
    ['a wrong content type', { contentType: 'text/plain' }],
    ['a body too large', { body: 'x'.repeat(70_000) }],
    ['a malformed form', { body: '%' }],
    ['a refused token', { body: formBody({ subject_token: 'x.y.z' }) }],
    ['a refused target', { body: formBody({ audience: 'none' }) }],
    ['a failed client', { headers: { Authorization: ['Basic x'] } }],
    ['KMS down', { cambio: { sign: () => Promise.reject(new Refused({ kind: 'unavailable', dependency: 'kms' })) } }],
    ['a bug', { cambio: { sign: () => Promise.reject(new TypeError('a bug')) } }],
  ];

  test.each(paths)('is written for: %s', async (_what, options) => {
    const { lines, body } = await call(options);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.fields['outcome']).toBe('error' in body ? 'refused' : 'granted');
    expect(lines[0]?.fields['decision_id']).toBe('decision-7');
  });

  test.each([
    ['granted', formBody(), {}],
    ['a refusal that is kept for a day', formBody({ subject_token: subjectToken({ exp: now - 1 }) }), {}],
    // Kept as granted, and then refused: the log has the last word.
    ['a grant whose signature failed', formBody(), { sign: () => Promise.reject(new TypeError('a bug')) }],
  ] as const)('says what is kept: %s', async (_what, body, changes) => {
    const kept: DecisionRecord[] = [];
    const recordDecision = async (record: DecisionRecord) => void kept.push(record);
    const { lines } = await call({ body, cambio: { recordDecision, ...changes } });
    const document = JSON.parse(JSON.stringify(decisionDocument(kept.at(-1) as DecisionRecord)));
    const logged = JSON.parse(JSON.stringify(lines[0]?.fields));
    if ('sign' in changes) expect([document.outcome, logged.outcome]).toEqual(['granted', 'refused']);
    else expect(logged).toMatchObject(document);
  });

  test('never holds a token, a credential or what was not expected in a message', async () => {
    const canary = 'CANARY-1f7a';
    const token = subjectToken({ ref: 'refs/heads/main' });
    const calls: readonly Call[] = [
      { body: formBody({ subject_token: token }) },
      { body: formBody({ subject_token: `${token.slice(0, -4)}AAAA` }) },
      { body: formBody({ subject_token: canary }) },
      {
        body: formBody({
          actor_token: `${canary}.${canary}.${canary}`,
          actor_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        }),
      },
      { body: formBody({ client_id: canary, client_secret: canary }) },
      { headers: { Authorization: [`Basic ${canary}`] } },
      { headers: { DPoP: [canary], Cookie: [canary], 'X-Other': [canary] } },
      { cambio: { sign: () => Promise.resolve(JSON.parse(canary) as never) } },
      { cambio: { sign: async () => JSON.parse(canary) as never } },
    ];
    for (const options of calls) {
      const { lines, response } = await call(options).catch((error: unknown) => expect.fail(String(error)));
      const logged = JSON.stringify(lines);
      expect(logged).not.toContain(canary);
      expect(logged).not.toContain(token.split('.')[2]);
      expect(logged).not.toContain(token.split('.')[1]);
      if (response.statusCode === 200) {
        const issued = (JSON.parse(response.body) as { access_token: string }).access_token;
        expect(logged).not.toContain(issued.split('.')[2]);
      } else expect(response.body).not.toContain(canary);
    }
  });
});

describe('failures', () => {
  test('an unexpected error is 500 server_error and tells the caller nothing', async () => {
    const { response, body, lines } = await call({
      cambio: { recordDecision: () => Promise.reject(new TypeError('x is undefined')) },
    });
    expect(response.statusCode).toBe(500);
    expect(body).toEqual({ error: 'server_error', error_description: 'unexpected error', decision_id: 'decision-7' });
    expect(lines[0]).toMatchObject({
      level: 'error',
      fields: { error: 'server_error', place: expect.arrayContaining(['TypeError', expect.stringContaining('at ')]) },
    });
  });

  test('a dependency that never answers is 503 with Retry-After', async () => {
    const { response, body } = await call({ cambio: { recordDecision: () => new Promise(() => {}) } });
    expect(response.statusCode).toBe(503);
    expect(response.headers).toMatchObject({ 'Retry-After': '1', 'Cache-Control': 'no-store' });
    expect(body['error']).toBe('temporarily_unavailable');
  });

  test.each([
    [0, 200, 1],
    [3_600_000, 503, 0],
  ])('what comes %d ms a step later is answered %d, and used for nothing when nobody waits', async (later, status, used) => {
    const world = makeWorld({}, { ...policy, issuers: { github: { ...github, singleUse: true } } });
    let open = (): void => {};
    const answered = new Promise<void>((resolve) => {
      open = resolve;
    });
    const sign: ExchangeCapabilities['sign'] = (...input) => answered.then(() => world.cambio.sign(...input));
    let time = 0;
    const clock = (): number => {
      time += later;
      return time;
    };
    const handler = tokenEndpoint({ ...world.cambio, sign }, { write: () => {}, newId: () => 'decision-7', clock });
    if (later === 0) open();
    const { statusCode } = await handler(event({}), {} as Context);
    open();
    for (let turn = 0; turn < 20; turn += 1) await settle();
    expect([statusCode, world.uses.length]).toEqual([status, used]);
  });
});
