// Tokens that may be used once, and the identical request that may come again (docs/decisions/single-use.md).
import { describe, expect, test } from 'vitest';
import { newDecision } from '../../../../shared/oauth/decision/decision.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { exchange } from '../../../../shared/oauth/exchange.ts';
import { parseForm } from '../../../../shared/oauth/request/form.ts';
import type { CompiledPolicy } from '../../../../shared/policy/compiled-policy.ts';
import { formBody, now, run, subjectClaims, subjectToken, verdict, type World } from '../../../world.ts';
import { ci, issued, lifecycle, nobody, served } from '../lifecycle-world.ts';

const once: Partial<CompiledPolicy> = { issuers: { github: { ...ci, singleUse: true } } };
const jwt = 'urn:ietf:params:oauth:token-type:jwt';

describe('a single-use token', () => {
  test('is used once: a different request with it is refused, and another token is not', async () => {
    const at = lifecycle(once);
    const subject_token = subjectToken();
    expect(verdict(await run(formBody({ subject_token }), at))).toBe('granted');
    const different = { subject_token, scope: 'orders:read' };
    expect(verdict(await run(formBody(different), at))).toBe('invalid_request/replayed');
    expect(verdict(await run(formBody({ ...different, subject_token: subjectToken({ jti: 'other' }) }), at))).toBe(
      'granted',
    );
    expect(at.uses.map(({ use }) => use)).toMatchObject([
      { issuer: ci.url, jti: 'subject-jti', expiresAt: now + 600 + 60 + 30 },
      { issuer: ci.url, jti: 'other' },
    ]);
  });

  test('is known by (iss, jti): signed again it is the same token; without a jti it goes by what was signed', async () => {
    const at = lifecycle(once);
    const [again, differently] = [subjectToken(), subjectToken({ nonce: 1 })];
    expect(verdict(await run(formBody({ subject_token: again }), at))).toBe('granted');
    expect(verdict(await run(formBody({ subject_token: differently }), at))).toBe('invalid_request/replayed');
    const unnamed = lifecycle(once);
    const body = (claims: object) =>
      formBody({ subject_token: subjectToken({ jti: undefined, ...claims }), scope: 'orders:read' });
    expect(verdict(await run(body({}), unnamed))).toBe('granted');
    expect(verdict(await run(body({ nonce: 1 }), unnamed))).toBe('granted');
    const malleable = subjectToken({ jti: undefined }).split('.').slice(0, 2).join('.');
    const resigned = subjectToken({ jti: undefined });
    expect(resigned.startsWith(malleable)).toBe(true);
    expect(verdict(await run(formBody({ subject_token: resigned }), unnamed))).toBe('invalid_request/replayed');
  });

  test('of an issuer that does not say so may be used as often as it lives', async () => {
    const at = lifecycle();
    for (const scope of ['orders:read', 'orders:write']) {
      expect(verdict(await run(formBody({ scope }), at))).toBe('granted');
    }
    expect(at.uses).toEqual([]);
  });

  test('refused for anything else stays unused', async () => {
    const at = lifecycle(once);
    expect(verdict(await run(formBody({ audience: 'payments-api' }), at))).toBe('invalid_target/no_rule');
    expect(verdict(await run(formBody({ scope: 'orders:admin' }), at))).toBe('invalid_scope/scope');
    at.revocations.push({ by: 'issuer', value: 'github', issuedBefore: now, expiresAt: now + 1 });
    expect(verdict(await run(formBody(), at))).toBe('invalid_request/revoked');
    expect(at.uses).toEqual([]);
    at.revocations.pop();
    expect(verdict(await run(formBody(), at))).toBe('granted');
  });

  test.each(['sign', 'recordDecision', 'findHolds'] as const)('stays unused when %s fails', async (dependency) => {
    const fail = async () => {
      throw new Refused({ kind: 'unavailable', dependency: 'kms' });
    };
    const at = lifecycle(once);
    const down = { ...at, cambio: { ...at.cambio, [dependency]: fail } };
    expect(verdict(await run(formBody(), down))).toBe('temporarily_unavailable/unavailable');
    expect(at.uses).toEqual([]);
    expect(verdict(await run(formBody({ scope: 'orders:read' }), at))).toBe('granted');
  });

  test.each([false, true])('stays unused when the answer comes too late: %s', async (late) => {
    const at = lifecycle(once);
    const decision = newDecision('decision-1', 'attempt');
    const sign: World['cambio']['sign'] = (...input) => {
      if (late) decision.abandoned = true;
      return at.cambio.sign(...input);
    };
    const call = { form: parseForm(formBody()), headers: nobody };
    const outcome = await exchange(call, { ...at.cambio, sign }, decision).catch((error: Refused) => error.denial);
    expect(outcome).toMatchObject(late ? { kind: 'unavailable', dependency: 'deadline' } : { token_type: 'Bearer' });
    expect(at.uses).toHaveLength(late ? 0 : 1);
  });

  test.each(['jti', 'family', 'client'] as const)('is not given again what was revoked meanwhile by %s', async (by) => {
    const at = lifecycle(once);
    const body = formBody();
    const first = await issued(at, body);
    const value = by === 'client' ? 'github' : String(first.claims['jti']);
    const revocation = { by, issuedBefore: now, expiresAt: now + 9_000 };
    at.revocations.push({ ...revocation, value: 'other' });
    expect((await issued(at, body)).claims['jti']).toBe(first.claims['jti']);
    at.revocations.push({ ...revocation, value });
    expect(verdict(await run(body, at))).toBe('invalid_request/revoked');
    // Another token of the same run is none of it.
    const fresh = formBody({ subject_token: subjectToken({ jti: 'fresh' }) });
    expect(verdict(await run(fresh, at))).toBe('granted');
  });

  test('in two roles of one request is one use', async () => {
    const actor = { from: 'github', match: [] };
    const at = lifecycle({ ...once, rules: served.rules.map((rule) => ({ ...rule, actor })) });
    const token = subjectToken();
    const both = formBody({ subject_token: token, actor_token: token, actor_token_type: jwt });
    expect(verdict(await run(both, at))).toBe('granted');
    expect(at.uses).toHaveLength(1);
  });

  test('as an actor is used too, and refused as such', async () => {
    const actor = { from: 'github', match: [] };
    const at = lifecycle({ ...once, rules: served.rules.map((rule) => ({ ...rule, actor })) });
    const acting = (jti: string) =>
      formBody({
        subject_token: subjectToken({ jti }),
        actor_token: subjectToken({ sub: 'bot', jti: 'bot' }),
        actor_token_type: jwt,
      });
    expect(verdict(await run(acting('one'), at))).toBe('granted');
    const second = await run(acting('two'), at);
    expect(verdict(second)).toBe('invalid_request/replayed');
    expect(at.uses.map(({ use }) => use.jti).sort()).toEqual(['bot', 'one']);
  });
});

