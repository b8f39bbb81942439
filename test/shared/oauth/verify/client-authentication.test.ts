// Client authentication (RFC 6749 §2.3, RFC 7523 with 7523bis) and what an authenticated client may do. Every refusal has its
// twin that differs in one thing.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { parseKeySet, selectKey } from '../../../../shared/oauth/jose/key-set.ts';
import type { Audience, Client, CompiledPolicy } from '../../../../shared/policy/compiled-policy.ts';
import {
  clientKey,
  formBody,
  issuerKey,
  issuerUrl,
  makeKey,
  makeWorld,
  now,
  ordersRule,
  policy,
  run,
  signCompact,
  subjectToken,
  type TestKey,
  verdict,
  type World,
} from '../../../world.ts';

const secret = 'a:b%+ £';
const sha256 = createHash('sha256').update(secret).digest('hex');
const keyed: Client['auth'] = {
  method: 'private_key_jwt',
  keys: { from: 'inline', jwks: { keys: [] } },
  network: 'public',
  algorithms: ['ES256'],
};
const clients: Readonly<Record<string, Client>> = {
  legacy: { name: 'legacy', auth: { method: 'client_secret', sha256 }, introspects: [] },
  checkout: { name: 'checkout', auth: keyed, introspects: [] },
  warehouse: { name: 'warehouse', auth: keyed, introspects: [] },
  orders: {
    name: 'orders',
    auth: {
      method: 'federated',
      issuer: 'github',
      match: [{ path: 'sub', type: 'string', anyOf: [{ equals: 'orders-pod' }] }],
    },
    introspects: [],
  },
  other: {
    name: 'other',
    auth: {
      method: 'federated',
      issuer: 'github',
      match: [{ path: 'sub', type: 'string', anyOf: [{ glob: '**-pod' }] }],
    },
    introspects: [],
  },
};
const second: Client = { name: 'second', auth: { method: 'client_secret', sha256 }, introspects: [] };
const served: CompiledPolicy = { ...policy, clients };
const world = (): World => makeWorld({}, served);
const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const basic = (user: string, password: string): { authorization: string; dpop: undefined } => {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  return {
    authorization: `Basic ${Buffer.from(`${encode(user)}:${encode(password)}`).toString('base64')}`,
    dpop: undefined,
  };
};

function assertion(claims: object = {}, header: object = {}, key: TestKey = clientKey): string {
  const payload = { iss: 'checkout', sub: 'checkout', aud: issuerUrl, exp: now + 60, iat: now, jti: 'a-1', ...claims };
  return signCompact(JSON.stringify({ alg: 'ES256', kid: clientKey.kid, ...header }), JSON.stringify(payload), key);
}

const withAssertion = async (
  client_assertion: string,
  changes: Record<string, string> = {},
  at = world(),
): Promise<string> =>
  verdict(await run(formBody({ client_assertion, client_assertion_type: jwtBearer, ...changes }), at));

