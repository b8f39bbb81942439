// Revocation (RFC 7009, docs/lifecycle.md): who may take back what, what goes with it, and that it holds everywhere.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { readRegisteredClaims } from '../../../../shared/oauth/jose/registered-claims.ts';
import { chainOf, type Lineage, lineageAfter, originId } from '../../../../shared/oauth/revocation/lineage.ts';
import {
  chainRevocableBy,
  isRevoked,
  maxRevocableBy,
  type RevocableBy,
  type Revocation,
} from '../../../../shared/oauth/revocation/revocation.ts';
import { parseRevocationRequest } from '../../../../shared/oauth/revocation/revocation-request.ts';
import { tokenTypes } from '../../../../shared/oauth/token-types.ts';
import { selfIssuer } from '../../../../shared/oauth/verify/self-issuer.ts';
import type { CompiledPolicy } from '../../../../shared/policy/compiled-policy.ts';
import type { JsonObject } from '../../../../shared/policy/json.ts';
import {
  formBody,
  issuerUrl,
  makeKey,
  now,
  run,
  subjectClaims,
  subjectToken,
  verdict,
  type World,
} from '../../../world.ts';
import { as, ci, exchanged, family, issued, lifecycle, nobody, revoked, served, state } from '../lifecycle-world.ts';

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const asserting = (client_assertion: string) => ({ client_assertion, client_assertion_type: jwtBearer });

const onlyOf = <Value>(all: Readonly<Record<string, Value>>, name: string): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(all).filter(([key]) => key === name));

/** Which of a family's tokens are active, A to D. */
async function living(at: World, tokens: Awaited<ReturnType<typeof family>>): Promise<string> {
  const audience = { a: 'orders', b: 'payments', c: 'orders', d: 'payments' } as const;
  const names = ['a', 'b', 'c', 'd'] as const;
  const states = await Promise.all(names.map((name) => state(at, tokens[name].token, audience[name])));
  return names.filter((_, index) => states[index] === 'active').join('');
}

