// RFC 8693, section by section, through the running stack. Where a MUST is a refusal, its twin is granted.
import { beforeAll, describe, expect, test } from 'vitest';
import { basic, decode, ending, partnerToken, type Served, serve, types } from './served.ts';

let served: Served;
beforeAll(async () => {
  served = await serve();
});

const refused = async (changes: Parameters<Served['exchange']>[0], expected: string, headers = {}): Promise<void> => {
  expect(ending(await served.exchange(changes, headers))).toBe(expected);
};

describe('§2.1 request', () => {
  test('grant_type is the URN, byte for byte', async () => {
    const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
    for (const grant_type of [grant.toUpperCase(), `${grant} `, ` ${grant}`, `${grant}#`]) {
      await refused({ grant_type }, '400 unsupported_grant_type');
    }
    await refused({ grant_type: undefined }, '400 invalid_request');
    await refused({ grant_type: grant }, '200');
  });

  test('subject_token and subject_token_type are REQUIRED', async () => {
    await refused({ subject_token: undefined }, '400 invalid_request');
    await refused({ subject_token_type: undefined }, '400 invalid_request');
  });

  test('actor_token_type is REQUIRED with actor_token and MUST NOT be included otherwise', async () => {
    const actor_token = await served.stack.tokenFor('eks');
    await refused({ actor_token }, '400 invalid_request');
    await refused({ actor_token_type: types.jwt }, '400 invalid_request');
    await refused({ actor_token, actor_token_type: types.jwt }, '200');
  });

  test('resource MUST be an absolute URI and MUST NOT include a fragment', async () => {
    for (const resource of ['/api', 'foo', 'https://orders.acme.example#x', 'https://orders.acme.example#']) {
      await refused({ audience: undefined, resource }, '400 invalid_target');
    }
    await refused({ audience: undefined, resource: 'https://orders.acme.example' }, '200');
  });

  test('multiple audience and resource parameters may name one target, in any combination', async () => {
    const answer = await served.exchange({
      audience: ['orders-api', 'orders-api'],
      resource: 'https://orders.acme.example',
    });
    expect(decode(answer.body['access_token']).claims['aud']).toBe('https://orders.acme.example');
  });

  test('§2.1.1 targets that one token cannot serve are refused, never cut', async () => {
    await refused({ audience: ['orders-api', 'opaque-api'] }, '400 invalid_target');
  });

  test('the authorization server MUST perform the appropriate validation for the indicated token type', async () => {
    await refused({ subject_token_type: types.access }, '400 invalid_request');
    const issued = String((await served.exchange()).body['access_token']);
    const hop = { subject_token: issued, audience: 'payments-api' };
    await refused({ ...hop, subject_token_type: types.id }, '400 invalid_request', basic('legacy'));
    await refused({ ...hop, subject_token_type: types.access }, '200', basic('legacy'));
  });

  test('an actor token is validated with the same rigour', async () => {
    const actor = async (overrides: Record<string, unknown>) => ({
      actor_token: await served.stack.tokenFor('eks', overrides),
      actor_token_type: types.jwt,
    });
    await refused(await actor({ exp: 1 }), '400 invalid_request');
    await refused(await actor({ aud: ['https://other.example'] }), '400 invalid_request');
    await refused(await actor({}), '200');
  });

  test('§3 access_token and refresh_token mean what this server issued; saml2 is nothing it can verify', async () => {
    const foreign = await served.stack.tokenFor('github');
    for (const subject_token_type of [types.access, types.refresh, 'urn:ietf:params:oauth:token-type:saml2', 'jwt']) {
      await refused({ subject_token: foreign, subject_token_type }, '400 invalid_request');
    }
    await refused({ subject_token: foreign, subject_token_type: types.jwt }, '200');
    await refused({ subject_token: foreign, subject_token_type: types.id }, '200');
  });

  test('what was issued here is taken back, from the party it was issued for, and never widens', async () => {
    const issued = String((await served.exchange({ scope: 'orders:read' })).body['access_token']);
    const hop = { subject_token: issued, subject_token_type: types.access, audience: 'payments-api' };
    const { body } = await served.exchange(hop, basic('legacy'));
    const [before, after] = [decode(issued).claims, decode(body['access_token']).claims];
    expect(after).toMatchObject({ sub: before['sub'], scope: 'orders:read', aud: 'payments-api' });
    expect(Number(after['exp'])).toBeLessThanOrEqual(Number(before['exp']));
    await refused({ ...hop, scope: 'payments:charge' }, '400 invalid_scope', basic('legacy'));
    await refused(hop, '400 invalid_target');
    await refused(hop, '200', basic('legacy'));
  });

  test('§5 an anonymous caller has the rights of its subject token, and no others', async () => {
    const issued = String((await served.exchange()).body['access_token']);
    const hop = { subject_token: issued, subject_token_type: types.access, audience: 'payments-api' };
    await refused(hop, '400 invalid_target');
    await refused({ ...hop, client_id: 'legacy' }, '401 invalid_client');
    await refused(hop, '200', basic('legacy'));
  });

  test('an exchange does not use its subject token up', async () => {
    const subject_token = await served.stack.tokenFor('github');
    await refused({ subject_token }, '200');
    await refused({ subject_token }, '200');
  });
});