describe('client_secret', () => {
  test('by Basic, form-urlencoded inside, and by post, authenticates; client_id of the token is the client', async () => {
    const byBasic = await run(formBody(), world(), basic('legacy', secret));
    const byPost = await run(formBody({ client_id: 'legacy', client_secret: secret }), world());
    for (const outcome of [byBasic, byPost]) expect(outcome).toMatchObject({ claims: { client_id: 'legacy' } });
  });

  test.each<[string, { authorization: string; dpop: undefined }, Record<string, string>, string]>([
    ['a wrong secret', basic('legacy', 'x'), {}, 'invalid_client/client'],
    ['an unknown client', basic('nobody', secret), {}, 'invalid_client/client'],
    ['__proto__', basic('__proto__', secret), {}, 'invalid_client/client'],
    ['a client of another method', basic('checkout', secret), {}, 'invalid_client/client'],
    ['an empty secret', basic('legacy', ''), {}, 'invalid_client/client'],
    ['a secret over 1 KB', basic('legacy', 'x'.repeat(1_025)), {}, 'invalid_client/client'],
    ['another scheme', { authorization: 'Bearer x', dpop: undefined }, {}, 'invalid_client/client'],
    [
      'its credentials under another scheme',
      { authorization: basic('legacy', secret).authorization.replace('Basic', 'Bearer'), dpop: undefined },
      {},
      'invalid_client/client',
    ],
    ['what is no base64', { authorization: 'Basic !!!!', dpop: undefined }, {}, 'invalid_client/client'],
    ['nothing but the scheme', { authorization: 'Basic', dpop: undefined }, {}, 'invalid_client/client'],
    [
      'base64 that is not canonical',
      { authorization: `${basic('legacy', secret).authorization} `, dpop: undefined },
      {},
      'invalid_client/client',
    ],
    [
      'a bad escape',
      { authorization: `Basic ${Buffer.from('legacy:%').toString('base64')}`, dpop: undefined },
      {},
      'invalid_client/client',
    ],
    [
      'no colon',
      { authorization: `Basic ${Buffer.from('legacy').toString('base64')}`, dpop: undefined },
      {},
      'invalid_client/client',
    ],
    ['another client_id in the body', basic('legacy', secret), { client_id: 'checkout' }, 'invalid_request/malformed'],
    [
      'a second method',
      basic('legacy', secret),
      { client_secret: secret, client_id: 'legacy' },
      'invalid_request/client',
    ],
    [
      'an assertion beside it',
      basic('legacy', secret),
      { client_assertion: 'x', client_assertion_type: jwtBearer },
      'invalid_request/client',
    ],
  ])('with %s is refused', async (_what, headers, changes, expected) => {
    expect(verdict(await run(formBody(changes), world(), headers))).toBe(expected);
    expect(verdict(await run(formBody({ client_id: 'legacy' }), world(), basic('legacy', secret)))).toBe('granted');
  });

  test('without a secret, a client_id is no client', async () => {
    expect(verdict(await run(formBody({ client_id: 'legacy' }), world()))).toBe('invalid_client/client');
    expect(verdict(await run(formBody({ client_secret: secret }), world()))).toBe('invalid_client/client');
    expect(verdict(await run(formBody({ client_assertion_type: jwtBearer }), world()))).toBe('invalid_client/client');
    expect(verdict(await run(formBody({ client_assertion: assertion() }), world()))).toBe('invalid_client/client');
  });

  test('of more than 1 KB is refused, also where it is the right one', async () => {
    const withSecret = (text: string): World => {
      const auth = { method: 'client_secret', sha256: createHash('sha256').update(text).digest('hex') } as const;
      return makeWorld({}, { ...served, clients: { legacy: { name: 'legacy', auth, introspects: [] } } });
    };
    const outcome = (text: string) => run(formBody(), withSecret(text), basic('legacy', text)).then(verdict);
    expect(await outcome('x'.repeat(1_025))).toBe('invalid_client/client');
    expect(await outcome('é'.repeat(513))).toBe('invalid_client/client');
    expect(await outcome('x'.repeat(1_024))).toBe('granted');
  });

  test('is what stands after the first colon, and nothing where there is none', async () => {
    const auth = { method: 'client_secret', sha256: createHash('sha256').update('legacy1').digest('hex') } as const;
    const at = makeWorld({}, { ...served, clients: { legacy: { name: 'legacy', auth, introspects: [] } } });
    const encoded = (pair: string) => ({ authorization: `basic ${btoa(pair)}`, dpop: undefined });
    expect(verdict(await run(formBody(), at, encoded('legacy1')))).toBe('invalid_client/client');
    expect(verdict(await run(formBody(), at, encoded(':legacy1')))).toBe('invalid_client/client');
    expect(verdict(await run(formBody(), at, encoded('legacy:legacy1')))).toBe('granted');
  });
});

