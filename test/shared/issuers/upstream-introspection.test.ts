// Upstream introspection against a real server on loopback: what is asked, how, and what its answers mean.
import { createPublicKey, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { jwtVerify } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { createFetchJson } from '../../../shared/issuers/fetch-json.ts';
import { createCheckUpstream, type UpstreamOptions } from '../../../shared/issuers/upstream-introspection.ts';
import { Refused } from '../../../shared/oauth/denial.ts';
import type { PublicJwk } from '../../../shared/oauth/jose/keyring.ts';
import { github, now } from '../../world.ts';
import { selfSigned } from './certificate.ts';
import { json, type LoopbackServer, serveHttp, serveHttps, serveTcp } from './loopback-server.ts';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicJwk = createPublicKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })).export({
  format: 'jwk',
}) as PublicJwk;
const key = { kid: 'answer.rsa-key', alg: 'RS256', keyId: 'key-1', state: 'current', publicJwk } as const;
const token = { compact: 'CANARY.of.token', exp: now + 300 };

const open: LoopbackServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});
async function http(answer: RequestListener): Promise<LoopbackServer> {
  const server = await serveHttp(answer);
  open.push(server);
  return server;
}

interface Asked {
  readonly method: string | undefined;
  readonly type: string | undefined;
  readonly form: URLSearchParams;
}

/** A server that reads what it is asked and answers with what `answers` gives, in turn. */
async function upstream(...answers: unknown[]) {
  const asked: Asked[] = [];
  const server = await http((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method, headers } = request;
      asked.push({ method, type: headers['content-type'], form: new URLSearchParams(body) });
      json(answers.length > 1 ? answers.shift() : answers[0])(request, response);
    });
  });
  return { asked, url: `${server.url}/introspect` };
}

/** One instance of a function, at a time that tests move. */
function instance(url: string, cache = 0, changes: Partial<UpstreamOptions> = {}) {
  const clock = { now };
  const failures: unknown[] = [];
  let ids = 0;
  const check = createCheckUpstream({
    readKeyring: async () => ({ keys: [key] }),
    sign: async (_key, input) => signBytes('sha256', Buffer.from(input), pair.privateKey),
    fetchJson: createFetchJson(),
    now: () => clock.now,
    newId: () => `id-${ids++}`,
    onFailure: (...failure) => failures.push(failure),
    ...changes,
  });
  const introspection = { url, client: '0oa1-B2', cache, network: 'loopback' } as const;
  const ask = (about = token, name = 'github') => check({ ...github, name, introspection }, about);
  return { ask, clock, failures };
}

const denialOf = (error: unknown): unknown => (error instanceof Refused ? error.denial : error);
const unavailable = (dependency: string) => ({ kind: 'unavailable', dependency });

