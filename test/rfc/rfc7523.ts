// RFC 7523 §2.2 and §3 with its update 7523bis: client assertions, through the running stack. Each refusal has its twin.
import { createHmac, createPublicKey } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { clientKey, makeKey, signCompact } from '../world.ts';
import { assertion, basic, decode, ending, partnerToken, type Served, secret, serve, types } from './served.ts';

let served: Served;
beforeAll(async () => {
  served = await serve();
});

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const asserted = (client_assertion: string) => ({ client_assertion, client_assertion_type: jwtBearer });
const endingOf = async (changes?: Parameters<Served['exchange']>[0], headers = {}): Promise<string> =>
  ending(await served.exchange(changes, headers));

const seconds = (): number => Math.floor(Date.now() / 1_000);
const payload = (aud: string): string => assertion(aud).split('.')[1] ?? '';

/** HS256 with what everybody can read as its secret. */
function hmac(aud: string, secretText: string | Buffer): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: clientKey.kid })).toString('base64url');
  const input = `${header}.${payload(aud)}`;
  return `${input}.${createHmac('sha256', secretText).update(input).digest('base64url')}`;
}

const publicKey = createPublicKey({ key: clientKey.publicJwk as never, format: 'jwk' });

describe('§2.2 client_assertion and client_assertion_type', () => {
  test('are both REQUIRED, the type byte for byte', async () => {
    const one = assertion(served.stack.url);
    expect(await endingOf({ client_assertion: one })).toBe('401 invalid_client');
    expect(await endingOf({ client_assertion_type: jwtBearer })).toBe('401 invalid_client');
    expect(await endingOf({ client_assertion: one, client_assertion_type: jwtBearer.toUpperCase() })).toBe(
      '401 invalid_client',
    );
    expect(await endingOf(asserted(one))).toBe('200');
  });

  test('MUST contain one JWT', async () => {
    const one = assertion(served.stack.url);
    expect(await endingOf(asserted(`${one} ${one}`))).toBe('401 invalid_client');
    expect(await endingOf({ ...asserted(one), client_assertion: [one, one] })).toBe('400 invalid_request');
    expect(await endingOf(asserted(one))).toBe('200');
  });

  test('are no second method beside another', async () => {
    const one = assertion(served.stack.url);
    expect(await endingOf(asserted(one), basic('legacy'))).toBe('400 invalid_request');
    expect(await endingOf({ ...asserted(one), client_secret: secret })).toBe('400 invalid_request');
    expect(await endingOf(asserted(one))).toBe('200');
  });
});

type Make = (issuer: string) => string;

