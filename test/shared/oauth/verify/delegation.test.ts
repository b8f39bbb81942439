// Delegation, exchange of our own tokens, and the other kinds of token (RFC 8693 §2.1, §4; RFC 9068; transaction tokens).
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { oauthError } from '../../../../shared/oauth/oauth-error.ts';
import { verifierOf } from '../../../../shared/oauth/parties.ts';
import { tokenTypes } from '../../../../shared/oauth/token-types.ts';
import { checkPresented } from '../../../../shared/oauth/verify/presentation.ts';
import { inRole, verifyToken } from '../../../../shared/oauth/verify/verify-token.ts';
import type { AllowRule, CompiledPolicy } from '../../../../shared/policy/compiled-policy.ts';
import {
  cambioKey,
  formBody,
  github,
  issuerUrl,
  makeWorld,
  now,
  ordersRule,
  policy,
  run,
  signCompact,
  subjectToken,
  verdict,
  type World,
} from '../../../world.ts';

const secret = 'secret';
const auth = { method: 'client_secret', sha256: createHash('sha256').update(secret).digest('hex') } as const;
const asOrders = { authorization: `Basic ${Buffer.from(`orders:${secret}`).toString('base64')}`, dpop: undefined };
const toPayments = { audience: 'payments-api', scopes: ['payments:charge'], claims: {}, ttl: 30 };
const eks = { ...github, name: 'eks', audiences: ['https://eks.acme.example'] };
const actorRule: AllowRule = {
  ...ordersRule,
  id: 'delegated',
  actor: { from: 'eks', match: [{ path: 'sub', type: 'string', anyOf: [{ glob: 'pod-*' }] }] },
};
const selfRule: AllowRule = {
  id: 'hop',
  from: 'self',
  client: ['orders'],
  match: [{ path: 'aud', type: 'list', anyOf: [{ equals: 'orders-api' }] }],
  grant: { ...toPayments, scopes: ['payments:charge', 'orders:read'] },
};
const backRule: AllowRule = { ...selfRule, id: 'back', match: [], grant: { ...ordersRule.grant, ttl: 900 } };
const served: CompiledPolicy = {
  ...policy,
  issuers: { github, eks },
  clients: { orders: { name: 'orders', auth, introspects: [] } },
  audiences: {
    ...policy.audiences,
    'payments-api': {
      name: 'payments-api',
      scopes: ['payments:charge', 'orders:read'],
      format: 'jwt',
      alg: 'ES256',
      ttl: 300,
      maxTtl: 900,
    },
    opaque: { name: 'opaque', scopes: ['a'], format: 'reference', alg: 'ES256', ttl: 300, maxTtl: 900 },
  },
  rules: [
    ...policy.rules,
    actorRule,
    selfRule,
    backRule,
    { ...ordersRule, id: 'opaque', grant: { ...toPayments, audience: 'opaque', scopes: ['a'] } },
  ],
};
const world = (changes: Partial<CompiledPolicy> = {}): World => makeWorld({}, { ...served, ...changes });

const pod = (claims: object = {}): string => subjectToken({ aud: 'https://eks.acme.example', sub: 'pod-1', ...claims });
const withActor = (actor_token: string, subject: object = {}, changes: Record<string, string> = {}): string =>
  formBody({ subject_token: subjectToken({ ...subject }), actor_token, actor_token_type: tokenTypes.jwt, ...changes });

async function issued(
  body: string,
  at = world(),
  headers?: typeof asOrders,
): Promise<{ token: string; claims: Readonly<Record<string, unknown>> }> {
  const outcome = await run(body, at, headers);
  if (!('granted' in outcome)) return expect.fail(verdict(outcome));
  return { token: outcome.granted.access_token, claims: outcome.claims };
}

