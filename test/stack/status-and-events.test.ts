// Status Lists and security events on the running stack: what an identity provider says of a user, verifiers far away see.
// And since this policy lets every route answer: each does as openapi.json of a release says.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JwtVerifier } from 'aws-jwt-verify';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { allowInsecureRequests, type JWKSCacheInput, jwksCache, validateJwtAccessToken } from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { document, documentedFetch as fetch } from '../documented.ts';
import { type LocalStack, startLocalStack } from '../local-stack.ts';
import { basic, secret } from '../rfc/served.ts';
import { statusAt } from '../status-list-reader.ts';
import { issuerKey, signCompact } from '../world.ts';
import { allows, type Statement, statementsOf } from './iam-statements.ts';
import { signed } from './lifecycle.ts';

const { x, y } = issuerKey.publicJwk as Record<string, string>;
const okta = 'https://acme.okta.example';
const receiver = 'https://cambio.acme.example/events';
const policy = `version: 1
tenants: { source: table }
exports: { audiences: { plain-api: [partner] } }
issuers:
  okta:
    url: ${okta}
    audience: https://sts.acme.example
    claims: { email: string }
    jwks: { keys: [{ kty: EC, crv: P-256, x: ${x}, y: ${y}, kid: ${issuerKey.kid}, alg: ES256, use: sig }] }
    events: { audience: ${receiver} }
clients:
  orders: { auth: { client_secret_basic: { sha256: ${createHash('sha256').update(secret).digest('hex')} } }, introspects: [orders-api] }
audiences:
  orders-api: { scopes: [orders:read], status: true }
  plain-api: { scopes: [a] }
roles:
  deploy: { arn: "arn:aws:iam::111122223333:role/deploy" }
rules:
  - { id: deploy, from: okta, match: { email: "**@acme.example" }, grant: { role: deploy } }
  - { id: orders, from: okta, match: { email: "**@acme.example" }, grant: { audience: orders-api, scopes: [orders:read] } }
  - { id: plain, from: okta, match: { email: "**@acme.example" }, grant: { audience: plain-api, scopes: [a] } }
`;

/** Put before anybody asks for anything, so that every function finds it when it first reads the list. */
const partner = {
  yaml: `version: 1
issuers:
  idp:
    url: https://idp.partner.example
    audience: https://sts.acme.example
    claims: { team: string }
    jwks: { keys: [{ kty: EC, crv: P-256, x: ${x}, y: ${y}, kid: ${issuerKey.kid}, alg: ES256, use: sig }] }
clients:
  orders: { auth: { client_secret_basic: { sha256: ${createHash('sha256').update(secret).digest('hex')} } }, introspects: [feed] }
audiences:
  feed: { scopes: [a] }
rules:
  - { id: plain, from: idp, match: { team: red }, grant: { audience: feed, scopes: [a] } }
  - { id: to-root, from: idp, match: { team: red }, grant: { audience: plain-api, scopes: [a] } }
imports: { audiences: [plain-api] }
`,
  tests: `version: 1
tests:
  - { name: a, issuer: idp, claims: { sub: a, team: red }, request: { audience: feed }, expect: { allow: true } }
`,
};

const putTenant = (name: string, files: object) =>
  fetch(`${stack.url}/admin/tenants/${name}`, { method: 'PUT', headers: signed, body: JSON.stringify(files) });

let stack: LocalStack;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cambio-status-'));
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, policy);
  stack = await startLocalStack({ policy: file });
  expect((await putTenant('partner', partner)).status).toBe(200);
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

const now = (): number => Math.floor(Date.now() / 1_000);
const sign = (typ: string, claims: object): string =>
  signCompact(JSON.stringify({ alg: 'ES256', kid: issuerKey.kid, typ }), JSON.stringify(claims), issuerKey);

/** A token of a user of the identity provider, issued `age` seconds ago. */
const userToken = (sub: string, age = 0): string =>
  sign('JWT', {
    iss: okta,
    aud: 'https://sts.acme.example',
    sub,
    email: `${sub}@acme.example`,
    iat: now() - age,
    exp: now() + 600,
    jti: crypto.randomUUID(),
  });

async function exchange(subjectToken: string, audience = 'orders-api') {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    audience,
  });
  const response = await fetch(`${stack.url}/token`, { method: 'POST', body });
  const answer = (await response.json()) as Readonly<Record<string, string>>;
  return { status: response.status, error: answer['error'], claims: decodedOf(answer['access_token']) };
}