describe('POST /revoke', () => {
  test('takes a token and all below it; parents and siblings live', async () => {
    const at = lifecycle();
    const tokens = await family(at);
    expect(await living(at, tokens)).toBe('abcd');
    expect(await revoked(at, tokens.b.token)).toBe('done');
    expect(await living(at, tokens)).toBe('ad');
    const hop = run(exchanged(tokens.b.token, 'orders-api'), at, as('payments'));
    expect(verdict(await hop)).toBe('invalid_request/revoked');
    expect(verdict(await run(exchanged(tokens.d.token, 'orders-api'), at, as('payments')))).toBe('granted');
  });

  test('RFC 7009 §2.1: another client’s token is refused and stays active', async () => {
    const at = lifecycle();
    const tokens = await family(at);
    expect(await revoked(at, tokens.b.token, as('payments'))).toBe('400 invalid_request/client');
    expect(await revoked(at, tokens.a.token, as('orders'))).toBe('400 invalid_request/client');
    expect(await living(at, tokens)).toBe('abcd');
    expect(await revoked(at, tokens.b.token, as('orders'))).toBe('done');
  });

  test('RFC 7009 §2.2: unknown, foreign, malformed, expired and revoked tokens are as good as revoked', async () => {
    let time = now;
    const at = lifecycle({}, { now: () => time });
    const { b } = await family(at);
    for (const token of ['garbage', 'A'.repeat(43), subjectToken(), `${b.token}x`]) {
      expect(await revoked(at, token)).toBe('done');
    }
    expect(at.revocations).toEqual([]);
    expect([await revoked(at, b.token), await revoked(at, b.token)]).toEqual(['done', 'done']);
    time = now + 10_000;
    expect(await revoked(at, b.token)).toBe('done');
  });

  test('holds though the clock of who issued the token was ahead', async () => {
    let time = now;
    const at = lifecycle({}, { now: () => time });
    const { b } = await family(at);
    time = now - 60;
    expect(await state(at, b.token, 'payments')).toBe('active');
    expect(verdict(await run(exchanged(b.token, 'orders-api'), at, as('payments')))).toBe('granted');
    expect(await revoked(at, b.token)).toBe('done');
    expect(await state(at, b.token, 'payments')).toBe('inactive: revoked');
  });

  test('takes a token whose audience, or its algorithm, the policy has no longer', async () => {
    const changed = (audiences: CompiledPolicy['audiences']) => {
      const at = lifecycle();
      return { at, later: { ...at, after: { ...at.after, policy: { ...at.after.policy, audiences } } } };
    };
    const { 'payments-api': payments, ...others } = served.audiences;
    const rs256 = { ...others, 'payments-api': { ...(payments ?? expect.fail()), alg: 'RS256' } } as const;
    for (const audiences of [others, onlyOf(rs256, 'payments-api')]) {
      const { at, later } = changed(audiences);
      const { b } = await family(at);
      expect(await revoked(later, b.token)).toBe('done');
      expect(await state(at, b.token, 'payments')).toBe('inactive: revoked');
      expect(await revoked(later, `${b.token.slice(0, -4)}AAAA`)).toBe('done');
      expect(at.revocations).toHaveLength(1);
    }
  });

  test('reference tokens alike, and whatever the hint', async () => {
    const at = lifecycle();
    const reference = await issued(at, formBody({ audience: 'opaque', subject_token: subjectToken({ run_id: '7' }) }));
    const caller = { ...asserting(subjectToken({ run_id: '7' })), token_type_hint: 'refresh_token' };
    expect(await state(at, reference.token)).toBe('active');
    expect(await revoked(at, reference.token, nobody, caller)).toBe('done');
    expect(await state(at, reference.token)).toBe('inactive: revoked');
  });

  test('an anonymous caller takes back what was made from its run’s token, and nothing else', async () => {
    const mine = subjectToken({ run_id: '7' });
    for (const [assertion, expected] of [
      [subjectToken({ run_id: '8' }), '400 invalid_request/client'],
      [subjectToken({}), '400 invalid_request/client'],
      [subjectToken({ run_id: '7', sub: 'repo:other' }), '400 invalid_request/client'],
      [subjectToken({ run_id: '7', aud: 'https://other.example' }), '401 invalid_client/client'],
      [subjectToken({ run_id: '7' }, {}, makeKey('issuer-key')), '401 invalid_client/client'],
      [subjectToken({ run_id: '7', jti: 'a later token of the run' }), 'done'],
    ] as const) {
      const at = lifecycle();
      const { token } = await issued(at, formBody({ subject_token: mine }));
      expect(await revoked(at, token, nobody, asserting(assertion))).toBe(expected);
      expect(await state(at, token)).toBe(expected === 'done' ? 'inactive: revoked' : 'active');
    }
  });

  test('a token that stands for a client is no anonymous caller, and neither is one with a client_id', async () => {
    const match = [{ path: 'ref', type: 'string', anyOf: [{ equals: 'refs/heads/main' }] }] as const;
    const federated = { name: 'pod', auth: { method: 'federated', issuer: 'github', match }, introspects: [] } as const;
    const at = lifecycle({ clients: { ...served.clients, pod: federated } });
    const { token } = await issued(at, formBody({ subject_token: subjectToken({ run_id: '7' }) }));
    const assertion = asserting(subjectToken({ run_id: '7' }));
    expect(await revoked(at, token, nobody, assertion)).toBe('400 invalid_request/client');
    const plain = lifecycle();
    const other = await issued(plain, formBody({ subject_token: subjectToken({ run_id: '7' }) }));
    expect(await revoked(plain, other.token, nobody, { ...assertion, client_id: 'pod' })).toBe(
      '401 invalid_client/client',
    );
    expect(await revoked(plain, other.token, nobody, assertion)).toBe('done');
  });

  test('an anonymous caller’s token is verified once', async () => {
    const at = lifecycle();
    const { token } = await issued(at, formBody({ subject_token: subjectToken({ run_id: '7' }) }));
    let lookedUp = 0;
    const findIssuerKey: World['after']['findIssuerKey'] = (...wanted) => {
      lookedUp += 1;
      return at.after.findIssuerKey(...wanted);
    };
    const counting = { ...at, after: { ...at.after, findIssuerKey } };
    expect(await revoked(counting, token, nobody, asserting(subjectToken({ run_id: '7' })))).toBe('done');
    expect(lookedUp).toBe(1);
  });

  test('an anonymous caller uses up no single-use token', async () => {
    const at = lifecycle({ issuers: { github: { ...ci, singleUse: true } } });
    const mine = subjectToken({ run_id: '7' });
    const { token } = await issued(at, formBody({ subject_token: mine }));
    expect(at.uses).toHaveLength(1);
    expect(await revoked(at, token, nobody, asserting(mine))).toBe('done');
    expect(at.uses).toHaveLength(1);
  });

  test('nobody at all is refused, and AWS credentials cannot be taken back', async () => {
    const at = lifecycle();
    const { b } = await family(at);
    expect(await revoked(at, b.token, nobody)).toBe('401 invalid_client/client');
    for (const credentials of ['{"Version":1,"AccessKeyId":"ASIAIOSFODNN7EXAMPLE"}', 'ASIAIOSFODNN7EXAMPLE']) {
      expect(await revoked(at, credentials)).toBe('400 unsupported_token_type/type');
    }
  });

  test('a token of several clients is none of them, and nobody anonymous either', async () => {
    const match = [{ path: 'ref', type: 'string', anyOf: [{ equals: 'refs/heads/main' }] }] as const;
    const pod = { name: 'pod', auth: { method: 'federated', issuer: 'github', match }, introspects: [] } as const;
    const at = lifecycle({ clients: { ...served.clients, pod, twin: { ...pod, name: 'twin' } } });
    const { token } = await issued(at, formBody({ subject_token: subjectToken({ run_id: '7' }) }));
    const assertion = asserting(subjectToken({ run_id: '7' }));
    expect(await revoked(at, token, nobody, assertion)).toBe('401 invalid_client/client');
    expect(await revoked(at, token, nobody, { ...assertion, client_id: 'pod' })).toBe('400 invalid_request/client');
    const alone = lifecycle();
    const other = await issued(alone, formBody({ subject_token: subjectToken({ run_id: '7' }) }));
    expect(await revoked(alone, other.token, nobody, assertion)).toBe('done');
  });

  test('belongs to the client that asked for it last, not to one before', async () => {
    const at = lifecycle();
    const { c } = await family(at);
    expect(await revoked(at, c.token, as('orders'))).toBe('400 invalid_request/client');
    expect(await revoked(at, c.token, as('payments'))).toBe('done');
  });

  test('of whom nobody can say who asks is 503, never 200', async () => {
    const at = lifecycle();
    const { token } = await issued(at, formBody({ subject_token: subjectToken({ run_id: '7' }) }));
    const findIssuerKey = async () => {
      throw new Refused({ kind: 'unavailable', dependency: 'issuer' });
    };
    const down = { ...at, after: { ...at.after, findIssuerKey } };
    const assertion = asserting(subjectToken({ run_id: '7' }));
    expect(await revoked(down, token, nobody, assertion)).toBe('503 temporarily_unavailable/unavailable');
    expect(await revoked(at, token, nobody, assertion)).toBe('done');
  });

  test('what only looks like AWS credentials is an unknown token', async () => {
    const at = lifecycle();
    for (const token of ['xASIAIOSFODNN7EXAMPLE', 'ASIAIOSFODNN7EXAMPLEx', '{"access_token":"x"}', 'x"AccessKeyId"']) {
      expect(await revoked(at, token)).toBe('done');
    }
    expect(await revoked(at, ' {"AccessKeyId":"ASIAIOSFODNN7EXAMPLE"}')).toBe('400 unsupported_token_type/type');
  });

  test('what the caller says are AWS credentials is none of ours to take back, and no other hint hides a token', async () => {
    const at = lifecycle();
    const tokens = await family(at);
    const hint = (token_type_hint: string) => ({ token_type_hint });
    for (const token of ['FwoGZXIvYXdzEXAMPLE+/=', tokens.b.token]) {
      const answer = await revoked(at, token, undefined, hint(tokenTypes.awsCredentials));
      expect(answer).toBe('400 unsupported_token_type/type');
    }
    expect(await living(at, tokens)).toBe('abcd');
    expect(await revoked(at, 'FwoGZXIvYXdzEXAMPLE+/=', undefined, hint('access_token'))).toBe('done');
    expect(await revoked(at, tokens.b.token, undefined, hint('urn:acme:other'))).toBe('done');
    expect(await living(at, tokens)).toBe('ad');
  });

  test('is never 200 while the store does not write', async () => {
    const at = lifecycle();
    const { b } = await family(at);
    const recordRevocation = async () => {
      throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' });
    };
    expect(await revoked({ ...at, after: { ...at.after, recordRevocation } }, b.token)).toBe(
      '503 temporarily_unavailable/unavailable',
    );
    expect(await revoked(at, b.token)).toBe('done');
  });
});

