// RFC 6749 and RFC 7523 as they bear on the token endpoint, section by section, through the running stack.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerOf, assertion, basic, ending, type Served, secret, serve, types } from './served.ts';

let served: Served;
beforeAll(async () => {
  served = await serve();
});
afterAll(() => served.close());

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const asserted = (client_assertion: string) => ({ client_assertion, client_assertion_type: jwtBearer });
const endingOf = async (changes?: Parameters<Served['exchange']>[0], headers = {}): Promise<string> =>
  ending(await served.exchange(changes, headers));

describe('§2.3 client authentication', () => {
  test('§2.3.1 Basic is form-urlencoded before base64; a bad escape is no client', async () => {
    expect(await endingOf({}, basic('legacy'))).toBe('200');
    expect(await endingOf({}, { authorization: `Basic ${btoa('legacy:%')}` })).toBe('401 invalid_client');
  });

  test('§2.3.1 credentials may be in the body', async () => {
    expect(await endingOf({ client_id: 'legacy', client_secret: secret })).toBe('200');
    expect(await endingOf({ client_id: 'legacy', client_secret: 'x' })).toBe('401 invalid_client');
  });

  test('§2.3 a client MUST NOT use more than one method', async () => {
    expect(await endingOf({ client_id: 'legacy', client_secret: secret }, basic('legacy'))).toBe('400 invalid_request');
    expect(await endingOf(asserted(assertion(served.stack.url)), basic('legacy'))).toBe('400 invalid_request');
  });

  test('§5.2 an unknown client and a wrong secret are told apart by nobody', async () => {
    const unknown = await served.exchange({}, basic('nobody'));
    const wrong = await served.exchange({}, basic('legacy', 'x'));
    const { decision_id: _, ...same } = unknown.body;
    expect(wrong.body).toMatchObject(same);
    expect([unknown.status, wrong.status]).toEqual([401, 401]);
    expect(wrong.headers.get('www-authenticate')).toMatch(/^Basic /);
  });
});

describe('RFC 7523 §3 client assertions, with 7523bis', () => {
  test('aud is the issuer alone, iss and sub the client, jti used once', async () => {
    const issuer = served.stack.url;
    const once = assertion(issuer);
    expect(await endingOf(asserted(once))).toBe('200');
    expect(await endingOf(asserted(once))).toBe('401 invalid_client');
    expect(await endingOf(asserted(assertion(`${issuer}/token`)))).toBe('401 invalid_client');
    expect(await endingOf(asserted(assertion(issuer, { sub: 'legacy' })))).toBe('401 invalid_client');
    expect(await endingOf({ ...asserted(assertion(issuer)), client_id: 'legacy' })).toBe('401 invalid_client');
    expect(await endingOf(asserted(assertion(issuer, { exp: undefined })))).toBe('401 invalid_client');
  });

  test('of 20 parallel requests with one assertion one is answered', async () => {
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

  test('a federated client presents its workload’s token, as often as it likes', async () => {
    const orders = await served.stack.tokenFor('eks', { sub: 'system:serviceaccount:shop:orders' });
    expect(await endingOf(asserted(orders))).toBe('200');
    expect(await endingOf({ ...asserted(orders), client_id: 'orders' })).toBe('200');
    const other = await served.stack.tokenFor('eks', { sub: 'system:serviceaccount:shop:other' });
    expect(await endingOf(asserted(other))).toBe('401 invalid_client');
  });
});

describe('§3.2 token endpoint', () => {
  test('parameters MUST NOT be repeated, and none is read from the URL', async () => {
    expect(await endingOf({ scope: ['orders:read', 'orders:write'] })).toBe('400 invalid_request');
    expect(await endingOf({ unknown: ['a', 'b'] })).toBe('400 invalid_request');
    const body = new URLSearchParams({ grant_type: 'x' });
    const response = await fetch(`${served.stack.url}/token?subject_token=x`, { method: 'POST', body });
    expect(ending(await answerOf(response))).toBe('400 invalid_request');
  });

  test('a parameter without a value is treated as omitted, an unrecognized one is ignored', async () => {
    expect(await endingOf({ actor_token: '', scope: '', foo: 'bar' })).toBe('200');
    expect(await endingOf({ subject_token: '' })).toBe('400 invalid_request');
  });

  test('only POST', async () => {
    const { status, headers } = await fetch(`${served.stack.url}/token`);
    expect([status, headers.get('allow')]).toEqual([405, expect.stringContaining('POST')]);
  });
});

describe('§3.3 scope', () => {
  test('is case-sensitive, of NQCHAR, and duplicates collapse', async () => {
    expect(await endingOf({ scope: 'ORDERS:READ' })).toBe('400 invalid_scope');
    expect(await endingOf({ scope: 'orders:read\\' })).toBe('400 invalid_scope');
    expect((await served.exchange({ scope: 'orders:read orders:read' })).body['scope']).toBe('orders:read');
  });
});

describe('§5.2 errors', () => {
  test('descriptions have no character outside the set, whatever was sent', async () => {
    const { body } = await served.exchange({ subject_token_type: '"\\\né', requested_token_type: types.jwt });
    expect(body['error_description']).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(body['decision_id']).toEqual(expect.any(String));
  });
});