function decodedOf(token: string | undefined) {
  if (token === undefined) return undefined;
  const claims = decodeJwt<{ status?: { status_list: { idx: number; uri: string } } }>(token);
  return { ...claims, place: claims.status?.status_list };
}

const sessionRevoked = (sub: string, age: number, changes: object = {}): string =>
  sign('secevent+jwt', {
    iss: okta,
    aud: receiver,
    iat: now(),
    jti: crypto.randomUUID(),
    sub_id: { format: 'iss_sub', iss: okta, sub },
    events: {
      'https://schemas.openid.net/secevent/caep/event-type/session-revoked': { event_timestamp: now() - age },
    },
    ...changes,
  });

const push = (body: string, type = 'application/secevent+jwt'): Promise<Response> =>
  fetch(`${stack.url}/events`, { method: 'POST', body, headers: { 'content-type': type } });

/** The status of a token, asked as a verifier does. */
async function statusOf({ idx, uri }: { readonly idx: number; readonly uri: string }): Promise<number> {
  const response = await fetch(uri);
  expect(response.headers.get('content-type')).toBe('application/statuslist+jwt');
  const keys = createRemoteJWKSet(new URL(`${stack.url}/.well-known/jwks.json`));
  const { payload } = await jwtVerify(await response.text(), keys, { typ: 'statuslist+jwt', subject: uri });
  return statusAt(payload['status_list'] as { bits: number; lst: string }, idx);
}

const placeOf = async (subjectToken: string) => {
  const { claims, status } = await exchange(subjectToken);
  return claims?.place ?? expect.fail(`no status claim, ${status}`);
};

describe('a session that the identity provider ends', () => {
  test('ends tokens made from it, here at once and in the list verifiers read; others and later ones live', async () => {
    // Before and after by more than the issuer's clock may be wrong.
    const before = userToken('ended', 180);
    const ended = await placeOf(before);
    const other = await placeOf(userToken('other', 60));
    expect(ended.uri).toMatch(new RegExp(`^${stack.url}/status-lists/es256-[0-9a-z]+-0$`));
    expect(other).not.toEqual(ended);

    const set = sessionRevoked('ended', 120);
    const answer = await push(set);
    expect([answer.status, await answer.text()]).toEqual([202, '']);
    expect(answer.headers.get('cache-control')).toContain('no-store');

    expect(await exchange(before)).toMatchObject({ status: 400, error: 'invalid_request' });
    expect((await exchange(before, 'plain-api')).status).toBe(400);
    expect((await exchange(userToken('other', 60))).status).toBe(200);
    const later = await placeOf(userToken('ended'));
    expect([await statusOf(ended), await statusOf(other), await statusOf(later)]).toEqual([1, 0, 0]);

    expect((await push(set)).status).toBe(202);
    expect((await exchange(userToken('ended'))).status).toBe(200);
  });

  test('must be its own to end, and said in an event', async () => {
    const token = userToken('kept', 60);
    for (const [set, err] of [
      [sessionRevoked('kept', 30, { aud: 'https://other.example' }), 'invalid_audience'],
      [
        sessionRevoked('kept', 30, { sub_id: { format: 'iss_sub', iss: 'https://x.example', sub: 'kept' } }),
        'access_denied',
      ],
      [userToken('kept'), 'invalid_request'],
    ] as const) {
      const answer = await push(set);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({ err, description: expect.any(String) });
    }
    expect((await push(sessionRevoked('kept', 30), 'application/jwt')).status).toBe(400);
    expect((await exchange(token)).status).toBe(200);
    expect((await push(sessionRevoked('kept', 30))).status).toBe(202);
    expect((await exchange(token)).status).toBe(400);
  });
});