describe('§2.2.1 successful response', () => {
  test('has access_token, issued_token_type and token_type; expires_in is exp − iat; scope says what was granted', async () => {
    const { body, headers } = await served.exchange({ scope: 'orders:read orders:admin' });
    const { claims } = decode(body['access_token']);
    expect(body).toMatchObject({ issued_token_type: types.access, token_type: 'Bearer', scope: 'orders:read' });
    expect(body['expires_in']).toBe(Number(claims['exp']) - Number(claims['iat']));
    expect(headers.get('cache-control')).toContain('no-store');
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(body['expires_in']).toEqual(expect.any(Number));
  });

  test('expires_in is never more than is left of the subject token', async () => {
    const exp = Math.floor(Date.now() / 1_000) + 40;
    const { body } = await served.exchange({ subject_token: await served.stack.tokenFor('github', { exp }) });
    expect(Number(body['expires_in'])).toBeLessThanOrEqual(40);
    expect(decode(body['access_token']).claims['exp']).toBe(exp);
  });

  test('issued_token_type is what was issued, also for a requested jwt; there is no refresh token', async () => {
    const { body } = await served.exchange({ requested_token_type: types.jwt });
    expect(body['issued_token_type']).toBe(types.jwt);
    expect(body).not.toHaveProperty('refresh_token');
    await refused({ requested_token_type: types.refresh }, '400 invalid_request');
    await refused({ requested_token_type: 'urn:ietf:params:oauth:token-type:saml2' }, '400 invalid_request');
  });

  test('token_type is N_A for what is no access token', async () => {
    const requested_token_type = 'urn:ietf:params:oauth:token-type:txn_token';
    const { body } = await served.exchange({ requested_token_type, scope: 'orders:read' });
    expect(body).toMatchObject({ token_type: 'N_A', issued_token_type: requested_token_type });
    expect(decode(body['access_token']).header['typ']).toBe('txntoken+jwt');
  });
});

describe('§2.2.2 error response', () => {
  test('an invalid or unacceptable subject token is invalid_request', async () => {
    for (const overrides of [
      { exp: 1 },
      { aud: 'https://other.example' },
      { iss: 'https://evil.example' },
      { sub: 1 },
    ]) {
      await refused({ subject_token: await served.stack.tokenFor('github', overrides) }, '400 invalid_request');
    }
  });

  test('a target the server is unwilling or unable to issue for is invalid_target', async () => {
    for (const audience of ['unknown', 'payments-api', '*', '__proto__', served.stack.url, 'orders', 'ORDERS-API']) {
      await refused({ audience }, '400 invalid_target');
    }
    await refused({ audience: Array.from({ length: 150 }, (_, n) => `a${n}`) }, '400 invalid_target');
    await refused({ audience: 'orders-api' }, '200');
  });
});