describe('an actor token', () => {
  test('of the rule’s issuer and claims becomes act, in issued form', async () => {
    expect((await issued(withActor(pod()))).claims).toMatchObject({
      sub: 'github|repo:acme@1/api@456789:ref:refs/heads/main',
      act: { sub: 'eks|pod-1' },
    });
  });

  test('nests what the subject token already had', async () => {
    const { claims } = await issued(withActor(pod(), { act: { sub: 'x', iss: 'y' } }));
    expect(claims['act']).toEqual({ sub: 'eks|pod-1', act: { sub: 'github|x' } });
  });

  test.each<[string, string, string]>([
    ['whose claims do not fit', pod({ sub: 'other-1' }), 'invalid_target/no_rule'],
    ['of another issuer', subjectToken({ sub: 'pod-1' }), 'invalid_target/no_rule'],
    ['that is expired', pod({ exp: now }), 'invalid_request/expired'],
    ['that is bound to a key', pod({ cnf: { jkt: 'x' } }), 'invalid_request/binding'],
    ['in which another acts', pod({ act: { sub: 'x' } }), 'invalid_request/depth'],
  ])('%s is refused', async (_what, actor, expected) => {
    expect(verdict(await run(withActor(actor), world()))).toBe(expected);
    expect(verdict(await run(withActor(pod()), world()))).toBe('granted');
  });

  test('is wanted by a rule that has `actor`, and by no other', async () => {
    const onlyActor = world({ rules: [actorRule] });
    expect(verdict(await run(formBody(), onlyActor))).toBe('invalid_target/no_rule');
    expect(verdict(await run(withActor(pod()), onlyActor))).toBe('granted');
    expect(verdict(await run(withActor(pod()), world({ rules: policy.rules })))).toBe('invalid_target/no_rule');
  });

  test.each<[string, object, string]>([
    ['names it', { sub: 'pod-1' }, 'granted'],
    ['names it and its issuer', { sub: 'pod-1', iss: github.url }, 'granted'],
    ['names it on a further member', { sub: 'pod-1', ref: 'refs/heads/main' }, 'granted'],
    ['names another', { sub: 'pod-2' }, 'invalid_request/may_act'],
    ['names another issuer', { sub: 'pod-1', iss: 'https://evil.example' }, 'invalid_request/may_act'],
    ['differs on a further member', { sub: 'pod-1', ref: 'x' }, 'invalid_request/may_act'],
    ['names a member the actor lacks', { sub: 'pod-1', email: 'x' }, 'invalid_request/may_act'],
    ['names nobody', { iss: github.url }, 'invalid_request/may_act'],
  ])('and a may_act that %s', async (_what, may_act, expected) => {
    const outcome = await run(withActor(pod(), { may_act }), world());
    expect(verdict(outcome)).toBe(expected);
    if ('granted' in outcome) expect(outcome.claims).not.toHaveProperty('may_act');
  });

  test('makes no chain deeper than the rule allows, nor one with the same actor twice', async () => {
    const chain = (levels: number): object =>
      levels === 1 ? { sub: 'a1' } : { sub: `a${levels}`, act: chain(levels - 1) };
    expect(verdict(await run(withActor(pod(), { act: chain(2) }), world()))).toBe('granted');
    expect(verdict(await run(withActor(pod(), { act: chain(3) }), world()))).toBe('invalid_request/depth');
    const deeper = world({ rules: [{ ...actorRule, maxDepth: 4 }] });
    expect(verdict(await run(withActor(pod(), { act: chain(3) }), deeper))).toBe('granted');
    expect(
      verdict(await run(formBody({ subject_token: subjectToken({ act: { sub: 'a', act: { sub: 'a' } } }) }), world())),
    ).toBe('invalid_request/depth');
    expect(
      verdict(await run(formBody({ subject_token: subjectToken({ act: { sub: 'a', act: { sub: 'b' } } }) }), world())),
    ).toBe('granted');
  });

  test('is looked at before policy is: a chain nobody can read is refused for any target', async () => {
    const to = (audience: string, act: object) => formBody({ subject_token: subjectToken({ act }), audience });
    const chain = (levels: number): object =>
      levels === 1 ? { sub: 'a1' } : { sub: `a${levels}`, act: chain(levels - 1) };
    expect(verdict(await run(to('unknown', { name: 'a' }), world()))).toBe('invalid_request/malformed');
    expect(verdict(await run(to('unknown', chain(17)), world()))).toBe('invalid_request/depth');
    expect(verdict(await run(to('unknown', chain(16)), world()))).toBe('invalid_target/target');
    const deep = world({ rules: [{ ...ordersRule, maxDepth: 16 }] });
    expect(verdict(await run(to('orders-api', chain(16)), deep))).toBe('granted');
  });

  test('that is refused is what the caller is told of, not the subject', async () => {
    const told = async (actor: string): Promise<string | undefined> => {
      const presented = { parameter: 'actor_token', token: actor, type: tokenTypes.jwt } as const;
      const verifier = { ...verifierOf(world().cambio), issuers: [github, eks] };
      const token = await verifyToken(presented, verifier, {});
      try {
        inRole('actor_token', () => checkPresented(token, { role: 'actor', presenter: undefined, clients: {} }));
        return undefined;
      } catch (error) {
        return error instanceof Refused ? oauthError(error.denial).description : String(error);
      }
    };
    expect(await told(pod({ act: { sub: 'x' } }))).toBe('actor_token is not acceptable');
    expect(await told(pod({ cnf: { jkt: 'x' } }))).toBe('actor_token is not acceptable');
    expect(await told(pod())).toBeUndefined();
  });

  test('deep down grants nothing: policy sees the outermost act alone', async () => {
    const on = (path: string) =>
      world({ rules: [{ ...ordersRule, match: [{ path, type: 'string', anyOf: [{ equals: 'a' }] }] }] });
    const nested = formBody({ subject_token: subjectToken({ act: { sub: 'b', act: { sub: 'a' } } }) });
    expect(verdict(await run(nested, on('act.act.sub')))).toBe('invalid_target/no_rule');
    expect(verdict(await run(formBody({ subject_token: subjectToken({ act: { sub: 'a' } }) }), on('act.sub')))).toBe(
      'granted',
    );
  });
});

