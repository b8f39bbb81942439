// RFC 6749 as it bears on the token endpoint, section by section, through the running stack.
import { beforeAll, describe, expect, test } from 'vitest';
import { documentedFetch as fetch } from '../documented.ts';
import { answerOf, assertion, basic, decode, ending, type Served, secret, serve, types } from './served.ts';

let served: Served;
beforeAll(async () => {
  served = await serve();
});

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const asserted = (client_assertion: string) => ({ client_assertion, client_assertion_type: jwtBearer });
const endingOf = async (changes?: Parameters<Served['exchange']>[0], headers = {}): Promise<string> =>
  ending(await served.exchange(changes, headers));

const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' };
/** What differs between two tokens of the same. */
const times = { iat: 0, exp: 0, jti: '' };

/** The body of a request that is granted, to send as it is. */
async function form(): Promise<{ readonly subject_token: string; readonly body: string }> {
  const subject_token = await served.stack.tokenFor('github');
  const grant_type = 'urn:ietf:params:oauth:grant-type:token-exchange';
  const parameters = { grant_type, subject_token, subject_token_type: types.jwt, audience: 'orders-api' };
  return { subject_token, body: new URLSearchParams(parameters).toString() };
}

async function sent(body: string, query = '', headers: Record<string, string> = urlencoded): Promise<string> {
  const bytes = new TextEncoder().encode(body);
  return ending(
    await answerOf(await fetch(`${served.stack.url}/token${query}`, { method: 'POST', body: bytes, headers })),
  );
}

describe('§2.3 client authentication', () => {
  test('§2.3.1 Basic is form-urlencoded before base64; a bad escape is no client', async () => {
    expect(await endingOf({}, basic('legacy'))).toBe('200');
    expect(await endingOf({}, { authorization: `Basic ${btoa('legacy:%')}` })).toBe('401 invalid_client');
  });

  test('§2.3.1 credentials may be in the body', async () => {
    expect(await endingOf({ client_id: 'legacy', client_secret: secret })).toBe('200');
    expect(await endingOf({ client_id: 'legacy', client_secret: 'x' })).toBe('401 invalid_client');
    expect(await endingOf({ client_secret: secret })).toBe('401 invalid_client');
  });

  test('§2.3.1 a client_id in the body that is not Basic’s is refused', async () => {
    expect(await endingOf({ client_id: 'checkout' }, basic('legacy'))).toBe('400 invalid_request');
    expect(await endingOf({ client_id: 'legacy' }, basic('legacy'))).toBe('200');
  });

  test('§2.3 a client MUST NOT use more than one method', async () => {
    const one = asserted(assertion(served.stack.url));
    expect(await endingOf({ client_id: 'legacy', client_secret: secret }, basic('legacy'))).toBe('400 invalid_request');
    expect(await endingOf(one, basic('legacy'))).toBe('400 invalid_request');
    expect(await endingOf({ ...one, client_secret: secret })).toBe('400 invalid_request');
    expect(await endingOf(one)).toBe('200');
  });

  test('§2.1 there are no public clients: a client_id alone is no credential, and no client_id is anonymous', async () => {
    expect(await endingOf({ client_id: 'legacy' })).toBe('401 invalid_client');
    expect(await endingOf({ client_id: 'checkout' })).toBe('401 invalid_client');
    expect(await endingOf({})).toBe('200');
  });

  test('§2.3.1 a secret of more than 1 KB is refused unhashed', async () => {
    expect(await endingOf({}, basic('legacy', 'x'.repeat(1_025)))).toBe('401 invalid_client');
    expect(await endingOf({}, basic('legacy'))).toBe('200');
  });

  test('§5.2 an unknown client and a wrong secret are told apart by nobody', async () => {
    const unknown = await served.exchange({}, basic('nobody'));
    const wrong = await served.exchange({}, basic('legacy', 'x'));
    const { decision_id: _, ...same } = unknown.body;
    expect(wrong.body).toMatchObject(same);
    expect([unknown.status, wrong.status]).toEqual([401, 401]);
    for (const { headers } of [unknown, wrong]) expect(headers.get('www-authenticate')).toMatch(/^Basic /);
    const inBody = await served.exchange({ client_id: 'legacy', client_secret: 'x' });
    expect([inBody.status, inBody.body['error']]).toEqual([401, 'invalid_client']);
  });
});