describe('§4.1 act', () => {
  test('has the actor outermost and what was there nested, with identity claims only', async () => {
    const actor_token = await served.stack.tokenFor('eks');
    const subject_token = await served.stack.tokenFor('github', { act: { sub: 'earlier', exp: 1, iss: 'x' } });
    const { body } = await served.exchange({ subject_token, actor_token, actor_token_type: types.jwt });
    const { act, sub } = decode(body['access_token']).claims;
    expect(act).toEqual({
      sub: expect.stringMatching(/^eks\|system:serviceaccount:shop:/),
      act: { sub: 'github|earlier' },
    });
    expect(sub).toMatch(/^github\|/);
  });

  test('MUST NOT be considered for access control below its outermost level', async () => {
    const acting = async (act: unknown) => ({ subject_token: partnerToken({ act }), audience: 'acting-api' });
    await refused(await acting({ sub: 'other', act: { sub: 'gateway' } }), '400 invalid_target');
    await refused(await acting({ act: { sub: 'gateway' } }), '400 invalid_request');
    await refused(await acting({ sub: 'gateway', act: { sub: 'other' } }), '200');
  });

  test('says each actor once, and at most three deep', async () => {
    const chain = (...subs: string[]): object | undefined =>
      subs.reduceRight<object | undefined>((act, sub) => (act ? { sub, act } : { sub }), undefined);
    const acting = (...subs: string[]) => ({ subject_token: partnerToken({ act: chain(...subs) }) });
    await refused(acting('a', 'b', 'c', 'd'), '400 invalid_request');
    await refused(acting('a', 'b', 'a'), '400 invalid_request');
    await refused(
      { subject_token: partnerToken({ act: chain(...Array.from({ length: 35 }, (_, n) => `a${n}`)) }) },
      '400 invalid_request',
    );
    await refused(acting('a', 'b', 'c'), '200');
  });

  test('survives an exchange without an actor token', async () => {
    const actor_token = await served.stack.tokenFor('eks');
    const first = String((await served.exchange({ actor_token, actor_token_type: types.jwt })).body['access_token']);
    const hop = { subject_token: first, subject_token_type: types.access, audience: 'payments-api' };
    const second = await served.exchange(hop, basic('legacy'));
    expect(decode(second.body['access_token']).claims['act']).toEqual(decode(first).claims['act']);
  });
});

describe('§4.2–4.4 scope, client_id, may_act', () => {
  test('scope is one string, client_id the client that asked for this token', async () => {
    const first = String((await served.exchange()).body['access_token']);
    const hop = { subject_token: first, subject_token_type: types.access, audience: 'payments-api' };
    const { claims } = decode((await served.exchange(hop, basic('legacy'))).body['access_token']);
    expect(claims).toMatchObject({ client_id: 'legacy', scope: 'orders:read' });
    expect(decode(first).claims['client_id']).toBe('github');
  });

  test('a party that may_act does not name MUST NOT act', async () => {
    const eks = await served.stack.tokenFor('eks');
    const { sub, iss } = decode(eks).claims;
    const acting = async (may_act: unknown) => ({
      subject_token: await served.stack.tokenFor('github', { may_act }),
      actor_token: eks,
      actor_token_type: types.jwt,
    });
    await refused(await acting({ sub: 'other' }), '400 invalid_request');
    await refused(await acting({ sub, iss: 'https://evil.example' }), '400 invalid_request');
    await refused(await acting('text'), '400 invalid_request');
    await refused(await acting([{ sub }]), '400 invalid_request');
    await refused(await acting({ iss }), '400 invalid_request');
    await refused(await acting({ sub, iss }), '200');
  });

  test('without an actor token, may_act names the client that authenticated', async () => {
    const named = async (may_act: object) => ({ subject_token: await served.stack.tokenFor('github', { may_act }) });
    await refused(await named({ sub: 'legacy' }), '400 invalid_request');
    await refused(await named({ sub: 'checkout' }), '400 invalid_request', basic('legacy'));
    await refused(await named({ sub: 'legacy', iss: 'https://evil.example' }), '400 invalid_request', basic('legacy'));
    await refused(await named({ sub: 'legacy' }), '200', basic('legacy'));
    await refused(await named({ sub: 'legacy', iss: served.stack.url }), '200', basic('legacy'));
  });

  test('may_act ends with the exchange it allowed', async () => {
    const subject_token = await served.stack.tokenFor('github', { may_act: { sub: 'legacy' } });
    const { body } = await served.exchange({ subject_token }, basic('legacy'));
    expect(decode(body['access_token']).claims).not.toHaveProperty('may_act');
  });
});