describe('the identical request', () => {
  test('in any order of names, gets the same claims and jti, and its record is the first one’s', async () => {
    let time = now;
    const at = lifecycle(once, { now: () => time });
    const body = formBody();
    const first = await issued(at, body);
    time = now + 30;
    const outcome = await run(body.split('&').reverse().join('&'), at);
    if (!('granted' in outcome)) return expect.fail(verdict(outcome));
    expect(outcome.claims).toEqual(first.claims);
    expect(outcome.granted.expires_in).toBe(270);
    expect(outcome.decision.decisionId).toBe(first.claims['jti']);
    expect(at.records.map(({ decisionId, repetition }) => [decisionId, repetition])).toEqual([
      [first.claims['jti'], 'first'],
      [first.claims['jti'], 'again'],
    ]);
  });

  test.each<[string, Record<string, string>, number]>([
    ['later than 30 seconds', {}, 31],
    ['with another scope', { scope: 'orders:read' }, 0],
    ['with another target of the same audience', { audience: 'https://orders.acme.example' }, 0],
    ['with an unknown parameter', { foo: 'bar' }, 0],
  ])('is another %s', async (_what, changes, later) => {
    let time = now;
    const at = lifecycle(once, { now: () => time });
    const body = { subject_token: subjectToken() };
    expect(verdict(await run(formBody(body), at))).toBe('granted');
    time = now + later;
    expect(verdict(await run(formBody({ ...body, ...changes }), at))).toBe('invalid_request/replayed');
    time = now + 1;
    expect(verdict(await run(formBody(body), at))).toBe('granted');
  });

  test.each([
    [9, 'granted'],
    [10, 'invalid_request/expired'],
  ])('passes every check again: %d s later its token of 10 s is %s', async (later, expected) => {
    let time = now;
    const at = lifecycle(once, { now: () => time });
    const body = formBody({ subject_token: subjectToken({ exp: now + 10 }) });
    await issued(at, body);
    time = now + later;
    expect(verdict(await run(body, at))).toBe(expected);
  });

  test('passes every check again: revoked meanwhile, it gets nothing', async () => {
    const at = lifecycle(once);
    const body = formBody();
    await issued(at, body);
    at.revocations.push({ by: 'issuer', value: 'github', issuedBefore: now, expiresAt: now + 1 });
    expect(verdict(await run(body, at))).toBe('invalid_request/revoked');
  });

  test('for a reference token gets a new handle, and the record names it', async () => {
    const handles = [1, 2].map((fill) => new Uint8Array(32).fill(fill));
    const at = lifecycle(once, { newHandle: () => handles.shift() ?? expect.fail() });
    const body = formBody({ audience: 'opaque' });
    const [first, second] = [await issued(at, body), await issued(at, body)];
    expect(first.token).not.toBe(second.token);
    expect(at.references.map(({ claims, repeatable }) => [claims.jti, repeatable])).toEqual([
      ['decision-1', true],
      ['decision-1', true],
    ]);
    expect(at.records.at(-1)?.handleHash).toBe(at.references.at(-1)?.handleHash);
  });

  test('that fails leaves alive what the first was answered with', async () => {
    const at = lifecycle(once);
    const body = formBody({ audience: 'opaque' });
    await issued(at, body);
    const recordReference = async () => {
      throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' });
    };
    const down = { ...at, cambio: { ...at.cambio, recordReference } };
    expect(verdict(await run(body, down))).toBe('temporarily_unavailable/unavailable');
    expect(at.records.map(({ handleHash }) => handleHash)).toEqual([at.references[0]?.handleHash]);
    expect(verdict(await run(body, at))).toBe('granted');
    expect(at.records).toHaveLength(2);
  });

  test('needs a use: of tokens that may come again each request is its own', async () => {
    const at = lifecycle();
    const body = formBody({ subject_token: subjectToken(subjectClaims) });
    const [first, second] = [await issued(at, body), await issued(at, body)];
    expect(first.claims['jti']).not.toBe(second.claims['jti']);
  });
});

