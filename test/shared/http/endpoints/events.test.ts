// POST /events: pushed security event tokens, from the request to what is revoked. One valid push, each test changes one thing.
import { createHash } from 'node:crypto';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { type EventsEndpoint, eventsEndpoint } from '../../../../shared/http/endpoints/events.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { parseKeySet, selectKey } from '../../../../shared/oauth/jose/key-set.ts';
import { originId } from '../../../../shared/oauth/revocation/lineage.ts';
import type { RevocationRecord } from '../../../../shared/oauth/revocation/revocation.ts';
import type { TrustedIssuer } from '../../../../shared/policy/compiled-policy.ts';
import { github, issuerKey, makeKey, makeWorld, now, signCompact, type TestKey } from '../../../world.ts';

const audience = 'https://cambio.acme.example/events';
const okta: TrustedIssuer = { ...github, name: 'okta', url: 'https://acme.okta.example', events: { audience } };
const caep = 'https://schemas.openid.net/secevent/caep/event-type/';
const subject = { format: 'iss_sub', iss: okta.url, sub: 'user-1' };
const claims: Readonly<Record<string, unknown>> = {
  iss: okta.url,
  aud: audience,
  iat: now - 5,
  jti: 'event-1',
  sub_id: subject,
  events: { [`${caep}session-revoked`]: { event_timestamp: now - 20, reason_admin: { en: 'signed out' } } },
};

