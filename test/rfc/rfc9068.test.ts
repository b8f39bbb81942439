// RFC 9068 (JWT access tokens) and RFC 8707 (resource indicators), section by section, through the running stack.
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic, decode, ending, type Served, serve, types } from './served.ts';

let served: Served;
beforeAll(async () => {
  served = await serve();
});
afterAll(() => served.close());

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

  test('§5 a token for one resource never names another', async () => {
    expect(decode(await issue()).claims['aud']).not.toEqual(expect.any(Array));
  });
});

describe('RFC 8707', () => {
  const endingOf = async (resource: string | readonly string[]): Promise<string> =>
    ending(await served.exchange({ audience: undefined, resource }));

  test('§2 a resource is compared as the registered string', async () => {
    for (const other of [
      'https://orders.acme.example/',
      'https://orders.acme.example:443',
      'https://ORDERS.acme.example',
    ]) {
      expect(await endingOf(other)).toBe('400 invalid_target');
    }
    expect(await endingOf('https://orders.acme.example')).toBe('200');
  });

  test('§2 an unknown, malformed or missing resource is invalid_target', async () => {
    for (const bad of ['https://unknown.example', '/x', 'https://orders.acme.example#f']) {
      expect(await endingOf(bad)).toBe('400 invalid_target');
    }
    expect(ending(await served.exchange({ audience: undefined }))).toBe('400 invalid_target');
  });

  test('§2.2 several resources that one token cannot serve are refused', async () => {
    expect(await endingOf(['https://orders.acme.example', 'https://unknown.example'])).toBe('400 invalid_target');
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