describe('two uses of one request', () => {
  const actor = { from: 'github', match: [] };
  const acting = { ...once, rules: served.rules.map((rule) => ({ ...rule, actor })) };
  const body = formBody({
    actor_token: subjectToken({ sub: 'bot', jti: 'bot' }),
    actor_token_type: jwt,
  });
  /** Outcomes by `jti`, as if identical requests of `decision-0` had come between. */
  const between = (outcomes: Readonly<Record<string, 'first' | 'again'>>) => {
    const at = lifecycle(acting);
    const takeUse: World['cambio']['takeUse'] = async ({ use, purpose }) =>
      outcomes[use.jti] === 'again' && purpose
        ? { outcome: 'again', purpose: { ...purpose, jti: 'decision-0' } }
        : { outcome: 'first' };
    return { ...at, cambio: { ...at.cambio, takeUse } };
  };

  test('are for what the one that is taken first says: of the other an identical request may be giving up', async () => {
    const at = between({ 'subject-jti': 'first', bot: 'again' });
    expect((await issued(at, body)).claims['jti']).toBe('decision-1');
    expect(at.records.map(({ decisionId, repetition }) => [decisionId, repetition])).toEqual([['decision-1', 'first']]);
    const again = between({ 'subject-jti': 'again', bot: 'first' });
    expect((await issued(again, body)).claims['jti']).toBe('decision-0');
    expect(again.records.map(({ repetition }) => repetition)).toEqual(['again']);
  });
});