describe('an administrator’s revocation', () => {
  test('names a subject of any length that a token may have', () => {
    const request = (length: number) =>
      parseRevocationRequest(JSON.stringify({ by: 'subject', value: 'é'.repeat(length), reason: 'r' }), now);
    expect(request(8_192).value).toHaveLength(8_192);
    expect(() => request(8_193)).toThrow('parameter');
  });

  const sub = 'github|repo:acme@1/api@456789:ref:refs/heads/main';
  const revoke = (by: Revocation['by'], value: string, issuedBefore = now): Revocation => ({
    by,
    value,
    issuedBefore,
    expiresAt: now + 1_000,
  });

  test.each<[string, (tokens: Awaited<ReturnType<typeof family>>) => Revocation, string]>([
    ['a token by jti', ({ a }) => revoke('jti', String(a.claims['jti'])), ''],
    ['a token in the middle', ({ b }) => revoke('jti', String(b.claims['jti'])), 'ad'],
    ['a family by its first token', ({ a }) => revoke('family', String(a.claims['jti'])), ''],
    ['a family by another of it', ({ b }) => revoke('family', String(b.claims['jti'])), 'abcd'],
    ['a subject', () => revoke('subject', sub), ''],
    ['another subject', () => revoke('subject', `${sub}x`), 'abcd'],
    ['a client in the middle, with what others made of its tokens', () => revoke('client', 'orders'), 'ad'],
    ['a client at the end', () => revoke('client', 'payments'), 'ab'],
    ['callers that did not authenticate', () => revoke('client', 'github'), ''],
    ['an issuer', () => revoke('issuer', 'github'), ''],
    ['another issuer', () => revoke('issuer', 'gitlab'), 'abcd'],
    ['a key', () => revoke('key', 'token.cambio-key'), ''],
    ['another key', () => revoke('key', 'issuer-key'), 'abcd'],
    ['a run', () => revoke('run', 'github|7'), ''],
    ['another run', () => revoke('run', 'github|8'), 'abcd'],
    ['a foreign subject', () => revoke('origin', originId('github', sub.slice('github|'.length))), ''],
    ['a foreign subject of another issuer', () => revoke('origin', originId('eks', sub.slice(7))), 'abcd'],
    ['what is so described but came later', () => revoke('jti', 'x', now - 1), 'abcd'],
    ['an issuer, before the foreign token was issued', () => revoke('issuer', 'github', now - 71), 'abcd'],
    ['an issuer, from the second the foreign token counts as issued', () => revoke('issuer', 'github', now - 70), ''],
    ['a client, before its token was issued', () => revoke('client', 'orders', now - 1), 'abcd'],
    ['an issuer, but expired', () => ({ ...revoke('issuer', 'github'), expiresAt: now }), 'abcd'],
  ])('of %s', async (_what, revocation, expected) => {
    const at = lifecycle();
    const start = formBody({ subject_token: subjectToken({ run_id: '7' }) });
    const tokens = await familyOf(at, start);
    at.revocations.push(revocation(tokens));
    expect(await living(at, tokens)).toBe(expected);
    const exchange = await run(exchanged(tokens.c.token, 'payments-api'), at, as('orders'));
    expect(verdict(exchange)).toBe(expected.includes('c') ? 'granted' : 'invalid_request/revoked');
  });

  test.each<[string, Revocation, Record<string, unknown>]>([
    ['a subject', revoke('subject', sub), { sub: 'repo:other' }],
    ['an issuer', revoke('issuer', 'github', now - 70), { iat: now - 9 }],
    ['a run', revoke('run', 'github|7'), { run_id: '8' }],
    ['a foreign subject', revoke('origin', originId('github', sub.slice(7))), { sub: 'repo:other' }],
  ])('of %s: its foreign tokens mint nothing, others do', async (_what, revocation, other) => {
    const at = lifecycle();
    at.revocations.push(revocation);
    const token = (claims: object) => formBody({ subject_token: subjectToken({ run_id: '7', ...claims }) });
    expect(verdict(await run(token({}), at))).toBe('invalid_request/revoked');
    expect(at.signed).toEqual([]);
    expect(verdict(await run(token(other), at))).toBe('granted');
  });

  test('a foreign token from the future does not outrun its revocation, and one without iat is always too old', async () => {
    for (const iat of [now + 50, undefined]) {
      const at = lifecycle();
      at.revocations.push(revoke('issuer', 'github', iat === undefined ? 0 : now));
      const start = formBody({ subject_token: subjectToken({ iat }) });
      expect(verdict(await run(start, at))).toBe('invalid_request/revoked');
      at.revocations.pop();
      const { token } = await issued(at, start);
      at.revocations.push(revoke('issuer', 'github', iat === undefined ? 0 : now));
      expect(await state(at, token)).toBe('inactive: revoked');
    }
  });

  test('the record of an issuer whose subjects are templates names its foreign subject without showing it', async () => {
    const subject = ['mail:', { claim: 'ref' }];
    const at = lifecycle({ issuers: { github: { ...ci, subject } } });
    const { token, claims } = await issued(at);
    expect(claims['sub']).toBe('mail:refs/heads/main');
    expect(JSON.stringify(claims)).not.toContain('repo:acme');
    at.revocations.push(revoke('origin', originId('github', sub.slice(7))));
    expect(await state(at, token)).toBe('inactive: revoked');
    expect(verdict(await run(formBody(), at))).toBe('invalid_request/revoked');
  });

  test('an actor’s token is as revoked as a subject’s', async () => {
    const actor = { from: 'github', match: [] };
    const rules = served.rules.map((rule) => ({ ...rule, actor }));
    const at = lifecycle({ rules });
    const request = formBody({
      actor_token: subjectToken({ sub: 'bot', jti: 'bot' }),
      actor_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    });
    expect(verdict(await run(request, at))).toBe('granted');
    at.revocations.push(revoke('subject', 'github|bot'));
    expect(verdict(await run(request, at))).toBe('invalid_request/revoked');
  });

  test('a token of ours that does not say where it comes from is refused', async () => {
    const at = lifecycle();
    const { token } = await issued(at);
    expect(() => chainOf({ claims: { jti: 'j', iat: 1, client_id: 'c' }, kid: 'k' })).toThrow('lineage');
    const origin = { iss: 'x', iat: 1, id: 'i', run: 'r' };
    const ancestor = { jti: 'a', iat: 1, client_id: 'c', kid: 'k' };
    const self = { jti: 'j', iat: 1, client_id: 'c', lineage: { origin, tokens: [ancestor] } };
    const chain = (changes: object) => chainOf({ claims: { ...self, ...changes }, kid: 'k' });
    expect(chain({}).tokens).toHaveLength(2);
    for (const member of ['jti', 'iat']) expect(() => chain({ [member]: undefined })).toThrow('lineage');
    for (const lineage of [
      undefined,
      null,
      'x',
      [],
      {},
      { origin: null },
      { origin, tokens: {} },
      { origin, tokens: [null] },
    ]) {
      expect(() => chain({ lineage })).toThrow('lineage');
    }
    for (const member of ['iss', 'iat', 'id', 'run']) {
      expect(() => chain({ lineage: { origin: { ...origin, [member]: [] }, tokens: [] } })).toThrow('lineage');
    }
    for (const member of ['jti', 'iat', 'client_id', 'kid']) {
      expect(() => chain({ lineage: { origin, tokens: [{ ...ancestor, [member]: [] }] } })).toThrow('lineage');
    }
    expect(await state(at, token)).toBe('active');
  });

  async function familyOf(at: World, start: string) {
    const a = await issued(at, start);
    const b = await issued(at, exchanged(a.token, 'payments-api'), as('orders'));
    const c = await issued(at, exchanged(b.token, 'orders-api'), as('payments'));
    const d = await issued(at, exchanged(a.token, 'payments-api'), as('payments'));
    return { a, b, c, d };
  }
});