describe('§3 the assertion of a client’s own key', () => {
  test.each<[string, Make, Make]>([
    ['3. aud is the token endpoint', (at) => assertion(`${at}/token`), (at) => assertion(at)],
    ['3. aud has a slash more', (at) => assertion(`${at}/`), (at) => assertion(at)],
    ['bis aud has another member', (at) => assertion(at, { aud: [at, 'x'] }), (at) => assertion(at, { aud: [at] })],
    ['3. there is no aud', (at) => assertion(at, { aud: undefined }), (at) => assertion(at)],
    ['1. iss is another client', (at) => assertion(at, { iss: 'legacy' }), (at) => assertion(at)],
    ['1. there is no iss', (at) => assertion(at, { iss: undefined }), (at) => assertion(at)],
    ['2. sub is another client', (at) => assertion(at, { sub: 'legacy' }), (at) => assertion(at)],
    ['2. there is no sub', (at) => assertion(at, { sub: undefined }), (at) => assertion(at)],
    ['4. there is no exp', (at) => assertion(at, { exp: undefined }), (at) => assertion(at)],
    ['4. exp has passed', (at) => assertion(at, { exp: seconds() - 1 }), (at) => assertion(at)],
    ['4. exp is an hour off', (at) => assertion(at, { exp: seconds() + 3_600 }), (at) => assertion(at)],
    ['5. nbf is to come', (at) => assertion(at, { nbf: seconds() + 300 }), (at) => assertion(at, { nbf: seconds() })],
    ['6. iat is to come', (at) => assertion(at, { iat: seconds() + 300 }), (at) => assertion(at)],
    ['7. there is no jti', (at) => assertion(at, { jti: undefined }), (at) => assertion(at)],
    ['9. alg is none', (at) => assertion(at, {}, { alg: 'none' }), (at) => assertion(at)],
    ['9. it is unsigned', (at) => `${assertion(at).split('.').slice(0, 2).join('.')}.`, (at) => assertion(at)],
    ['9. HS256 of the JWK', (at) => hmac(at, JSON.stringify(clientKey.publicJwk)), (at) => assertion(at)],
    ['9. HS256 of the PEM', (at) => hmac(at, publicKey.export({ type: 'spki', format: 'pem' })), (at) => assertion(at)],
    ['9. alg is another’s', (at) => assertion(at, {}, { alg: 'RS256' }), (at) => assertion(at)],
    ['10. another key signed it', (at) => forged(at), (at) => assertion(at)],
    [
      'bis typ is of another kind',
      (at) => assertion(at, {}, { typ: 'at+jwt' }),
      (at) => assertion(at, {}, { typ: 'JWT' }),
    ],
    [
      'bis typ is a proof’s',
      (at) => assertion(at, {}, { typ: 'dpop+jwt' }),
      (at) => assertion(at, {}, { typ: 'client-authentication+jwt' }),
    ],
    ['the client is unknown', (at) => assertion(at, { iss: 'nobody', sub: 'nobody' }), (at) => assertion(at)],
  ])('is invalid_client where %s', async (_what, bad, good) => {
    expect(await endingOf(asserted(bad(served.stack.url)))).toBe('401 invalid_client');
    expect(await endingOf(asserted(good(served.stack.url)))).toBe('200');
  });

  test('RFC 7521 §4.2 client_id, if sent, is the same client', async () => {
    const issuer = served.stack.url;
    expect(await endingOf({ ...asserted(assertion(issuer)), client_id: 'legacy' })).toBe('401 invalid_client');
    expect(await endingOf({ ...asserted(assertion(issuer)), client_id: 'checkout' })).toBe('200');
  });

  test('7. jti is used once: the second use is refused, and of 20 at once one is answered', async () => {
    const once = asserted(assertion(served.stack.url));
    expect([await endingOf(once), await endingOf(once)]).toEqual(['200', '401 invalid_client']);
    const one = asserted(assertion(served.stack.url));
    const endings = await Promise.all(Array.from({ length: 20 }, () => endingOf(one)));
    expect(endings.filter((each) => each === '200')).toHaveLength(1);
    expect(new Set(endings)).toEqual(new Set(['200', '401 invalid_client']));
  });

  test('a refused request leaves its assertion unused', async () => {
    const one = asserted(assertion(served.stack.url));
    expect(await endingOf({ ...one, audience: 'unknown' })).toBe('400 invalid_target');
    expect(await endingOf(one)).toBe('200');
  });

  test('is no subject token, nor is a subject token an assertion', async () => {
    const one = assertion(served.stack.url);
    expect(await endingOf({ subject_token: one })).toBe('400 invalid_request');
    expect(await endingOf(asserted(partnerToken()))).toBe('401 invalid_client');
    expect(await endingOf({ subject_token: partnerToken(), ...asserted(one) })).toBe('200');
  });
});

describe('the token of a workload as assertion', () => {
  test('is presented as often as it likes, by the client it is', async () => {
    const orders = await served.stack.tokenFor('eks', { sub: 'system:serviceaccount:shop:orders' });
    expect(await endingOf(asserted(orders))).toBe('200');
    expect(await endingOf({ ...asserted(orders), client_id: 'orders' })).toBe('200');
    expect(await endingOf({ ...asserted(orders), client_id: 'checkout' })).toBe('401 invalid_client');
    const other = await served.stack.tokenFor('eks', { sub: 'system:serviceaccount:shop:other' });
    expect(await endingOf(asserted(other))).toBe('401 invalid_client');
  });

  test('is verified as strictly as a subject', async () => {
    const sub = 'system:serviceaccount:shop:orders';
    for (const bad of [{ exp: 1 }, { aud: ['https://other.example'] }, { nbf: seconds() + 300 }, { exp: null }]) {
      expect(await endingOf(asserted(await served.stack.tokenFor('eks', { sub, ...bad })))).toBe('401 invalid_client');
    }
    expect(await endingOf(asserted(await served.stack.tokenFor('eks', { sub })))).toBe('200');
  });

  test('is not what Cambio issued itself', async () => {
    const issued = String((await served.exchange()).body['access_token']);
    expect(await endingOf(asserted(issued))).toBe('401 invalid_client');
    expect(decode(issued).claims['client_id']).toBe('github');
  });
});

test('§2.1 the jwt-bearer grant is not offered', async () => {
  const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  expect(await endingOf({ grant_type, assertion: partnerToken() })).toBe('400 unsupported_grant_type');
  expect(await endingOf({ subject_token_type: types.jwt })).toBe('200');
});

function forged(aud: string): string {
  const [header = '', claims = ''] = assertion(aud).split('.');
  const text = (part: string): string => Buffer.from(part, 'base64url').toString('utf8');
  return signCompact(text(header), text(claims), makeKey(clientKey.kid));
}