describe('Status Lists', () => {
  test('are for tokens of audiences that ask for them', async () => {
    const { claims, status } = await exchange(userToken('plain'), 'plain-api');
    expect([status, claims?.place]).toEqual([200, undefined]);
  });

  test('give every token a place of its own, also of exchanges at once', async () => {
    const places = await Promise.all(Array.from({ length: 30 }, () => placeOf(userToken('many'))));
    expect(new Set(places.map(({ idx, uri }) => `${uri} ${idx}`)).size).toBe(30);
  });

  test('are cacheable for their ttl and open to any origin; HEAD is answered too', async () => {
    const { uri } = await placeOf(userToken('cached'));
    const response = await fetch(uri);
    expect(response.headers.get('cache-control')).toBe('public, max-age=15');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const { iat, exp, ttl } = decodeJwt(await response.text());
    expect([Number(exp) - Number(iat), ttl]).toEqual([60, 15]);
    expect((await fetch(uri, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(uri, { method: 'POST', body: 'a=b' })).status).toBe(405);
  });

  test.each(['x', 'es256-zzzzz-0', 'rs256-1-0', 'none-1-0'])('%s is no list', async (id) => {
    const response = await fetch(`${stack.url}/status-lists/${id}`);
    expect([response.status, response.headers.get('cache-control')]).toEqual([404, 'no-store']);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  });

  test('are read through the index and the counter, and nothing else', async () => {
    const { uri } = await placeOf(userToken('counted'));
    await fetch(uri);
    const own = stack.calls.filter(({ principal }) => principal.includes('StatusLists'));
    const shown = own.map(({ action, resource }) => `${action}${resource.includes('/index/') ? ' of an index' : ''}`);
    expect([...new Set(shown)].sort()).toEqual([
      ...['dynamodb:GetItem', 'dynamodb:Query of an index', 'kms:Sign', 'kms:VerifyMac'],
    ]);
  });
});

interface ShownKey {
  readonly kid: string;
  readonly use: string;
  readonly alg: string;
  readonly state: string;
}

async function keyOf(use: string, state: string): Promise<ShownKey> {
  const answer = await fetch(`${stack.url}/admin/keys`, { headers: signed });
  const { keys } = (await answer.json()) as { readonly keys: readonly ShownKey[] };
  return (
    keys.find((key) => key.use === use && key.state === state && key.alg === keyAlgorithms[use]) ?? expect.fail(use)
  );
}

const keyAlgorithms: Readonly<Record<string, string>> = { token: 'ES256', status: 'ES256', answer: 'RS256' };

describe('signing keys', () => {
  test('rotated and revoked: what verifiers have cached still verifies, and a key that is revoked ends at once', async () => {
    const form = (subject: string) =>
      new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: userToken(subject),
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        audience: 'orders-api',
      });
    const issue = async (subject: string): Promise<string> => {
      const answer = await fetch(`${stack.url}/token`, { method: 'POST', body: form(subject) });
      return ((await answer.json()) as { readonly access_token: string }).access_token;
    };
    const admin = async (path: string) =>
      (await fetch(`${stack.url}/admin/keys/${path}`, { method: 'POST', headers: signed })).json() as Promise<
        Readonly<Record<string, never>>
      >;
    const isActive = async (token: string): Promise<boolean> => {
      const body = new URLSearchParams({ token });
      const answer = await fetch(`${stack.url}/introspect`, { method: 'POST', body, headers: basic('orders') });
      return ((await answer.json()) as { readonly active: boolean }).active;
    };
    const jwks = async () => (await (await fetch(`${stack.url}/.well-known/jwks.json`)).json()) as { keys: ShownKey[] };
    const kidOf = (token: string) => decodeProtectedHeader(token).kid;
    const byJose = createRemoteJWKSet(new URL(`${stack.url}/.well-known/jwks.json`), { cooldownDuration: 0 });
    // As docs/keys.md has it.
    const jose = (token: string) =>
      jwtVerify(
        token,
        (header, jws) => {
          if (!header.kid?.startsWith('token.')) throw new Error('no key for tokens');
          return byJose(header, jws);
        },
        { issuer: stack.url, audience: 'orders-api', typ: 'at+jwt' },
      );
    const atAws = JwtVerifier.create({
      ...{ issuer: stack.url, audience: 'orders-api', jwksUri: 'https://unused.example/jwks' },
      customJwtCheck: ({ header }) => {
        if (!header.kid?.startsWith('token.')) throw new Error('no key for tokens');
      },
    });
    // The cache of openid-client is that of the library it is made of.
    const cache: { uat?: number } = {};
    const openidClient = (token: string) =>
      validateJwtAccessToken(
        { issuer: stack.url, jwks_uri: `${stack.url}/.well-known/jwks.json` },
        new Request('https://orders.example/', { headers: { authorization: `Bearer ${token}` } }),
        'orders-api',
        { [allowInsecureRequests]: true, [jwksCache]: cache as JWKSCacheInput },
      );
    const first = await issue('rotation');
    expect(kidOf(first)).toBe((await keyOf('token', 'current')).kid);
    atAws.cacheJwks((await jwks()) as never);
    await jose(first);
    await openidClient(first);
    await atAws.verify(first);

    await admin('rotate');
    const next = await keyOf('token', 'next');
    expect((await jwks()).keys.map(({ kid }) => kid)).toContain(next.kid);
    for (const token of [first, await issue('rotation-2')]) {
      expect(kidOf(token)).toBe(kidOf(first));
      await jose(token);
      await openidClient(token);
      await atAws.verify(token);
    }

    const { successor, verifiers } = await admin(`${kidOf(first)}/revoke`);
    expect(successor).toBe(next.kid);
    expect(verifiers).toMatchObject({ believed_until: expect.any(Number), elsewhere: expect.any(String) });
    const published = (await jwks()).keys.map(({ kid }) => kid);
    expect([published.includes(kidOf(first) ?? ''), published.includes(next.kid)]).toEqual([false, true]);
    const second = await issue('rotation-3');
    expect(kidOf(second)).toBe(next.kid);
    await jose(second);
    // Five minutes later, when it would ask again.
    cache.uat = 0;
    await openidClient(second);
    await expect(openidClient(first)).rejects.toThrow();
    atAws.cacheJwks((await jwks()) as never);
    await atAws.verify(second);
    expect([await isActive(first), await isActive(second)]).toEqual([false, true]);
    await expect(atAws.verify(first)).rejects.toThrow();
    expect(
      (await fetch(`${stack.url}/admin/keys/${kidOf(first)}/revoke`, { method: 'POST', headers: signed })).status,
    ).toBe(404);

    // A status list is signed by another key, and no verifier that asks for tokens' takes it.
    const { place } = decodedOf(second) ?? {};
    const list = await (await fetch(place?.uri ?? '')).text();
    expect(kidOf(list)).toBe((await keyOf('status', 'current')).kid);
    await expect(jose(list)).rejects.toThrow('no key for tokens');
    const { kid: status } = await keyOf('status', 'current');
    await admin(`${status}/revoke`);
    const [, ...old] = (place?.uri ?? '').split('/status-lists/');
    const again = await (await fetch(`${stack.url}/status-lists/${old.join('')}`)).text();
    // A list that was made a moment ago is served for 15 seconds; one that is made now has the successor.
    expect([status, (await keyOf('status', 'current')).kid]).toContain(kidOf(again));
  });
});