describe('draft-ietf-oauth-transaction-tokens', () => {
  const asking = (changes: Parameters<Served['exchange']>[0] = {}) => ({
    requested_token_type: types.transaction,
    scope: 'orders:read',
    ...changes,
  });
  const tokenOf = async (changes: Parameters<Served['exchange']>[0] = {}, headers = {}) =>
    String((await served.exchange(asking(changes), headers)).body['access_token']);
  const claimsOf = async (changes: Parameters<Served['exchange']>[0] = {}, headers = {}) =>
    decode(await tokenOf(changes, headers)).claims;

  test('Txn-Token Request: scope is REQUIRED; request_context and request_details are JSON objects', async () => {
    await refused(asking({ scope: undefined }), '400 invalid_request');
    for (const bad of ['[]', 'text', '{"a":1,"a":2}']) {
      await refused(asking({ request_context: bad }), '400 invalid_request');
      await refused(asking({ request_details: bad }), '400 invalid_request');
    }
    expect(await claimsOf({ request_details: '{"a":1}', request_context: '{"b":2}' })).toMatchObject({
      tctx: { a: 1 },
      rctx: { b: 2 },
    });
  });

  test('Txn-Token Response: token_type is N_A, there is no refresh token, typ is txntoken+jwt', async () => {
    const { body } = await served.exchange(asking());
    expect(body).toMatchObject({ token_type: 'N_A', issued_token_type: types.transaction });
    expect(body).not.toHaveProperty('refresh_token');
    expect(decode(body['access_token']).header['typ']).toBe('txntoken+jwt');
  });

  test('JWT Body Claims: has iat, aud, exp, txn, sub, scope and req_wl, and not the token it came from', async () => {
    const subject_token = await served.stack.tokenFor('github');
    const token = await tokenOf({ subject_token });
    const { claims } = decode(token);
    for (const name of ['iat', 'aud', 'exp', 'txn', 'sub', 'scope', 'req_wl']) expect(claims).toHaveProperty(name);
    expect(JSON.stringify(claims)).not.toContain(subject_token.split('.')[1]);
    expect(Number(claims['exp'])).toBeLessThanOrEqual(Number(decode(subject_token).claims['exp']));
  });

  test('Txn-Token as a subject_token: txn, sub and aud stay, scope never expands', async () => {
    const subject_token = await tokenOf({ request_details: '{"a":1}' });
    const replacing = asking({ subject_token, subject_token_type: types.transaction });
    const { txn, sub, aud, tctx } = decode(subject_token).claims;
    expect(await claimsOf(replacing, basic('legacy'))).toMatchObject({ txn, sub, aud, tctx, req_wl: 'github,legacy' });
    await refused({ ...replacing, audience: 'payments-api' }, '400 invalid_target', basic('legacy'));
    await refused({ ...replacing, scope: 'orders:write' }, '400 invalid_scope', basic('legacy'));
    await refused(replacing, '200', basic('legacy'));
  });

  test('is not an access token, nor is an access token one', async () => {
    const transaction = await tokenOf();
    const access = String((await served.exchange()).body['access_token']);
    const as = (subject_token: string, subject_token_type: string, changes = {}) =>
      asking({ subject_token, subject_token_type, ...changes });
    for (const type of [types.access, types.jwt, types.id]) {
      await refused(as(transaction, type), '400 invalid_request', basic('legacy'));
    }
    const exchanged = { requested_token_type: types.access };
    await refused(as(transaction, types.transaction, exchanged), '400 invalid_request', basic('legacy'));
    await refused(as(access, types.transaction), '400 invalid_request', basic('legacy'));
    await refused(as(access, types.access), '200', basic('legacy'));
    await refused(as(transaction, types.transaction), '200', basic('legacy'));
  });

  test('a refresh token is no subject token', async () => {
    await refused(asking({ subject_token_type: types.refresh }), '400 invalid_request');
    await refused(asking(), '200');
  });
});
