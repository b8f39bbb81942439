// The running local stack, used by clients that know nothing of it: an OAuth client, two JWT verifiers.
import { createHash } from 'node:crypto';
import { JwtVerifier } from 'aws-jwt-verify';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import { beforeAll, describe, expect, test } from 'vitest';
import type { LocalStack } from '../../../infra/local/stack.ts';
import { documentedFetch as fetch } from '../../documented.ts';
import { demonstrationStack } from './stack.ts';

const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const jwtType = 'urn:ietf:params:oauth:token-type:jwt';
const insecure = { [oauth.allowInsecureRequests]: true };
/** Cambio has no public clients: a caller that does not authenticate sends no client_id either. */
const anonymous: oauth.ClientAuth = () => {};

let stack: LocalStack;
beforeAll(async () => {
  stack = await demonstrationStack();
});

async function exchange(parameters: Record<string, string>): Promise<oauth.TokenEndpointResponse> {
  const issuer = new URL(stack.url);
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
  );
  const client = { client_id: 'unused' };
  const response = await oauth.genericTokenEndpointRequest(server, client, anonymous, grant, parameters, insecure);
  return oauth.processGenericTokenEndpointResponse(server, client, response);
}

const post = (path: string, body: URLSearchParams | string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${stack.url}${path}`, { method: 'POST', body, headers });

const requestFor = async (issuer: string, changes: Record<string, string> = {}): Promise<URLSearchParams> =>
  new URLSearchParams({
    grant_type: grant,
    subject_token: await stack.tokenFor(issuer),
    subject_token_type: jwtType,
    audience: 'orders-api',
    ...changes,
  });

describe.each([
  ['github', /^github\|repo:[^@/]+@\d+\/[^@/]+@\d+:/],
  ['eks', /^eks\|system:serviceaccount:shop:/],
])('a token of %s', (issuer, subject) => {
  test('becomes one for orders-api through oauth4webapi, and jose and aws-jwt-verify accept it', async () => {
    const subjectToken = await stack.tokenFor(issuer);
    const answer = await exchange({ subject_token: subjectToken, subject_token_type: jwtType, audience: 'orders-api' });
    expect(answer).toMatchObject({
      token_type: 'bearer',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    });

    const jwksUri = `${stack.url}/.well-known/jwks.json`;
    const expected = { issuer: stack.url, audience: 'https://orders.acme.example', typ: 'at+jwt' };
    const { payload, protectedHeader } = await jwtVerify(
      answer.access_token,
      createRemoteJWKSet(new URL(jwksUri)),
      expected,
    );
    expect(payload.sub).toMatch(subject);
    expect(payload['client_id']).toBe(issuer);
    expect(payload['scope']).toBe(answer.scope);

    const verifier = JwtVerifier.create({
      issuer: stack.url,
      audience: 'https://orders.acme.example',
      jwksUri: 'https://unused.example/jwks',
    });
    verifier.cacheJwks((await (await fetch(jwksUri)).json()) as Parameters<typeof verifier.cacheJwks>[0]);
    expect((await verifier.verify(answer.access_token)).jti).toBe(payload.jti);

    const keys = (await (await fetch(jwksUri)).json()) as { keys: { kid: string; alg: string }[] };
    expect(keys.keys.find(({ kid }) => kid === protectedHeader.kid)?.alg).toBe('ES256');
  });
});

describe('a token that is bound to a key through oauth4webapi', () => {
  const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

  /** With the nonce that is wanted, as the library's documentation has it. */
  async function proved(parameters: Record<string, string>, dpop: oauth.DPoPHandle, auth = anonymous) {
    const issuer = new URL(stack.url);
    const discovered = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
    const server = await oauth.processDiscoveryResponse(issuer, discovered);
    const client = { client_id: 'orders' };
    const ask = async () => {
      const options = { ...insecure, DPoP: dpop };
      const response = await oauth.genericTokenEndpointRequest(server, client, auth, grant, parameters, options);
      return oauth.processGenericTokenEndpointResponse(server, client, response);
    };
    return ask().catch((error) => (oauth.isDPoPNonceError(error) ? ask() : Promise.reject(error)));
  }

  test('is exchanged with a proof of that key which is made for it, and stays bound', async () => {
    const keys = await oauth.generateKeyPair('ES256');
    const key = oauth.DPoP({}, keys);
    const subject = { subject_token: await stack.tokenFor('github'), subject_token_type: jwtType };
    const { access_token: token, token_type } = await proved({ ...subject, audience: 'orders-api' }, key);
    const cnf = { jkt: await key.calculateThumbprint() };
    expect([token_type, claimsOf(token).cnf]).toEqual(['dpop', cnf]);

    const pod = await stack.tokenFor('eks', { sub: 'system:serviceaccount:shop:orders' });
    const asPod: oauth.ClientAuth = (_server, _client, body) => {
      body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
      body.set('client_assertion', pod);
    };
    const hop = { subject_token: token, subject_token_type: jwtType, audience: 'payments-api' };
    const another = oauth.DPoP({}, await oauth.generateKeyPair('ES256'));
    await expect(proved(hop, another, asPod)).rejects.toMatchObject({ error: 'invalid_request' });
    await expect(proved(hop, key, asPod)).rejects.toMatchObject({ error: 'invalid_dpop_proof' });
    const ath = createHash('sha256').update(token).digest('base64url');
    const withHash = oauth.DPoP({}, keys, {
      [oauth.modifyAssertion]: (_header, claims) => Object.assign(claims, { ath }),
    });
    const next = await proved(hop, withHash, asPod);
    expect([next.token_type, claimsOf(next.access_token).cnf]).toEqual(['dpop', cnf]);
  });
});

/** Without those of the audit trail, which reads the table's stream all the time. */
const callsSince = (before: number) =>
  stack.calls.slice(before).filter(({ principal }) => !principal.includes('Audit'));

describe('one exchange', () => {
  test('reads revocations once, then signs once with KMS and writes once to DynamoDB, side by side', async () => {
    await post('/token', await requestFor('github'));
    const before = stack.calls.length;
    expect((await post('/token', await requestFor('github'))).status).toBe(200);
    const calls = callsSince(before);
    const [first, ...then] = calls.map(({ action }) => action);
    expect([first, then.sort()]).toEqual(['dynamodb:BatchGetItem', ['dynamodb:PutItem', 'kms:Sign']]);
    expect(calls.every(({ principal }) => principal.includes(':role/') || principal.includes('Token'))).toBe(true);
  });

  test('that is refused signs nothing, and leaves its decision when the token was genuine', async () => {
    const before = stack.calls.length;
    const response = await post('/token', await requestFor('github', { audience: 'unknown' }));
    expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([400, 'invalid_target']);
    expect(callsSince(before).map(({ action }) => action)).toEqual(['dynamodb:PutItem']);
  });

  test('of a pull request is denied, of the main branch granted', async () => {
    const pullRequest = await stack.tokenFor('github', { event_name: 'pull_request' });
    const denied = await post('/token', await requestFor('github', { subject_token: pullRequest }));
    expect(await denied.json()).toMatchObject({ error: 'invalid_target', decision_id: expect.any(String) });
    expect((await post('/token', await requestFor('github'))).status).toBe(200);
  });

  test('with a token another key signed, or for another audience, is refused', async () => {
    const [header, payload, signature = ''] = (await stack.tokenFor('github')).split('.');
    const forged = `${header}.${payload}.${signature.slice(0, -8)}${'A'.repeat(8)}`;
    const foreign = await stack.tokenFor('github', { aud: 'https://other.example' });
    for (const token of [forged, foreign]) {
      const response = await post('/token', await requestFor('github', { subject_token: token }));
      expect([response.status, await response.json()]).toMatchObject([400, { error: 'invalid_request' }]);
    }
  });
});

describe('the API around it', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };

  test.each<[string, string, RequestInit, number, string | null]>([
    ['GET /token', '/token', {}, 405, 'POST'],
    ['PUT /token', '/token', { method: 'PUT', headers: form, body: 'a=b' }, 405, 'POST'],
    ['OPTIONS /token', '/token', { method: 'OPTIONS', headers: { origin: 'https://evil.example' } }, 405, 'POST'],
    ['POST to the keys', '/.well-known/jwks.json', { method: 'POST', headers: form, body: 'a=b' }, 405, 'GET'],
    ['an unknown path', '/nope', {}, 404, null],
    ['an unknown path below', '/token/x', { method: 'POST', headers: form, body: 'a=b' }, 404, null],
    ['/Token', '/Token', { method: 'POST', headers: form, body: 'a=b' }, 404, null],
    ['the root, to who takes no HTML', '/', { headers: { accept: 'application/json' } }, 404, null],
    ['POST to the root', '/', { method: 'POST', headers: form, body: 'a=b' }, 404, null],
    ['/.well-known', '/.well-known', {}, 404, null],
    [
      'JSON at /token',
      '/token',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
      400,
      null,
    ],
    ['a large body at /token', '/token', { method: 'POST', headers: form, body: 'x'.repeat(70_000) }, 413, null],
  ])('%s is answered in JSON that nobody stores', async (_what, path, init, status, allow) => {
    const response = await fetch(`${stack.url}${path}`, init);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: 'invalid_request', error_description: expect.any(String) });
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(response.headers.get('cache-control')).toContain('no-store');
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    if (allow) expect(response.headers.get('allow')).toContain(allow);
  });

  test('a failed client authentication is 401, and WWW-Authenticate arrives under both names', async () => {
    const response = await post('/token', await requestFor('github'), { authorization: 'Basic YTpi' });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Basic/);
    expect(response.headers.get('x-amzn-remapped-www-authenticate')).toMatch(/^Basic/);
  });

  test('both discovery documents and the keys are cacheable, and agree', async () => {
    const get = async (path: string): Promise<[Record<string, unknown>, string]> => {
      const response = await fetch(`${stack.url}/.well-known/${path}`);
      return [(await response.json()) as Record<string, unknown>, response.headers.get('cache-control') ?? ''];
    };
    const [oauthServer, oauthCaching] = await get('oauth-authorization-server');
    const [openid, openidCaching] = await get('openid-configuration');
    const [keys, keysCaching] = await get('jwks.json');
    expect(openid).toMatchObject(oauthServer);
    expect((await get('openid-configuration/'))[0]).toEqual(openid);
    expect((await get('oauth-authorization-server/'))[0]).toEqual(oauthServer);
    expect(openid).not.toEqual(oauthServer);
    expect(oauthServer['issuer']).toBe(stack.url);
    for (const caching of [oauthCaching, openidCaching, keysCaching]) expect(caching).toMatch(/max-age=300/);
    expect(JSON.stringify(keys)).not.toMatch(/"(d|p|q|dp|dq|qi|k)":/);
  });

  test.each([
    'oauth-authorization-server',
    'openid-configuration',
    'jwks.json',
  ])('%s is the same from the bucket and from the function, to the byte', async (name) => {
    const get = async (path: string) => {
      const before = stack.calls.length;
      const response = await fetch(`${stack.url}/.well-known/${path}`);
      const headers = ['content-type', 'cache-control', 'access-control-allow-origin'];
      const fromBucket = stack.calls.slice(before).some(({ action }) => action === 's3:GetObject');
      const answer = [response.status, await response.text(), headers.map((header) => response.headers.get(header))];
      return { fromBucket, answer };
    };
    const [published, made] = [await get(name), await get(`${name}/`)];
    expect([published.fromBucket, made.fromBucket]).toEqual([true, false]);
    expect(published.answer).toEqual(made.answer);
    expect(published.answer[2]).toEqual(['application/json', 'public, max-age=300, stale-while-revalidate=60', '*']);
    const head = await fetch(`${stack.url}/.well-known/${name}`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(String(published.answer[1]))));
  });

  test('whatever Host says, URLs are the configured ones', async () => {
    const { request } = await import('node:http');
    const body = await new Promise<string>((resolve, reject) => {
      request(`${stack.url}/.well-known/openid-configuration`, { headers: { host: 'evil.example' } }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text));
      })
        .on('error', reject)
        .end();
    });
    expect(body).not.toContain('evil');
    expect(JSON.parse(body)).toMatchObject({ token_endpoint: `${stack.url}/token` });
  });
});

test('nothing the functions wrote, and no recorded call, holds a token', async () => {
  const subjectToken = await stack.tokenFor('github');
  const response = await post('/token', await requestFor('github', { subject_token: subjectToken }));
  const { access_token } = (await response.json()) as { access_token: string };
  const refused = await stack.tokenFor('github', { exp: 1 });
  await post('/token', await requestFor('github', { subject_token: refused, client_secret: 'CANARY-secret' }));
  const written = JSON.stringify([stack.logs, stack.calls]);
  expect(written).toContain('token_exchange');
  for (const token of [subjectToken, access_token, refused]) {
    for (const part of token.split('.').slice(1)) expect(written).not.toContain(part);
  }
  expect(written).not.toContain('CANARY-secret');
});