describe('a tenant put at run time', () => {
  const token = (changes: object = {}) =>
    sign('JWT', {
      ...{ iss: 'https://idp.partner.example', aud: 'https://sts.acme.example', sub: 'plant', team: 'red' },
      // Whatever a foreign token says of tenants is its own.
      ...{ tenant: 'root', iat: now(), exp: now() + 600, jti: crypto.randomUUID(), ...changes },
    });
  const call = async (path: string, body: string, client?: string) => {
    const headers =
      client === undefined ? signed : { 'content-type': 'application/x-www-form-urlencoded', ...basic(client) };
    const response = await fetch(`${stack.url}${path}`, { method: 'POST', headers, body });
    return (await response.json()) as Readonly<Record<string, unknown>>;
  };

  test('has its tokens, asks about them, and is revoked and suspended by its names', async () => {
    const { claims, ...granted } = await exchange(token(), 'partner/feed');
    expect(granted).toMatchObject({ status: 200 });
    expect(claims).toMatchObject({ sub: 'partner/idp|plant', aud: 'partner/feed', tenant: 'partner' });
    expect((await exchange(token(), 'plain-api')).claims).toMatchObject({ aud: 'plain-api', tenant: 'partner' });
    for (const audience of ['orders-api', 'feed']) {
      expect(await exchange(token(), audience)).toMatchObject({ status: 400, error: 'invalid_target' });
    }
    expect(await exchange(userToken('somebody'), 'partner/feed')).toMatchObject({
      status: 400,
      error: 'invalid_target',
    });

    const form = (subjectToken: string) => ({
      ...{ grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: subjectToken },
      ...{ subject_token_type: 'urn:ietf:params:oauth:token-type:jwt', audience: 'partner/feed' },
    });
    const body = new URLSearchParams(form(token())).toString();
    const { access_token: issued } = await call('/token', body, 'partner/orders');
    const isActive = async (client: string) => (await call('/introspect', `token=${issued}`, client))['active'];
    // The root's client of that name is another.
    expect([await isActive('partner/orders'), await isActive('orders')]).toEqual([true, false]);

    const suspension = `${stack.url}/admin/suspensions/rule/partner/plain`;
    const suspending = { method: 'PUT', headers: signed, body: JSON.stringify({ reason: 'a test' }) };
    const suspended = (await (await fetch(suspension, suspending)).json()) as object;
    expect(suspended).toMatchObject({ kind: 'rule', name: 'partner/plain' });
    expect(suspended).not.toHaveProperty('known');
    expect(await exchange(token(), 'partner/feed')).toMatchObject({ status: 400, error: 'invalid_target' });
    expect((await fetch(suspension, { method: 'DELETE', headers: signed })).status).toBe(204);
    expect((await exchange(token(), 'partner/feed')).status).toBe(200);

    const revocation = { by: 'issuer', value: 'partner/idp', reason: 'a test' };
    const revoked = await call('/admin/revocations', JSON.stringify(revocation));
    expect(revoked).not.toHaveProperty('known');
    expect(await isActive('partner/orders')).toBe(false);
    expect(await call('/admin/revocations', JSON.stringify({ ...revocation, value: 'partner/nobody' }))).toMatchObject({
      known: false,
    });
  });

  test('is refused in words that openapi.json has: a mistake, what another has, and what is no name', async () => {
    const answers = async (name: string, files: object = partner) => {
      const response = await putTenant(name, files);
      return { status: response.status, ...((await response.json()) as { readonly findings?: readonly string[] }) };
    };
    const mistake = { ...partner, yaml: partner.yaml.replace('scopes: [a] }', 'alg: ES384, scopes: [a] }') };
    const { status, findings } = await answers('partner', mistake);
    expect([status, findings?.[0]]).toEqual([
      400,
      expect.stringContaining('no key for ES384\n  hint: it signs tokens by ES256, RS256;'),
    ]);
    const own = { ...partner, yaml: partner.yaml.replace(/ {2}- \{ id: to-root.*\nimports.*\n/, '') };
    expect(await answers('other', own)).toMatchObject({ status: 409, error: 'invalid_request' });
    expect((await answers('root', own)).findings).toEqual([expect.stringContaining('this name is reserved')]);
    for (const name of ['Partner', 'a%2Fb', 'a..%2F', 'p%C3%A4rtner', 'a'.repeat(64)]) {
      expect(await answers(name)).toMatchObject({ status: 400, error: 'invalid_request' });
    }
    const path = `${stack.url}/admin/tenants/nobody`;
    for (const [method, status] of [
      ['GET', 404],
      ['HEAD', 404],
      ['DELETE', 204],
      ['POST', 405],
    ] as const) {
      expect((await fetch(path, { method, headers: signed })).status).toBe(status);
    }
    expect((await fetch(path)).status).toBe(403);
    expect(await (await fetch(`${stack.url}/admin/tenants/partner`, { headers: signed })).json()).toMatchObject(
      partner,
    );
  });
});

describe('every route', () => {
  const base = 'grant_type=urn:ietf:params:oauth:grant-type:token-exchange';
  const exchangeForm = () =>
    `${base}&subject_token_type=urn:ietf:params:oauth:token-type:jwt&audience=orders-api&subject_token=${userToken('routes')}`;
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const suspended = '/admin/suspensions/rule/no-such-rule';
  const newcomer = '/admin/tenants/newcomer';
  const tenant = {
    yaml: 'version: 1\nissuers: { idp: { url: https://idp.example, audience: a.b, claims: { team: string } } }\n',
    tests: `version: 1
tests:
  - { name: a, issuer: idp, claims: { sub: a }, request: { audience: plain-api }, expect: { allow: false } }
`,
  };

  test('answers as openapi.json says, and every route of it does', async () => {
    const granted = await fetch(`${stack.url}/token`, { method: 'POST', body: exchangeForm(), headers: form });
    const { access_token: token } = (await granted.json()) as { readonly access_token: string };
    const { jti, status } = decodeJwt<{ status: { status_list: { uri: string } } }>(token);
    const asClient = { method: 'POST', headers: { ...form, ...basic('orders') } };
    const administrator = { headers: signed };
    const requests: Readonly<Record<string, readonly [path: string, init?: RequestInit]>> = {
      exchangeToken: ['/token', { method: 'POST', body: exchangeForm(), headers: form }],
      getCredentials: ['/credentials?role=deploy', { headers: { authorization: userToken('routes') } }],
      introspectToken: ['/introspect', { ...asClient, body: `token=${token}` }],
      revokeToken: ['/revoke', { ...asClient, body: 'token=unknown' }],
      getServerMetadata: ['/.well-known/oauth-authorization-server'],
      getOpenidConfiguration: ['/.well-known/openid-configuration'],
      getKeys: ['/.well-known/jwks.json'],
      getStatusList: [new URL(status.status_list.uri).pathname],
      receiveEvent: [
        '/events',
        {
          method: 'POST',
          body: sessionRevoked('nobody', 30),
          headers: { 'content-type': 'application/secevent+jwt' },
        },
      ],
      revoke: [
        '/admin/revocations',
        {
          ...administrator,
          method: 'POST',
          body: JSON.stringify({ by: 'subject', value: 'okta|nobody', reason: 'x' }),
        },
      ],
      listDecisions: ['/admin/decisions?limit=1', administrator],
      getDecision: [`/admin/decisions/${jti}`, administrator],
      listKeys: ['/admin/keys', administrator],
      rotateKeys: ['/admin/keys/rotate', { ...administrator, method: 'POST' }],
      revokeKey: [`/admin/keys/${(await keyOf('answer', 'current')).kid}/revoke`, { ...administrator, method: 'POST' }],
      suspend: [suspended, { ...administrator, method: 'PUT', body: JSON.stringify({ reason: 'x' }) }],
      listSuspensions: ['/admin/suspensions', administrator],
      resume: [suspended, { ...administrator, method: 'DELETE' }],
      putTenant: [newcomer, { ...administrator, method: 'PUT', body: JSON.stringify(tenant) }],
      tenant: [newcomer, administrator],
      removeTenant: [newcomer, { ...administrator, method: 'DELETE' }],
    };
    const answered: Record<string, number> = {};
    for (const [id, [path, init]] of Object.entries(requests)) {
      answered[id] = (await fetch(`${stack.url}${path}`, init)).status;
      const isHead = Object.values(document.paths).some(({ head }) => head?.operationId === `${id}Head`);
      if (isHead) answered[`${id}Head`] = (await fetch(`${stack.url}${path}`, { ...init, method: 'HEAD' })).status;
    }
    const documented = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId, responses }) => [operationId, Number(Object.keys(responses)[0])]),
    );
    expect(answered).toEqual(Object.fromEntries(documented));
  });
});

