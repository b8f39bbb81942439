// RFC 9068 (JWT access tokens), section by section, through the running stack.
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { issuerKey, makeKey, signCompact } from '../world.ts';
import { basic, decode, ending, partnerToken, type Served, serve, types } from './served.ts';

let served: Served;
beforeAll(async () => {
  served = await serve();
});

const issue = async (changes: Parameters<Served['exchange']>[0] = {}) =>
  String((await served.exchange(changes)).body['access_token']);

describe('RFC 9068', () => {
  test('§2.1 is signed, typ is at+jwt, and RS256 is among the published keys', async () => {
    const token = await issue();
    const keys = (await (await fetch(`${served.stack.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
    const { protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), {
      typ: 'at+jwt',
      issuer: served.stack.url,
    });
    expect(protectedHeader.alg).toBe('ES256');
    expect(keys.keys.map(({ alg }) => alg)).toContain('RS256');
  });

  test('§2.2 has iss, exp, aud, sub, client_id, iat and jti', async () => {
    const { claims } = decode(await issue());
    for (const name of ['iss', 'aud', 'sub', 'client_id', 'jti'])
      expect(claims[name], name).toEqual(expect.any(String));
    for (const name of ['exp', 'iat']) expect(claims[name], name).toEqual(expect.any(Number));
  });

  test('§2.2 no two tokens share a jti, and no subject can be a client', async () => {
    const tokens = await Promise.all(Array.from({ length: 5 }, () => issue().then(decode)));
    expect(new Set(tokens.map(({ claims }) => claims['jti'])).size).toBe(5);
    for (const { claims } of tokens) expect(claims['sub']).toContain('|');
  });

  test('§3 aud is the resource that was asked for, and every scope is one of that audience', async () => {
    const { claims } = decode(await issue({ audience: undefined, resource: 'https://orders.acme.example' }));
    expect(claims).toMatchObject({ aud: 'https://orders.acme.example', scope: 'orders:read orders:write' });
  });

  test('§4 our own token is taken back only as what it is', async () => {
    const hop = { subject_token: await issue(), audience: 'payments-api' };
    const as = async (type: string) =>
      ending(await served.exchange({ ...hop, subject_token_type: type }, basic('legacy')));
    expect([await as(types.access), await as(types.id)]).toEqual(['200', '400 invalid_request']);
  });

  test('§4 a token that only looks like ours is none', async () => {
    const hop = (subject_token: string) =>
      served.exchange({ subject_token, subject_token_type: types.access, audience: 'payments-api' }, basic('legacy'));
    const token = await issue();
    const { claims, header } = decode(token);
    const forged = (kid: unknown) =>
      signCompact(JSON.stringify({ ...header, kid }), JSON.stringify(claims), makeKey(String(kid)));
    for (const kid of [header['kid'], issuerKey.kid, 'x']) {
      expect(ending(await hop(forged(kid)))).toBe('400 invalid_request');
    }
    const foreign = { iss: served.stack.url, aud: 'https://orders.acme.example' };
    expect(ending(await hop(partnerToken(foreign, { typ: 'at+jwt' })))).toBe('400 invalid_request');
    expect(ending(await hop(token))).toBe('200');
  });

  test('§2.2.3 has scope where one was asked for, and no two audiences share a token', async () => {
    const { claims } = decode(await issue({ scope: 'orders:write' }));
    expect(claims).toMatchObject({ scope: 'orders:write', aud: 'https://orders.acme.example' });
  });

  test('§3 without a target there is no token: none has an aud nobody asked for', async () => {
    expect(ending(await served.exchange({ audience: undefined }))).toBe('400 invalid_target');
    expect(ending(await served.exchange({ audience: '' }))).toBe('400 invalid_target');
    expect(ending(await served.exchange())).toBe('200');
  });

  test('§5 the same sub of two issuers is two subjects', async () => {
    const sub = 'worker';
    const ours = decode(await issue({ subject_token: partnerToken({ sub }) })).claims['sub'];
    const theirs = decode(await issue({ subject_token: await served.stack.tokenFor('github', { sub }) })).claims['sub'];
    expect([ours, theirs]).toEqual(['partner|worker', 'github|worker']);
  });

  test('§5 a token for one resource never names another', async () => {
    expect(decode(await issue()).claims['aud']).not.toEqual(expect.any(Array));
  });
});

test('a reference token is opaque, and no JWT is issued for its audience', async () => {
  const { body } = await served.exchange({ audience: 'opaque-api' });
  expect(body).toMatchObject({ token_type: 'Bearer', issued_token_type: types.access, scope: 'a' });
  expect(Buffer.from(String(body['access_token']), 'base64url')).toHaveLength(32);
  expect(ending(await served.exchange({ audience: 'opaque-api', requested_token_type: types.jwt }))).toBe(
    '400 invalid_request',
  );
});