describe('§3.2 token endpoint', () => {
  test('parameters MUST NOT be repeated, however they are spelled', async () => {
    expect(await endingOf({ scope: ['orders:read', 'orders:write'] })).toBe('400 invalid_request');
    expect(await endingOf({ unknown: ['a', 'b'] })).toBe('400 invalid_request');
    expect(await endingOf({ client_id: ['legacy', 'legacy'], client_secret: secret })).toBe('400 invalid_request');
    const { subject_token, body } = await form();
    expect(await sent(`${body}&%73ubject_token=${subject_token}`)).toBe('400 invalid_request');
    expect(await sent(body)).toBe('200');
  });

  test('none is read from the URL, and a URL that has some is refused', async () => {
    const { body } = await form();
    expect(await sent('', `?${body}`)).toBe('400 invalid_request');
    expect(await sent(body, '?scope=orders:read')).toBe('400 invalid_request');
    expect(await sent(body)).toBe('200');
  });

  test('a parameter without a value is treated as omitted, an unrecognized one is ignored', async () => {
    // Of one subject token: what is issued says when that was made.
    const subject_token = await served.stack.tokenFor('github');
    const { claims: bare } = decode((await served.exchange({ subject_token })).body['access_token']);
    const { body } = await served.exchange({ subject_token, actor_token: '', scope: '', foo: 'bar', __proto__: 'x' });
    const { claims } = decode(body['access_token']);
    expect({ ...claims, ...times }).toEqual({ ...bare, ...times });
    expect(await endingOf({ subject_token: '' })).toBe('400 invalid_request');
    expect(await endingOf({ subject_token_type: '' })).toBe('400 invalid_request');
  });

  test.each(['GET', 'PUT', 'DELETE', 'PATCH'])('only POST: %s is 405 with Allow', async (method) => {
    const response = await fetch(`${served.stack.url}/token`, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, expect.stringContaining('POST')]);
    expect(response.headers.get('cache-control')).toContain('no-store');
  });

  test('no header makes another method of POST, and no other origin may read the answer', async () => {
    const headers = { 'x-http-method-override': 'GET', origin: 'https://evil.example' };
    const answer = await served.exchange({}, headers);
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, null]);
  });

  test.each([
    '/Token',
    '/token%2f',
    '/TOKEN',
    '/token/../token/x',
  ])('no other path is the endpoint: %s', async (path) => {
    const { body } = await form();
    const response = await fetch(`${served.stack.url}${path}`, { method: 'POST', body, headers: urlencoded });
    expect([403, 404]).toContain(response.status);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  });

  test.each<[string, string]>([
    ['scope[]=a', 'bracket syntax'],
    ['scope=a;b=c', 'a separator of other parsers'],
    ['scope=%', 'a bad escape'],
    ['scope=%c0%af', 'overlong UTF-8'],
  ])('Appendix B: a form with %s (%s) is refused', async (more) => {
    const { body } = await form();
    expect(await sent(`${body}&${more}`)).toBe('400 invalid_request');
    expect(await sent(body)).toBe('200');
  });

  test.each([
    'application/json',
    'multipart/form-data; boundary=x',
    'text/plain',
    '',
  ])('Appendix B: content type %j is 400, not 500', async (type) => {
    const { body } = await form();
    expect(await sent(body, '', { 'content-type': type })).toBe('400 invalid_request');
    expect(await sent(body, '', { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' })).toBe('200');
  });
});

describe('§3.3 scope', () => {
  test('is case-sensitive, of NQCHAR, and duplicates collapse', async () => {
    expect(await endingOf({ scope: 'ORDERS:READ' })).toBe('400 invalid_scope');
    expect(await endingOf({ scope: 'orders:read\\' })).toBe('400 invalid_scope');
    expect((await served.exchange({ scope: 'orders:read orders:read' })).body['scope']).toBe('orders:read');
  });

  test('the answer says what was granted where that is less than was asked for', async () => {
    const { body } = await served.exchange({ scope: 'orders:read orders:admin unknown' });
    expect(body['scope']).toBe('orders:read');
    expect(await endingOf({ scope: 'orders:admin' })).toBe('400 invalid_scope');
  });
});

describe('§5.1 and §5.2 every answer', () => {
  test('is JSON that nobody stores, refused or granted', async () => {
    const answers = [
      await served.exchange(),
      await served.exchange({ audience: 'unknown' }),
      await served.exchange({}, basic('nobody')),
      await served.exchange({ grant_type: 'password' }),
      await served.exchange({ pad: 'x'.repeat(70_000) }),
    ];
    expect(answers.map(ending)).toEqual([
      '200',
      '400 invalid_target',
      '401 invalid_client',
      '400 unsupported_grant_type',
      '413 invalid_request',
    ]);
    for (const { headers } of answers) {
      expect(headers.get('cache-control')).toContain('no-store');
      expect(headers.get('content-type')).toMatch(/^application\/json/);
    }
  });

  test.each([
    'password',
    'client_credentials',
    'refresh_token',
    'authorization_code',
  ])('grant_type %s is not supported', async (grant_type) => {
    expect(await endingOf({ grant_type })).toBe('400 unsupported_grant_type');
  });
});

describe('§5.2 errors', () => {
  test('descriptions have no character outside the set, whatever was sent', async () => {
    const { body } = await served.exchange({ subject_token_type: '"\\\né', requested_token_type: types.jwt });
    expect(body['error_description']).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(body['decision_id']).toEqual(expect.any(String));
  });
});