// Last: what the functions asked of the table and of KMS.
test('the functions’ rights to tenants are all used, and cover what is asked for', () => {
  const statements = statementsOf(stack);
  const calls = stack.calls.filter(({ principal }) => statements.some(({ role }) => role === principal));
  expect(calls.filter((call) => !allows(statements, call))).toEqual([]);
  const putting = ({ role, actions }: Statement) =>
    role.includes('EndpointsTenants') && actions.includes('kms:GenerateMac');
  const [key = ''] = statements.find(putting)?.resources ?? [];
  const ofTenants = statements.filter(
    ({ resources, condition }) => resources.includes(key) || JSON.stringify(condition).includes('#tenant'),
  );
  const readers = ['AdminRev', 'Events', 'Introspect', 'Revoke', 'Suspensions', 'Tenants', 'Token'];
  expect(readers.filter((name) => !ofTenants.some(({ role }) => role.includes(`Endpoints${name}`)))).toEqual([]);
  const unused = ofTenants
    .flatMap((statement) => statement.actions.map((action) => ({ ...statement, actions: [action] })))
    .filter((statement) => !calls.some((call) => allows([statement], call)));
  expect(unused).toEqual([]);
  const token = ofTenants.find(({ role }) => role.includes('EndpointsToken'))?.role;
  const asked = (action: string) =>
    calls.find((call) => call.principal === token && call.action === action && allows(ofTenants, call)) ??
    expect.fail(action);
  expect(allows(statements, { ...asked('kms:VerifyMac'), action: 'kms:GenerateMac' })).toBe(false);
  expect(allows(statements, { ...asked('dynamodb:GetItem'), action: 'dynamodb:PutItem' })).toBe(false);
});