describe('a token of our own', () => {
  const hop = (subject_token: string, changes: Record<string, string> = {}): string =>
    formBody({ subject_token, subject_token_type: tokenTypes.accessToken, audience: 'payments-api', ...changes });

  test('is exchanged by the client policy names: sub unchanged, act kept, lineage grown, scope and lifetime only smaller', async () => {
    const at = world();
    const first = await issued(withActor(pod(), {}, { scope: 'orders:read' }), at);
    const second = await issued(hop(first.token), at, asOrders);
    expect(second.claims).toMatchObject({
      sub: first.claims['sub'],
      act: first.claims['act'],
      client_id: 'orders',
      scope: 'orders:read',
      exp: now + 30,
    });
    const origin = { iss: 'github', iat: now - 70 };
    const participants = [{ iss: 'eks', iat: now - 70, sub: 'eks|pod-1' }];
    const ancestor = ({ claims }: typeof first) => ({ jti: claims['jti'], iat: now, client_id: claims['client_id'] });
    expect(first.claims['lineage']).toEqual({ origin, participants });
    expect(second.claims['lineage']).toEqual({ origin, participants, tokens: [ancestor(first)] });
    const third = await issued(hop(second.token, { audience: 'orders-api' }), at, asOrders);
    expect(third.claims).toMatchObject({
      exp: now + 30,
      scope: 'orders:read',
      lineage: { origin, participants, tokens: [ancestor(first), ancestor(second)] },
    });
  });

  test.each<[string, Record<string, string>, typeof asOrders | undefined, string]>([
    ['by an anonymous caller', {}, undefined, 'invalid_target/no_rule'],
    ['declared as an ID token', { subject_token_type: tokenTypes.idToken }, asOrders, 'invalid_request/type'],
    ['for a scope it dropped', { scope: 'payments:charge' }, asOrders, 'invalid_scope/scope'],
  ])('is refused %s', async (_what, changes, headers, expected) => {
    const at = world();
    const first = await issued(formBody({ scope: 'orders:read' }), at);
    expect(verdict(await run(hop(first.token, changes), at, headers))).toBe(expected);
    expect(verdict(await run(hop(first.token), at, asOrders))).toBe('granted');
  });

  test('is believed only with our key, our kind of token and one of our audiences', async () => {
    const claims = {
      iss: issuerUrl,
      sub: 's',
      aud: 'https://orders.acme.example',
      client_id: 'c',
      iat: now,
      exp: now + 60,
      jti: 'j',
      scope: 'orders:read',
      lineage: { origin: { iss: 'github', iat: now } },
    };
    const own = (changes: object = {}, header: object = {}): string =>
      signCompact(
        JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: cambioKey.kid, ...header }),
        JSON.stringify({ ...claims, ...changes }),
        cambioKey,
      );
    const verdictOf = async (token: string): Promise<string> => verdict(await run(hop(token), world(), asOrders));
    expect(await verdictOf(own())).toBe('granted');
    for (const typ of ['AT+JWT', 'application/at+jwt']) expect(await verdictOf(own({}, { typ }))).toBe('granted');
    expect(await verdictOf(own({}, { typ: 'JWT' }))).toBe('invalid_request/type');
    expect(await verdictOf(own({}, { typ: undefined }))).toBe('invalid_request/type');
    expect(await verdictOf(own({}, { typ: 'txntoken+jwt' }))).toBe('invalid_request/type');
    expect(await verdictOf(own({}, { kid: undefined }))).toBe('invalid_request/key');
    expect(await verdictOf(own({ aud: 'https://other.example' }))).toBe('invalid_request/audience');
    expect(await verdictOf(own({ exp: now }))).toBe('invalid_request/expired');
    expect(await verdictOf(own({ iss: `${issuerUrl}/` }))).toBe('invalid_request/issuer');
    expect(
      await verdictOf(subjectToken({ iss: issuerUrl, aud: 'https://orders.acme.example' }, { typ: 'at+jwt' })),
    ).toBe('invalid_request/key');
  });

  test('is at most 16 exchanges from its root', async () => {
    const own = (tokens: readonly object[]): string => {
      const claims = {
        iss: issuerUrl,
        sub: 's',
        aud: 'https://orders.acme.example',
        client_id: 'orders',
        iat: now,
        exp: now + 60,
        jti: 'j',
        scope: 'orders:read',
        lineage: { origin: { iss: 'github', iat: now }, tokens },
      };
      return signCompact(
        JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: cambioKey.kid }),
        JSON.stringify(claims),
        cambioKey,
      );
    };
    const ids = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ jti: `j${n}`, iat: now, client_id: 'orders' }));
    expect(verdict(await run(hop(own(ids(14))), world(), asOrders))).toBe('granted');
    expect(verdict(await run(hop(own(ids(15))), world(), asOrders))).toBe('invalid_request/depth');
  });

  test('in any chain of exchanges never widens scope or lifetime, and never loses an actor', async () => {
    const step = fc.record({
      audience: fc.constantFrom('payments-api', 'orders-api'),
      scope: fc.constantFrom('', 'orders:read', 'orders:read payments:charge'),
    });
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 5 }), async (delegated, steps) => {
        const at = world();
        let last = await issued(delegated ? withActor(pod()) : formBody(), at);
        for (const { audience, scope } of steps) {
          const outcome = await run(hop(last.token, { audience, scope }), at, asOrders);
          if (!('granted' in outcome)) return;
          const before = String(last.claims['scope']).split(' ');
          expect(
            String(outcome.claims['scope'])
              .split(' ')
              .every((word) => before.includes(word)),
          ).toBe(true);
          expect(outcome.claims['exp']).toBeLessThanOrEqual(last.claims['exp'] as number);
          expect(outcome.claims['act']).toEqual(last.claims['act']);
          expect(outcome.claims['sub']).toBe(last.claims['sub']);
          last = { token: outcome.granted.access_token, claims: outcome.claims };
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('other kinds of token', () => {
  test('a reference token is 256 random bits, stored by their hash, and signs nothing', async () => {
    const at = world();
    const outcome = await run(formBody({ audience: 'opaque' }), at);
    const [reference] = at.references;
    expect(at.signed).toEqual([]);
    const handle = Buffer.alloc(32, 7).toString('base64url');
    expect(reference?.handleHash).toBe(createHash('sha256').update(handle).digest('hex'));
    expect(reference?.claims).toMatchObject({ aud: 'opaque', scope: 'a', exp: now + 30, jti: 'decision-1' });
    expect(JSON.stringify([at.references, at.records])).not.toContain(handle);
    expect(outcome).toMatchObject({ granted: { access_token: handle, token_type: 'Bearer', scope: 'a' } });
  });

  test('a reference audience issues no JWT', async () => {
    for (const requested_token_type of [tokenTypes.jwt, tokenTypes.transactionToken]) {
      expect(verdict(await run(formBody({ audience: 'opaque', requested_token_type, scope: 'a' }), world()))).toBe(
        'invalid_request/type',
      );
    }
  });

  test('a transaction token names its transaction and workload, is no access token, and needs scope', async () => {
    const at = world();
    const body = formBody({ requested_token_type: tokenTypes.transactionToken, scope: 'orders:read' });
    const outcome = await run(body, at);
    expect(outcome).toMatchObject({
      granted: { token_type: 'N_A', issued_token_type: tokenTypes.transactionToken },
      claims: { txn: 'decision-1', req_wl: 'github', aud: 'https://orders.acme.example', scope: 'orders:read' },
    });
    if (!('granted' in outcome)) return expect.fail(verdict(outcome));
    expect(outcome.claims).not.toHaveProperty('client_id');
    expect(
      JSON.parse(Buffer.from(outcome.granted.access_token.split('.')[0] ?? '', 'base64url').toString()),
    ).toMatchObject({ typ: 'txntoken+jwt' });
    const unscoped = formBody({ requested_token_type: tokenTypes.transactionToken });
    expect(verdict(await run(unscoped, world()))).toBe('invalid_request/malformed');
  });
});

describe('templates and outlive', () => {
  test('a subject template makes the whole sub; a missing part or a `|` is refused', async () => {
    const subject = ['mail:', { claim: 'email' }];
    const at = world({ issuers: { github: { ...github, subject } } });
    const body = (email: unknown): string => formBody({ subject_token: subjectToken({ email }) });
    expect((await issued(body('a@b.example'), at)).claims['sub']).toBe('mail:a@b.example');
    expect(verdict(await run(body(undefined), at))).toBe('invalid_request/malformed');
    expect(verdict(await run(body('a|b'), at))).toBe('invalid_request/malformed');
  });

  test('a subject of several claims is no other claims’ subject: no value holds what stands between them, none is empty', async () => {
    const subject = ['u:', { claim: 'org', type: 'string' as const }, ':', { claim: 'user', type: 'string' as const }];
    const at = world({ issuers: { github: { ...github, subject } } });
    const as = async (org: unknown, user: unknown): Promise<string> =>
      verdict(await run(formBody({ subject_token: subjectToken({ org, user }) }), at));
    expect(await as('acme', 'alice')).toBe('granted');
    expect(
      (await issued(formBody({ subject_token: subjectToken({ org: 'acme', user: 'a/l@x' }) }), at)).claims['sub'],
    ).toBe('u:acme:a/l@x');
    for (const [org, user] of [
      ['acme:alice', 'x'],
      ['acme', 'alice:x'],
      ['', 'alice'],
      ['acme', ''],
      [['acme'], 'alice'],
      [7, 'alice'],
      [undefined, 'alice'],
    ]) {
      expect([org, user, await as(org, user)]).toEqual([org, user, 'invalid_request/malformed']);
    }
    // Where one claim stands alone nothing can be mistaken.
    const alone = world({ issuers: { github: { ...github, subject: ['u:', { claim: 'user' }, ':x'] } } });
    expect((await issued(formBody({ subject_token: subjectToken({ user: 'a:x' }) }), alone)).claims['sub']).toBe(
      'u:a:x:x',
    );
  });

  test('a rule with outlive takes a token that expired within the skew, and its token lives its own time', async () => {
    const at = world({ rules: [{ ...ordersRule, outlive: true }] });
    const body = (exp: number): string => formBody({ subject_token: subjectToken({ exp }) });
    expect((await issued(body(now + 1), at)).claims['exp']).toBe(now + 300);
    expect((await issued(body(now - 59), at)).claims['exp']).toBe(now + 300);
    expect(verdict(await run(body(now - 60), at))).toBe('invalid_request/expired');
    expect(verdict(await run(body(now), world()))).toBe('invalid_request/expired');
    const denied = world({
      rules: [
        { ...ordersRule, outlive: true, match: [{ path: 'ref', type: 'string', anyOf: [{ equals: 'x' }] }] },
        ordersRule,
      ],
    });
    expect(verdict(await run(body(now), denied))).toBe('invalid_request/expired');
    const anyway = { id: 'no', from: 'github', match: [], deny: 'any' } as const;
    const refused = world({ rules: [{ ...ordersRule, outlive: true }, anyway] });
    expect(verdict(await run(body(now), refused))).toBe('invalid_request/expired');
    expect(verdict(await run(body(now + 1), refused))).toBe('invalid_target/denied');
    const beside = world({ rules: [{ ...ordersRule, outlive: true }, ...policy.rules.slice(1), selfRule] });
    expect(verdict(await run(body(now), beside))).toBe('granted');
  });
});