describe('the descriptions of a chain', () => {
  const text = fc.string({ minLength: 1, maxLength: 8 });
  const ancestor = fc.record({ jti: text, iat: fc.nat(100), client_id: text, kid: fc.constantFrom('k1', 'k2') });
  const origin = fc.record({ iss: text, iat: fc.nat(100) });
  const tokens = fc.array(ancestor, { minLength: 1, maxLength: 16 });
  const participant = fc.record({ iss: text, iat: fc.nat(100), sub: text, tokens });
  const chain = fc.record({ origin, tokens, participants: fc.array(participant, { maxLength: 3 }) });

  test('hold whatever hits one of its tokens: a child is at least as revoked as its parents', () => {
    fc.assert(
      fc.property(chain, fc.nat(63), fc.nat(100), (one, index, issuedBefore) => {
        const all = [...one.tokens, ...one.participants.flatMap((participant) => participant.tokens)];
        const token = all[index % all.length];
        if (!token) return;
        for (const [by, value] of [
          ['jti', token.jti],
          ['client', token.client_id],
          ['key', token.kid],
        ] as const) {
          const revocation = { by, value, issuedBefore, expiresAt: 2 };
          const hit = isRevoked(chainRevocableBy(one, 's', []), [revocation], 1);
          if (token.iat <= issuedBefore) expect(hit).toBe(true);
        }
      }),
    );
  });

  test('never grow shorter as the chain grows, and each is there once', () => {
    fc.assert(
      fc.property(chain, (one) => {
        const all = chainRevocableBy(one, 's', []);
        const keys = (list: readonly RevocableBy[]) => list.map(({ by, value }) => `${by} ${value}`);
        const shorter = new Set(keys(chainRevocableBy({ ...one, tokens: one.tokens.slice(0, -1) }, 's', [])));
        expect([...shorter].every((key) => keys(all).includes(key))).toBe(true);
        expect(new Set(keys(all)).size).toBe(all.length);
      }),
    );
  });

  test('are at most what one read looks up, for 16 exchanges by as many pods as clients under three keys', () => {
    const tokens = Array.from({ length: 16 }, (_, n) => ({
      jti: `j${n}`,
      iat: n,
      client_id: `c${n}`,
      kid: `k${n % 3}`,
    }));
    const origin = { iss: 'i', iat: 0, run: 'r' };
    const pods = tokens.map((_, n) => ({ iss: 'eks', iat: n, sub: `eks|pod${n}`, run: `r${n}` }));
    expect(chainRevocableBy({ origin, tokens, participants: pods }, 's', []).length).toBeLessThanOrEqual(
      maxRevocableBy,
    );
  });

  test('are handed on with the keys of the tokens they are of, whichever key signs next', () => {
    const claims: JsonObject = {
      ...(subjectClaims as JsonObject),
      iss: issuerUrl,
      jti: 'b',
      iat: 2,
      client_id: 'c',
      lineage: { origin: { iss: 'i', iat: 0 }, tokens: [{ jti: 'a', iat: 1, client_id: 'c', kid: 'first' }] },
    };
    const issuer = selfIssuer(issuerUrl, served);
    const subject = { issuer, registered: readRegisteredClaims(claims), claims, kid: 'second' };
    const kidsAfter = (kid: string | undefined) => lineageAfter(subject, [], kid).tokens?.map((token) => token.kid);
    expect(kidsAfter('third')).toEqual(['first', 'second']);
    expect(kidsAfter('second')).toEqual(['first', undefined]);
    expect(kidsAfter('first')).toEqual([undefined, 'second']);
    expect(kidsAfter(undefined)).toEqual(['first', 'second']);
    expect(lineageAfter(subject, [], 'second').tokens?.[1]).toEqual({ jti: 'b', iat: 2, client_id: 'c' });
  });

  test('name each key, though a token says only those that are not its own', () => {
    const lineage: Lineage = {
      origin: { iss: 'i', iat: 0 },
      tokens: [
        { jti: 'a', iat: 1, client_id: 'c', kid: 'old' },
        { jti: 'b', iat: 2, client_id: 'c' },
      ],
    };
    const { tokens } = chainOf({ claims: { jti: 'c', iat: 3, client_id: 'c', lineage }, kid: 'new' });
    expect(tokens.map(({ kid }) => kid)).toEqual(['old', 'new', 'new']);
  });
});