describe('private_key_jwt', () => {
  test.each<[string, string, string]>([
    ['the token endpoint as aud', assertion({ aud: `${issuerUrl}/token` }), assertion()],
    ['aud with another member', assertion({ aud: [issuerUrl, 'x'] }), assertion({ aud: [issuerUrl] })],
    ['aud with a slash', assertion({ aud: `${issuerUrl}/` }), assertion()],
    ['another sub', assertion({ sub: 'legacy' }), assertion()],
    ['no exp', assertion({ exp: undefined }), assertion()],
    ['exp passed', assertion({ exp: now }), assertion({ exp: now + 1 })],
    ['exp too far', assertion({ exp: now + 601 }), assertion({ exp: now + 600 })],
    ['nbf too far', assertion({ nbf: now + 61 }), assertion({ nbf: now + 60 })],
    ['iat too far', assertion({ iat: now + 61 }), assertion({ iat: now + 60 })],
    ['no jti', assertion({ jti: undefined }), assertion()],
    ['typ at+jwt', assertion({}, { typ: 'at+jwt' }), assertion({}, { typ: 'client-authentication+jwt' })],
    ['alg none', assertion({}, { alg: 'none' }), assertion()],
    ['alg of another key', assertion({}, { alg: 'RS256' }), assertion()],
    ['another key', assertion({}, {}, makeKey(clientKey.kid)), assertion()],
    ['an unknown kid', assertion({}, { kid: 'x' }), assertion()],
    ['a client nobody knows', assertion({ iss: 'nobody', sub: 'nobody' }), assertion({}, { typ: 'JWT' })],
    ['__proto__ as client', assertion({ iss: '__proto__', sub: '__proto__' }), assertion()],
    ['constructor as client', assertion({ iss: 'constructor', sub: 'constructor' }), assertion()],
    ['iss in a list', assertion({ iss: ['checkout'] }), assertion()],
    ['a client of another method', assertion({ iss: 'legacy', sub: 'legacy' }), assertion()],
  ])('with %s is refused', async (_what, refused, granted) => {
    expect(await withAssertion(refused)).toBe('invalid_client/client');
    expect(await withAssertion(granted)).toBe('granted');
  });

  test('needs its type, and a client_id that is the same', async () => {
    expect(await withAssertion(assertion(), { client_assertion_type: 'x' })).toBe('invalid_client/client');
    expect(await withAssertion(assertion(), { client_id: 'legacy' })).toBe('invalid_client/client');
    expect(await withAssertion(assertion(), { client_id: 'checkout' })).toBe('granted');
  });

  test('is used once, by (client, jti); a refused request, and one that failed, leave it unused', async () => {
    const at = world();
    expect(await withAssertion(assertion(), { audience: 'payments-api' }, at)).toBe('invalid_target/no_rule');
    expect(await withAssertion(assertion(), {}, at)).toBe('granted');
    expect(await withAssertion(assertion({ iat: now - 1 }), {}, at)).toBe('invalid_client/client');
    expect(await withAssertion(assertion({ jti: 'a-2' }), {}, at)).toBe('granted');
    expect(await withAssertion(assertion({ iss: 'warehouse', sub: 'warehouse' }), {}, at)).toBe('granted');
    expect(at.uses.map(({ use: { issuer, jti } }) => `${issuer} ${jti}`)).toEqual([
      'checkout a-1',
      'checkout a-2',
      'warehouse a-1',
    ]);
    // Whoever checked it in its last second takes it a moment later, by another clock: it is remembered longer.
    expect(at.uses[0]?.use.expiresAt).toBe(now + 60 + 60);
    let down = true;
    const sign: World['cambio']['sign'] = async (...given) => {
      if (down) throw new TypeError('down');
      return makeWorld().cambio.sign(...given);
    };
    const failing = makeWorld({ sign }, served);
    await expect(withAssertion(assertion(), {}, failing)).rejects.toThrow('down');
    expect(failing.uses).toEqual([]);
    down = false;
    expect(await withAssertion(assertion(), {}, failing)).toBe('granted');
  });

  test('is verified by that client’s keys and algorithms', async () => {
    const asked: unknown[] = [];
    const findClientKey: World['cambio']['findClientKey'] = async (client, wanted) => {
      asked.push(client);
      return world().cambio.findClientKey(client, wanted);
    };
    expect(await withAssertion(assertion(), {}, makeWorld({ findClientKey }, served))).toBe('granted');
    expect(asked).toEqual([expect.objectContaining({ name: 'checkout', keys: keyed.keys, network: 'public' })]);
    const auth: Client['auth'] = { ...keyed, algorithms: ['RS256', 'Ed25519'] };
    const clients = { checkout: { name: 'checkout', auth, introspects: [] } };
    expect(await withAssertion(assertion(), {}, makeWorld({}, { ...served, clients }))).toBe('invalid_client/client');
  });

  test('of Ed25519 names its algorithm by either name', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const keys = parseKeySet({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'ed' }] });
    const auth: Client['auth'] = { ...keyed, algorithms: ['Ed25519'] };
    const clients = { checkout: { name: 'checkout', auth, introspects: [] } };
    const findClientKey: World['cambio']['findClientKey'] = async (_client, wanted) => selectKey(keys, wanted);
    for (const alg of ['EdDSA', 'Ed25519']) {
      const [, payload = ''] = assertion().split('.');
      const input = `${Buffer.from(JSON.stringify({ alg, kid: 'ed' })).toString('base64url')}.${payload}`;
      const token = `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
      expect(await withAssertion(token, {}, makeWorld({ findClientKey }, { ...served, clients }))).toBe('granted');
      expect(await withAssertion(token, {}, makeWorld({ findClientKey }, served))).toBe('invalid_client/client');
    }
  });

  test('is verified by any of its keys that has not ended, also where another is no longer served', async () => {
    const auth = { ...keyed, keys: { from: 'jwksUri', jwksUri: 'https://old.example/jwks' } } as const;
    const at = (also: readonly Client['auth'][], first: Client['auth'] = auth) => {
      const findClientKey: World['cambio']['findClientKey'] = async (client, wanted) => {
        if (client.keys.from !== 'inline') throw new Refused({ kind: 'unavailable', dependency: 'issuer' });
        return world().cambio.findClientKey(client, wanted);
      };
      const checkout = { name: 'checkout', auth: first, also, introspects: [] };
      return makeWorld({ findClientKey }, { ...served, clients: { checkout } });
    };
    expect(await withAssertion(assertion(), {}, at([keyed]))).toBe('granted');
    expect(await withAssertion(assertion(), {}, at([{ ...keyed, notAfter: now + 1 }]))).toBe('granted');
    const ended = { ...keyed, notAfter: now };
    expect(await withAssertion(assertion(), {}, at([ended], ended))).toBe('invalid_client/client');
    // The key that cannot be had may be the one that signed.
    for (const also of [[], [ended]]) {
      expect(await withAssertion(assertion(), {}, at(also))).toBe('temporarily_unavailable/unavailable');
    }
    const another = assertion({}, {}, makeKey(clientKey.kid));
    expect(await withAssertion(another, {}, at([keyed]))).toBe('temporarily_unavailable/unavailable');
    expect(await withAssertion(another, {}, at([keyed], keyed))).toBe('invalid_client/client');
  });

  test('of whose keys none can be had is not refused: it is tried again later', async () => {
    const findClientKey = async (): Promise<never> => {
      throw new Refused({ kind: 'unavailable', dependency: 'issuer' });
    };
    const at = makeWorld({ findClientKey }, served);
    expect(await withAssertion(assertion(), {}, at)).toBe('temporarily_unavailable/unavailable');
    expect(await withAssertion(assertion(), {}, world())).toBe('granted');
  });

  test('is no subject token', async () => {
    expect(verdict(await run(formBody({ subject_token: assertion() }), world()))).toBe('invalid_request/issuer');
  });
});

describe('a federated client', () => {
  const pod = (claims: object = {}): string => subjectToken({ sub: 'orders-pod', ...claims });

  test('is found by its token’s claims, and named when several fit', async () => {
    expect(await withAssertion(pod(), { client_id: 'orders' })).toBe('granted');
    expect(await withAssertion(pod(), { client_id: 'other' })).toBe('granted');
    expect(await withAssertion(pod())).toBe('invalid_client/client');
    expect(await withAssertion(pod({ sub: 'x-pod' }))).toBe('granted');
    expect(await withAssertion(pod({ sub: 'x' }))).toBe('invalid_client/client');
    expect(await withAssertion(pod({ sub: 'x-pod' }), { client_id: 'orders' })).toBe('invalid_client/client');
  });

  test('is of the issuer it is federated with, whatever another says', async () => {
    const eks = { ...(served.issuers['github'] ?? expect.fail('no issuer')), name: 'eks', url: 'https://eks.example' };
    const at = makeWorld({}, { ...served, issuers: { ...served.issuers, eks } });
    expect(await withAssertion(pod({ iss: eks.url }), { client_id: 'orders' }, at)).toBe('invalid_client/client');
    expect(await withAssertion(pod({ iss: eks.url }), { client_id: 'legacy' }, at)).toBe('invalid_client/client');
    expect(await withAssertion(pod(), { client_id: 'orders' }, at)).toBe('granted');
  });

  test('is nobody by a claim of another type than declared, and one value is a list of one', async () => {
    const match = [{ path: 'teams', type: 'list' as const, anyOf: [{ equals: 'orders' }] }];
    const auth: Client['auth'] = { method: 'federated', issuer: 'github', match };
    const at = makeWorld({}, { ...served, clients: { orders: { name: 'orders', auth, introspects: [] } } });
    expect(await withAssertion(pod({ teams: { orders: true } }), {}, at)).toBe('invalid_client/client');
    expect(await withAssertion(pod({ teams: [['orders']] }), {}, at)).toBe('invalid_client/client');
    expect(await withAssertion(pod({ teams: ['orders'] }), {}, at)).toBe('granted');
    expect(await withAssertion(pod({ teams: 'orders' }), {}, at)).toBe('granted');
  });

  test('presents a token verified like a subject, and may present it again', async () => {
    const at = world();
    for (const claims of [{ exp: now }, { aud: 'x' }, { iss: 'https://evil.example' }, { nbf: now + 61 }]) {
      expect(await withAssertion(pod(claims), { client_id: 'orders' }, at)).toBe('invalid_client/client');
    }
    expect(await withAssertion(pod(), { client_id: 'orders' }, at)).toBe('granted');
    expect(await withAssertion(pod(), { client_id: 'orders' }, at)).toBe('granted');
    expect(at.uses).toEqual([]);
  });
});

describe('rules and clients', () => {
  const only = (client: 'any' | readonly string[]): World =>
    makeWorld({}, { ...served, rules: [{ ...ordersRule, client }] });
  const as = (at: World, user?: string): Promise<string> =>
    run(formBody(), at, user ? basic(user, secret) : undefined).then(verdict);

  test('a rule for one client, or for any, grants nobody anonymous', async () => {
    expect(await as(only(['legacy']), 'legacy')).toBe('granted');
    expect(await as(only(['checkout']), 'legacy')).toBe('invalid_target/no_rule');
    expect(await as(only('any'), 'legacy')).toBe('granted');
    expect(await as(only('any'))).toBe('invalid_target/no_rule');
  });

  test('a subject token whose aud is a client is that client’s to present', async () => {
    const issuers = {
      github: {
        ...(served.issuers['github'] ?? expect.fail('no issuer')),
        audiences: ['legacy', 'https://sts.acme.example'],
      },
    };
    const at = makeWorld({}, { ...served, issuers });
    const body = formBody({ subject_token: subjectToken({ aud: 'legacy' }) });
    expect(verdict(await run(body, at))).toBe('invalid_request/audience');
    expect(verdict(await run(body, at, basic('legacy', secret)))).toBe('granted');
    expect(verdict(await run(formBody(), at))).toBe('granted');
    const both = formBody({ subject_token: subjectToken({ aud: ['https://sts.acme.example', 'legacy'] }) });
    expect(verdict(await run(both, at))).toBe('invalid_request/audience');
    expect(verdict(await run(both, at, basic('legacy', secret)))).toBe('granted');
  });

  test('of our own tokens aud is an audience, also one called like a client', async () => {
    const orders = served.audiences['orders-api'] ?? expect.fail('no audience');
    const audiences = { ...served.audiences, checkout: { ...orders, name: 'checkout', resource: 'https://c.example' } };
    const own = { ...audiences, legacy: { name: 'legacy', ...withoutNames(orders) } };
    const to = (audience: string) => ({ ...ordersRule, id: audience, grant: { ...ordersRule.grant, audience } });
    const hop = { ...to('orders-api'), from: 'self', client: 'any', match: [] } as const;
    const at = makeWorld(
      {},
      { ...served, audiences: own, rules: [to('legacy'), hop], clients: { ...clients, second } },
    );
    const first = await run(formBody({ audience: 'legacy' }), at);
    if (!('granted' in first)) return expect.fail(verdict(first));
    const subject_token_type = 'urn:ietf:params:oauth:token-type:access_token';
    const body = formBody({ subject_token: first.granted.access_token, subject_token_type });
    expect(verdict(await run(body, at, basic('second', secret)))).toBe('granted');
    expect(verdict(await run(body, at))).toBe('invalid_target/no_rule');
  });

  test('may_act that names the client is satisfied by it alone', async () => {
    const body = (may_act: object): string => formBody({ subject_token: subjectToken({ may_act }) });
    expect(await run(body({ sub: 'legacy' }), world(), basic('legacy', secret)).then(verdict)).toBe('granted');
    expect(await run(body({ sub: 'legacy', iss: issuerUrl }), world(), basic('legacy', secret)).then(verdict)).toBe(
      'granted',
    );
    expect(await run(body({ sub: 'checkout' }), world(), basic('legacy', secret)).then(verdict)).toBe(
      'invalid_request/may_act',
    );
    expect(await run(body({ sub: 'legacy', iss: 'x' }), world(), basic('legacy', secret)).then(verdict)).toBe(
      'invalid_request/may_act',
    );
    expect(await run(body({ sub: 'legacy' }), world()).then(verdict)).toBe('invalid_request/may_act');
    // Another issuer's client ids are not ours, whatever stands beside them.
    for (const named of [{ client_id: 'legacy' }, { sub: 'legacy', client_id: 'legacy' }]) {
      expect(await run(body(named), world(), basic('legacy', secret)).then(verdict)).toBe('invalid_request/may_act');
    }
    expect(await run(body({}), world(), basic('legacy', secret)).then(verdict)).toBe('invalid_request/may_act');
    expect(issuerKey.kid).not.toBe(clientKey.kid);
  });
});

function withoutNames({ name: _, resource: __, ...rest }: Audience): Omit<Audience, 'name' | 'resource'> {
  return rest;
}