describe('an issuer', () => {
  test('is asked about the token by a posted form, and answers yes or no', async () => {
    const { asked, url } = await upstream({ active: true, sub: 'x' }, { active: false });
    const { ask } = instance(url);
    expect([await ask(), await ask()]).toEqual(['active', 'inactive']);
    expect(asked[0]).toMatchObject({ method: 'POST', type: 'application/x-www-form-urlencoded' });
    expect(asked[0]?.form.get('token')).toBe(token.compact);
    expect(asked[0]?.form.get('token_type_hint')).toBe('access_token');
  });

  test('knows Cambio by an assertion of its own, for this issuer alone, once and for a minute', async () => {
    const { asked, url } = await upstream({ active: true });
    const { ask } = instance(url);
    await ask();
    await ask();
    const form = asked[0]?.form ?? expect.fail('not asked');
    expect(form.get('client_id')).toBe('0oa1-B2');
    expect(form.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    const { payload, protectedHeader } = await jwtVerify(form.get('client_assertion') ?? '', pair.publicKey, {
      currentDate: new Date(now * 1_000),
    });
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'client-authentication+jwt', kid: 'answer.rsa-key' });
    expect(payload).toEqual({
      ...{ iss: '0oa1-B2', sub: '0oa1-B2', aud: github.url },
      ...{ iat: now, exp: now + 60, jti: 'id-0' },
    });
    expect(asked[1]?.form.get('client_assertion')).not.toBe(form.get('client_assertion'));
  });

  test.each<[string, unknown]>([
    ['a word for active', { active: 'true' }],
    ['a number for active', { active: 1 }],
    ['nothing about active', {}],
    ['a list', [{ active: true }]],
    ['null', null],
    ['a word', 'active'],
  ])('that answers %s has not answered', async (_what, answer) => {
    const wrong = instance((await upstream(answer)).url);
    expect(await wrong.ask().catch(denialOf)).toEqual(unavailable('issuer'));
    expect(wrong.failures).toEqual([['github', ['FetchJsonError: the answer has no boolean `active`']]]);
    expect(await instance((await upstream({ active: true })).url).ask()).toBe('active');
  });

  test.each<[string, RequestListener]>([
    ['refuses Cambio', (_request, response) => response.writeHead(401).end('{"active":true}')],
    ['fails', (_request, response) => response.writeHead(500).end('{"active":true}')],
    ['sends it elsewhere', (_request, response) => response.writeHead(307, { location: '/other' }).end()],
    ['answers in HTML', (_request, response) => response.end('<p>active')],
    ['answers too much', (_request, response) => response.end(JSON.stringify({ active: true, x: 'x'.repeat(70_000) }))],
  ])('that %s has not answered, and is asked once', async (_what, answer) => {
    const server = await http(answer);
    expect(await instance(server.url).ask().catch(denialOf)).toEqual(unavailable('issuer'));
    expect(server.requests).toEqual(['/']);
  });

  test('that does not answer is waited for a second', async () => {
    const server = await serveTcp(() => {});
    open.push(server);
    const { ask, failures } = instance(server.url);
    expect(await ask().catch(denialOf)).toEqual(unavailable('issuer'));
    expect(failures).toEqual([['github', ['FetchJsonError: no answer in 1000 ms']]]);
  });

  test('on an address its network does not allow is never asked', async () => {
    const { asked, url } = await upstream({ active: true });
    const introspection = { url: url.replace('http:', 'https:'), client: 'c', cache: 0, network: 'public' } as const;
    const check = createCheckUpstream({
      ...{ readKeyring: async () => ({ keys: [key] }), sign: async () => new Uint8Array(256) },
      ...{ fetchJson: createFetchJson(), now: () => now, newId: () => 'id' },
    });
    expect(await check({ ...github, introspection }, token).catch(denialOf)).toEqual(unavailable('issuer'));
    expect(asked).toEqual([]);
  });

  test('with an authority of its own is asked over that alone', async () => {
    const valid = { notBefore: new Date(0), notAfter: new Date('2999-01-01'), ip: '127.0.0.1' };
    const [ours, theirs] = [selfSigned(valid), selfSigned(valid)];
    const server = await serveHttps(ours, json({ active: true }));
    open.push(server);
    const introspection = { url: server.url, client: 'c', cache: 0, network: 'loopback' } as const;
    const check = createCheckUpstream({
      ...{ readKeyring: async () => ({ keys: [key] }), sign: async () => new Uint8Array(256) },
      ...{ fetchJson: createFetchJson(), now: () => now, newId: () => 'id' },
    });
    const ask = (ca: string) => check({ ...github, introspection, ca }, token).catch(denialOf);
    expect([await ask(theirs.cert), server.requests]).toEqual([unavailable('issuer'), []]);
    expect(await ask(ours.cert)).toBe('active');
  });

  test('is not asked when Cambio cannot say who it is', async () => {
    const { asked, url } = await upstream({ active: true });
    const sign = () => Promise.reject(new Refused({ kind: 'unavailable', dependency: 'kms' }));
    expect(await instance(url, 0, { sign }).ask().catch(denialOf)).toEqual(unavailable('kms'));
    const readKeyring = async () => ({ keys: [{ ...key, alg: 'ES256' as const }] });
    expect(await instance(url, 0, { readKeyring }).ask().catch(denialOf)).toEqual(unavailable('dynamodb'));
    expect(asked).toEqual([]);
  });
});

describe('an answer', () => {
  test('is had anew each time, unless the policy says otherwise', async () => {
    const { asked, url } = await upstream({ active: true });
    const { ask } = instance(url, 0);
    await ask();
    await ask();
    expect(asked).toHaveLength(2);
  });

  test('of yes is used again for as long as the policy says, for this token of this issuer', async () => {
    const { asked, url } = await upstream({ active: true }, { active: true }, { active: true }, { active: false });
    const { ask, clock } = instance(url, 10);
    await ask();
    clock.now = now + 9;
    expect(await ask()).toBe('active');
    expect(asked).toHaveLength(1);
    await ask({ ...token, compact: 'another.of.token' });
    await ask(token, 'another');
    expect(asked).toHaveLength(3);
    clock.now = now + 10;
    expect(await ask()).toBe('inactive');
  });

  test('of yes is not used longer than the token lives', async () => {
    const { asked, url } = await upstream({ active: true });
    const { ask, clock } = instance(url, 600);
    await ask({ ...token, exp: now + 5 });
    clock.now = now + 5;
    await ask({ ...token, exp: now + 5 });
    expect(asked).toHaveLength(2);
  });

  test('of no is the last: it is used again as long as the token could be presented, and of this token alone', async () => {
    const { asked, url } = await upstream({ active: false }, { active: true });
    const { ask, clock } = instance(url, 600);
    expect([await ask(), await ask(), await ask(token, 'another')]).toEqual(['inactive', 'inactive', 'active']);
    expect(asked).toHaveLength(2);
    clock.now = token.exp + github.clockSkew - 1;
    expect(await ask()).toBe('inactive');
    expect(await ask({ ...token, compact: 'another.of.token' })).toBe('active');
    expect(asked).toHaveLength(3);
    clock.now += 1;
    await ask();
    expect(asked).toHaveLength(4);
  });

  test('of none is not remembered', async () => {
    const { url } = await upstream({}, { active: true });
    const { ask } = instance(url, 600);
    expect(await ask().catch(denialOf)).toEqual(unavailable('issuer'));
    expect(await ask()).toBe('active');
  });
});