interface Push {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: TestKey;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function endpoint(changes: Partial<EventsEndpoint> = {}) {
  const revoked: RevocationRecord[] = [];
  const written: (readonly [string, string, Readonly<Record<string, unknown>>])[] = [];
  const { cambio, uses } = makeWorld();
  const keys = parseKeySet({ keys: [issuerKey.publicJwk] });
  let ids = 0;
  const handler = eventsEndpoint({
    issuers: [github, okta],
    findKey: async (_issuer, wanted) => selectKey(keys, wanted),
    keptFor: 1_000,
    listed: true,
    takeUse: cambio.takeUse,
    findHolds: cambio.findHolds,
    recordRevocation: async (revocation) => void revoked.push(revocation),
    now: () => now,
    newId: () => String(ids++),
    write: (level, message, fields) => void written.push([level, message, fields]),
    ...changes,
  });
  const push = (change: Push = {}) => {
    const header = { alg: 'ES256', kid: issuerKey.kid, typ: 'secevent+jwt', ...change.header };
    const token = signCompact(
      JSON.stringify(header),
      JSON.stringify({ ...claims, ...change.claims }),
      change.key ?? issuerKey,
    );
    const headers = { 'content-type': 'application/secevent+jwt', ...change.headers };
    const multiValueHeaders = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
    const event = { body: change.body ?? token, isBase64Encoded: false, multiValueHeaders };
    return handler(event as unknown as APIGatewayProxyEvent, {} as Context);
  };
  return { push, revoked, written, uses };
}

/** `202`, or the code of the refusal; a refused push revokes nothing and is not seen. */
async function ending(change: Push, changes: Partial<EventsEndpoint> = {}): Promise<string> {
  const { push, revoked, uses } = endpoint(changes);
  const { statusCode, body } = await push(change);
  if (statusCode === 202) return '202';
  expect([revoked, uses]).toEqual([[], []]);
  return `${statusCode} ${JSON.parse(body).err}`;
}

describe('an event of a session or a credential', () => {
  test.each([
    'session-revoked',
    'credential-change',
  ])('%s revokes what its subject was issued before it', async (type) => {
    const { push, revoked } = endpoint();
    const events = { [`${caep}${type}`]: { event_timestamp: now - 20 } };
    const answer = await push({ claims: { events } });
    expect(answer).toMatchObject({ statusCode: 202, body: '', headers: { 'Cache-Control': 'no-store' } });
    expect(revoked).toEqual([
      {
        by: 'origin',
        value: originId('okta', 'user-1'),
        issuedBefore: now - 20,
        expiresAt: now + 1_000,
        reason: `${caep}${type}`,
        at: now,
        principal: 'events of okta',
        listed: true,
      },
    ]);
  });

  test.each([
    ['its own time', { event_timestamp: now - 20 }, now - 20],
    ['a fraction of a second, cut', { event_timestamp: now - 20.5 }, now - 21],
    ['the time of the token, without one', {}, now - 5],
    ['the time of the token, when it says milliseconds', { event_timestamp: now * 1_000 }, now - 5],
    ['the time of the token, when it says the future', { event_timestamp: now + 30 }, now - 5],
    ['the time of the token, when it says nonsense', { event_timestamp: 'yesterday' }, now - 5],
  ])('revokes up to %s', async (_what, event, issuedBefore) => {
    const { push, revoked } = endpoint();
    await push({ claims: { events: { [`${caep}session-revoked`]: event } } });
    expect(revoked).toMatchObject([{ issuedBefore }]);
  });

  test('from a clock ahead of ours revokes nothing that is issued later', async () => {
    const { push, revoked } = endpoint();
    await push({ claims: { iat: now + 30, events: { [`${caep}session-revoked`]: {} } } });
    expect(revoked).toMatchObject([{ issuedBefore: now }]);
  });

  test('reaches the subject by every entry of the policy with that iss, and by no other', async () => {
    const portal = { ...okta, name: 'portal', audiences: ['portal'] };
    const { events: _, ...silent } = portal;
    const { push, revoked } = endpoint({ issuers: [github, okta, silent] });
    await push();
    expect(revoked.map(({ value }) => value)).toEqual([originId('okta', 'user-1'), originId('portal', 'user-1')]);
  });

  test('names its subject by email where subjects are made of that alone', async () => {
    const sub_id = { format: 'email', email: 'user-1@acme.example' };
    const by = (template: TrustedIssuer['subject']) => {
      const issuer = template ? { ...okta, subject: template } : okta;
      return { issuers: [issuer] };
    };
    const { push, revoked } = endpoint(by(['mail:', { claim: 'email' }]));
    expect((await push({ claims: { sub_id } })).statusCode).toBe(202);
    expect(revoked).toMatchObject([{ by: 'subject', value: 'mail:user-1@acme.example' }]);
    expect(await ending({ claims: { sub_id } }, by(['mail:', { claim: 'email' }]))).toBe('202');
    expect(await ending({ claims: { sub_id } }, by(undefined))).toBe('400 invalid_request');
    expect(await ending({ claims: { sub_id } }, by(['mail:', { claim: 'name' }]))).toBe('400 invalid_request');
    const mixed = ['mail:', { claim: 'email' }, '/', { claim: 'sub' }] as const;
    expect(await ending({ claims: { sub_id } }, by(mixed))).toBe('400 invalid_request');
  });

  test('that names its subject by a private email keeps a hash of it, and logs none', async () => {
    const sub_id = { format: 'email', email: 'user-1@acme.example' };
    const mail = { ...okta, subject: ['mail:', { claim: 'email' }] as const };
    for (const [issuer, isHidden] of [
      [{ ...mail, private: ['email'] }, true],
      [mail, false],
    ] as const) {
      const { push, revoked, written } = endpoint({ issuers: [issuer] });
      expect((await push({ claims: { sub_id } })).statusCode).toBe(202);
      expect(revoked[0]?.kept?.startsWith('sha256:') ?? false).toBe(isHidden);
      expect(JSON.stringify(written)).not.toContain('user-1');
    }
  });

  test.each([
    ['of another format', { format: 'opaque', id: 'x' }, '400 invalid_request'],
    ['that is missing', undefined, '400 invalid_request'],
    ['that is no object', 'user-1', '400 invalid_request'],
    ['of another issuer', { ...subject, iss: github.url }, '400 access_denied'],
    ['without a sub', { ...subject, sub: undefined }, '400 invalid_request'],
    ['with an empty sub', { ...subject, sub: '' }, '400 invalid_request'],
  ])('about a subject %s is refused', async (_what, sub_id, wanted) => {
    expect(await ending({ claims: { sub_id } })).toBe(wanted);
    expect(await ending({ claims: { sub_id: subject } })).toBe('202');
  });
});

describe('other events', () => {
  const revokes = async (events: object, sub_id: unknown = undefined) => {
    const { push, revoked, written } = endpoint();
    const answer = await push({ claims: { events, sub_id } });
    return { status: answer.statusCode, revoked: revoked.length, logged: written[0]?.[2] };
  };

  test('that are unknown are taken and logged, and revoke nothing', async () => {
    const type = 'https://schemas.example/event-type/other';
    expect(await revokes({ [type]: {} })).toMatchObject({ status: 202, revoked: 0, logged: { unknown: [type] } });
  });

  test('about the stream itself are taken', async () => {
    const verification = { 'https://schemas.openid.net/secevent/ssf/event-type/verification': { state: 'abc' } };
    const { logged, ...answer } = await revokes(verification);
    expect(answer).toEqual({ status: 202, revoked: 0 });
    expect(logged).not.toHaveProperty('unknown');
  });

  test('beside one that is known do not hide it', async () => {
    const events = { 'https://schemas.example/other': {}, [`${caep}session-revoked`]: {} };
    expect(await revokes(events, subject)).toMatchObject({ status: 202, revoked: 1 });
  });
});

describe('a security event token', () => {
  test.each<[string, Push, string]>([
    ['of another typ', { header: { typ: 'JWT' } }, '400 invalid_request'],
    ['without typ', { header: { typ: undefined } }, '400 invalid_request'],
    ['that is an access token', { header: { typ: 'at+jwt' } }, '400 invalid_request'],
    ['of an unknown issuer', { claims: { iss: 'https://evil.example' } }, '400 invalid_issuer'],
    ['of an issuer whose events are not taken', { claims: { iss: github.url } }, '400 invalid_issuer'],
    ['for somebody else', { claims: { aud: 'https://other.example' } }, '400 invalid_audience'],
    ['for the audience of the issuer’s tokens', { claims: { aud: github.audiences[0] } }, '400 invalid_audience'],
    ['for nobody', { claims: { aud: undefined } }, '400 invalid_request'],
    ['signed by somebody else', { key: makeKey(issuerKey.kid) }, '400 invalid_key'],
    ['signed with a key nobody knows', { header: { kid: 'other' } }, '400 invalid_key'],
    ['in an algorithm the issuer may not use', { header: { alg: 'HS256' } }, '400 invalid_key'],
    ['without a signature', { header: { alg: 'none' } }, '400 invalid_key'],
    ['without jti', { claims: { jti: undefined } }, '400 invalid_request'],
    ['without iat', { claims: { iat: undefined } }, '400 invalid_request'],
    ['from the future', { claims: { iat: now + 61 } }, '400 invalid_request'],
    ['of more than a week ago', { claims: { iat: now - 7 * 86_400 - 1 } }, '400 invalid_request'],
    ['without events', { claims: { events: undefined } }, '400 invalid_request'],
    ['with none', { claims: { events: {} } }, '400 invalid_request'],
    ['with a list of them', { claims: { events: [`${caep}session-revoked`] } }, '400 invalid_request'],
    ['with one that is no object', { claims: { events: { [`${caep}session-revoked`]: 'x' } } }, '400 invalid_request'],
    ['in JSON', { body: '{}' }, '400 invalid_request'],
    ['that is no token', { body: 'a.b.c' }, '400 invalid_request'],
    ['nothing', { body: '' }, '400 invalid_request'],
    ['as a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }, '400 invalid_request'],
    ['as any JWT', { headers: { 'content-type': 'application/jwt' } }, '400 invalid_request'],
  ])('%s is refused', async (_what, change, wanted) => {
    expect(await ending(change)).toBe(wanted);
    expect(await ending({})).toBe('202');
  });

  test.each<[string, Push]>([
    ['of a clock that is a minute ahead', { claims: { iat: now + 60 } }],
    ['that took a week', { claims: { iat: now - 7 * 86_400 } }],
    ['that has expired as a token would', { claims: { exp: now - 1 } }],
    ['for us and for others', { claims: { aud: ['https://other.example', audience] } }],
    ['with the long form of its typ', { header: { typ: 'application/secevent+jwt' } }],
    ['with parameters of its content type', { headers: { 'content-type': 'Application/SecEvent+JWT; charset=utf-8' } }],
  ])('%s is taken', async (_what, change) => expect(await ending(change)).toBe('202'));

  test('is refused in the words of RFC 8935, which say nothing of what it holds', async () => {
    const { push, written } = endpoint();
    const answer = await push({ claims: { aud: 'CANARY' } });
    expect(answer).toMatchObject({
      statusCode: 400,
      headers: { 'Content-Type': 'application/json', 'Content-Language': 'en', 'Cache-Control': 'no-store' },
    });
    expect(JSON.parse(answer.body)).toEqual({
      err: 'invalid_audience',
      description: 'aud does not name this receiver',
    });
    expect(written).toEqual([['info', 'security_event_refused', expect.objectContaining({ err: 'invalid_audience' })]]);
    expect(JSON.stringify(written)).not.toContain('CANARY');
  });

  test('over 64 KiB is not looked at', async () => {
    const { push, written } = endpoint();
    expect(await push({ body: 'x'.repeat(65_537) })).toMatchObject({ statusCode: 413 });
    expect(written).toEqual([]);
    expect(await push({ body: 'x'.repeat(65_536) })).toMatchObject({ statusCode: 400 });
  });
});

describe('the transmitter’s Authorization', () => {
  const sha256 = createHash('sha256').update('Bearer push-secret').digest('hex');
  const guarded = { issuers: [{ ...okta, events: { audience, authorization: sha256 } }] };
  const pushed = (authorization?: string) => ending({ headers: authorization ? { authorization } : {} }, guarded);

  test('is compared whole where the policy has its hash, and let be where it has none', async () => {
    expect(await pushed('Bearer push-secret')).toBe('202');
    for (const wrong of ['Bearer push-secreT', 'bearer push-secret', 'push-secret', sha256, undefined]) {
      expect(await pushed(wrong)).toBe('400 authentication_failed');
    }
    expect(await ending({ headers: { authorization: 'Bearer anything' } })).toBe('202');
  });

  test('right or wrong, is not logged', async () => {
    const { push, written } = endpoint(guarded);
    await push({ headers: { authorization: 'Bearer push-secret' } });
    await push({ headers: { authorization: 'Bearer other-secret' } });
    expect(written.map(([, message]) => message)).toEqual(['security_event', 'security_event_refused']);
    expect(JSON.stringify(written)).not.toMatch(/push-secret|other-secret/);
  });
});

describe('what is received', () => {
  test('once more is acknowledged, and its effect is the same', async () => {
    let time = now;
    const { push, revoked, written } = endpoint({ now: () => time });
    expect((await push()).statusCode).toBe(202);
    time = now + 3_600;
    expect((await push()).statusCode).toBe(202);
    expect(written.map(([, , fields]) => fields['seen_before'])).toEqual([undefined, true]);
    expect(revoked.map(({ issuedBefore }) => issuedBefore)).toEqual([now - 20, now - 20]);
  });

  test('is revoked before it counts as seen, and does not use up a token of that jti', async () => {
    const order: string[] = [];
    const { cambio, uses } = makeWorld();
    const { push } = endpoint({
      recordRevocation: async () => void order.push('revoked'),
      takeUse: async (taking) => {
        order.push('seen');
        return cambio.takeUse(taking);
      },
    });
    await push();
    expect(order).toEqual(['revoked', 'seen']);
    expect(uses.map(({ use }) => [use.issuer === okta.url, use.jti])).toEqual([[false, 'event-1']]);
  });

  const down = () => Promise.reject(new Refused({ kind: 'unavailable', dependency: 'dynamodb' }));

  test('is not acknowledged when the store fails, and not seen when its revocation failed', async () => {
    const { push, uses } = endpoint({ recordRevocation: down });
    const answer = await push();
    expect(answer).toMatchObject({ statusCode: 503, headers: { 'Retry-After': '1', 'Cache-Control': 'no-store' } });
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'temporarily_unavailable' });
    expect(uses).toEqual([]);
    expect((await endpoint({ takeUse: down }).push()).statusCode).toBe(503);
    expect((await endpoint().push()).statusCode).toBe(202);
  });

  test('is not refused for ever when the issuer’s keys cannot be had', async () => {
    const findKey = () => Promise.reject(new Refused({ kind: 'unavailable', dependency: 'issuer' }));
    expect((await endpoint({ findKey }).push()).statusCode).toBe(503);
  });
});
