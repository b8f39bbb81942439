// One exchange, parameter by parameter (RFC 6749 §3.2 and §5.2, RFC 8693 §2, RFC 8707 §2, RFC 9068 §2).
import { createPublicKey } from 'node:crypto';
import { compactVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { Refused } from '../../../shared/oauth/denial.ts';
import { tokenTypes } from '../../../shared/oauth/token-types.ts';
import { createConditionEvaluator } from '../../../shared/policy/cel.ts';
import {
  cambioKey,
  formBody,
  github,
  makeWorld,
  now,
  ordersRule,
  policy,
  run,
  subjectToken,
  verdict,
} from '../../world.ts';

const verdictOf = async (changes: Readonly<Record<string, string | undefined>>, more = ''): Promise<string> =>
  verdict(await run(formBody(changes) + more));

describe('a granted exchange', () => {
  test('answers as RFC 8693 §2.2.1 says, with an RFC 9068 token signed by the deployment’s key', async () => {
    const outcome = await run(formBody());
    if (!('granted' in outcome)) throw new Error(verdict(outcome));
    const { access_token, ...answer } = outcome.granted;
    expect(answer).toEqual({
      issued_token_type: tokenTypes.accessToken,
      token_type: 'Bearer',
      expires_in: 300,
      scope: 'orders:read orders:write',
    });
    const { protectedHeader } = await compactVerify(access_token, createPublicKey(cambioKey.privateKey));
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: cambioKey.kid });
    expect(outcome.claims).toEqual({
      iss: 'https://issuer.acme.example',
      sub: 'github|repo:acme@1/api@456789:ref:refs/heads/main',
      aud: 'https://orders.acme.example',
      client_id: 'github',
      iat: now,
      exp: now + 300,
      jti: 'decision-1',
      scope: 'orders:read orders:write',
      lineage: { origin: { iss: 'github', iat: now - 70 } },
    });
  });

  test('leaves one record, without the token, under the token’s jti', async () => {
    const world = makeWorld();
    const outcome = await run(formBody(), world);
    if (!('granted' in outcome)) throw new Error(verdict(outcome));
    expect(world.records).toMatchObject([
      {
        decisionId: 'decision-1',
        at: now,
        policyHash: 'hash-of-the-policy',
        rule: 'main-branch',
        ending: {
          outcome: 'granted',
          issued: {
            exp: now + 300,
            sub: 'github|repo:acme@1/api@456789:ref:refs/heads/main',
            clientId: 'github',
            audience: 'orders-api',
            scope: 'orders:read orders:write',
          },
        },
        request: { audiences: ['orders-api'], resources: [], client: undefined },
        subject: { issuer: 'github', jti: 'subject-jti', claims: { ref: 'refs/heads/main' } },
      },
    ]);
    const written = JSON.stringify(world.records);
    for (const token of [subjectToken(), outcome.granted.access_token]) {
      for (const part of token.split('.').slice(1)) expect(written).not.toContain(part);
    }
  });

  test('traces all of a few rules; of many the one that granted and the closest, and for a refusal fifty', async () => {
    const wanting = (ref: string, n: number) => ({
      ...{ ...ordersRule, id: `rule-${n}` },
      match: [{ path: 'ref', type: 'string' as const, anyOf: [{ equals: ref }] }],
    });
    const tracedOf = async (count: number, granting: boolean) => {
      const others = Array.from({ length: count - 1 }, (_, n) => wanting('refs/heads/other', n));
      const rules = [...others, granting ? ordersRule : wanting('refs/heads/no', count)];
      const outcome = await run(formBody(), makeWorld({}, { ...policy, rules }));
      const { rules: trace = [], untraced } = outcome.decision;
      return ['granted' in outcome, trace.length, untraced, trace.at(-1)?.id];
    };
    expect(await tracedOf(8, true)).toEqual([true, 8, undefined, ordersRule.id]);
    expect(await tracedOf(9, true)).toEqual([true, 3, 6, ordersRule.id]);
    expect(await tracedOf(60, true)).toEqual([true, 3, 57, ordersRule.id]);
    expect((await tracedOf(9, false)).slice(0, 3)).toEqual([false, 9, undefined]);
    expect((await tracedOf(60, false)).slice(0, 3)).toEqual([false, 49, 11]);
  });

  test('signs and records side by side: neither waits for the other to begin', async () => {
    let begun = 0;
    let resolve = (): void => {};
    const both = new Promise<void>((done) => {
      resolve = done;
    });
    const begin = (): Promise<void> => {
      begun += 1;
      if (begun === 2) resolve();
      return both;
    };
    const world = makeWorld({ sign: () => begin().then(() => new Uint8Array(64)), recordDecision: begin });
    expect(verdict(await run(formBody(), world))).toBe('granted');
  });

  test('never outlives its subject token', async () => {
    const outcome = await run(formBody({ subject_token: subjectToken({ exp: now + 42 }) }));
    expect(outcome).toMatchObject({ granted: { expires_in: 42 }, claims: { exp: now + 42 } });
  });

  test('leaves scope out when the audience has none', async () => {
    const outcome = await run(formBody({ audience: 'plain' }));
    expect(outcome).toMatchObject({ granted: { token_type: 'Bearer' }, claims: { aud: 'plain' } });
    if ('granted' in outcome) expect([outcome.granted, outcome.claims].some((each) => 'scope' in each)).toBe(false);
  });

  test('names the type that was asked for', async () => {
    const outcome = await run(formBody({ requested_token_type: tokenTypes.jwt }));
    expect(outcome).toMatchObject({ granted: { issued_token_type: tokenTypes.jwt, token_type: 'Bearer' } });
  });

  test('maps claims from templates, keeps their types, leaves missing ones out, and never maps reserved ones', async () => {
    const reserved = {
      iss: ['evil'],
      sub: ['evil'],
      scope: ['all'],
      act: ['evil'],
      cnf: ['evil'],
      client_id: ['evil'],
    };
    const claims = {
      branch: [{ claim: 'ref' }],
      text: ['on ', { claim: 'ref' }],
      none: [{ claim: 'no' }],
      ...reserved,
    };
    const rule = { ...ordersRule, grant: { ...ordersRule.grant, claims } };
    const outcome = await run(formBody(), makeWorld({}, { ...policy, rules: [rule] }));
    expect(outcome).toMatchObject({
      claims: {
        branch: 'refs/heads/main',
        text: 'on refs/heads/main',
        client_id: 'github',
        iss: 'https://issuer.acme.example',
      },
    });
    if ('granted' in outcome)
      for (const name of ['none', 'act', 'cnf']) expect(outcome.claims).not.toHaveProperty(name);
  });

  test('rebuilds a foreign act level by level with nothing but sub', async () => {
    const act = { sub: 'b', iss: 'https://evil.example', exp: 1, act: { sub: 'a', client_id: 'x' } };
    const outcome = await run(formBody({ subject_token: subjectToken({ act }) }));
    expect(outcome).toMatchObject({ claims: { act: { sub: 'github|b', act: { sub: 'github|a' } } } });
    if ('granted' in outcome) expect(Object.keys(outcome.claims['act'] as object)).toEqual(['sub', 'act']);
  });

  test('with the same subject token again is granted again, under another jti', async () => {
    const world = makeWorld();
    await run(formBody(), world);
    await run(formBody(), world);
    expect(world.records.map(({ decisionId }) => decisionId)).toEqual(['decision-1', 'decision-2']);
  });
});

describe('RFC 8693 §2.1 parameters', () => {
  test.each<[string, Record<string, string | undefined>, string]>([
    ['no grant_type', { grant_type: undefined }, 'invalid_request/malformed'],
    ['another grant_type', { grant_type: 'client_credentials' }, 'unsupported_grant_type/malformed'],
    [
      'grant_type in capitals',
      { grant_type: 'URN:IETF:PARAMS:OAUTH:GRANT-TYPE:TOKEN-EXCHANGE' },
      'unsupported_grant_type/malformed',
    ],
    [
      'grant_type with a space',
      { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange ' },
      'unsupported_grant_type/malformed',
    ],
    ['no subject_token', { subject_token: undefined }, 'invalid_request/malformed'],
    ['an empty subject_token', { subject_token: '' }, 'invalid_request/malformed'],
    ['no subject_token_type', { subject_token_type: undefined }, 'invalid_request/malformed'],
    [
      'an unknown subject_token_type',
      { subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' },
      'invalid_request/type',
    ],
    [
      'a subject_token_type the issuer may not use',
      { subject_token_type: tokenTypes.accessToken },
      'invalid_request/type',
    ],
    ['actor_token without its type', { actor_token: subjectToken() }, 'invalid_request/malformed'],
    ['actor_token_type without its token', { actor_token_type: tokenTypes.jwt }, 'invalid_request/malformed'],
    [
      'an expired actor_token',
      { actor_token: subjectToken({ exp: now }), actor_token_type: tokenTypes.jwt },
      'invalid_request/expired',
    ],
    [
      'an actor_token of another audience',
      { actor_token: subjectToken({ aud: 'x' }), actor_token_type: tokenTypes.jwt },
      'invalid_request/audience',
    ],
    [
      'an actor_token, which no rule asks for',
      { actor_token: subjectToken(), actor_token_type: tokenTypes.jwt },
      'invalid_target/no_rule',
    ],
    [
      'a requested refresh token',
      { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      'invalid_request/type',
    ],
    ['a requested garbage type', { requested_token_type: 'x' }, 'invalid_request/type'],
    ['no target', { audience: undefined }, 'invalid_target/target'],
    ['an empty audience', { audience: '' }, 'invalid_target/target'],
    ['an unknown audience', { audience: 'orders' }, 'invalid_target/target'],
    ['audience *', { audience: '*' }, 'invalid_target/target'],
    ['our own issuer as audience', { audience: 'https://issuer.acme.example' }, 'invalid_target/target'],
    ['__proto__ as audience', { audience: '__proto__' }, 'invalid_target/target'],
    ['an audience no rule grants', { audience: 'payments-api' }, 'invalid_target/no_rule'],
    ['a malformed scope', { scope: 'orders:read  orders:write' }, 'invalid_scope/scope'],
    ['a scope with a quote', { scope: '"' }, 'invalid_scope/scope'],
    ['101 scopes', { scope: Array.from({ length: 101 }, (_, n) => `s${n}`).join(' ') }, 'invalid_scope/scope'],
    ['no grantable scope', { scope: 'orders:admin' }, 'invalid_scope/scope'],
    ['a scope in capitals', { scope: 'ORDERS:READ' }, 'invalid_scope/scope'],
    ['a scope where the audience has none', { audience: 'plain', scope: 'a' }, 'invalid_scope/scope'],
    ['an empty actor_token, as absent', { actor_token: '' }, 'granted'],
    ['an unknown parameter', { foo: 'bar' }, 'granted'],
    ['subject_token as id_token', { subject_token_type: tokenTypes.idToken }, 'granted'],
    ['an empty scope, as absent', { scope: '' }, 'granted'],
  ])('%s', async (_what, changes, expected) => {
    expect(await verdictOf(changes)).toBe(expected);
    expect(await verdictOf({})).toBe('granted');
  });

  test.each([
    'scope=a&scope=b',
    'subject_token=x',
    '%73ubject_token=x',
    'grant_type=x',
    'foo=1&foo=2',
    'requested_token_type=a&requested_token_type=b',
  ])('a repeated parameter (%s) is refused', async (more) => {
    expect(await verdictOf({}, `&${more}`)).toBe('invalid_request/malformed');
  });

  test('scope is narrowed, duplicate words collapse, and the answer says what was granted', async () => {
    const outcome = await run(formBody({ scope: 'orders:admin orders:read orders:read unknown' }));
    expect(outcome).toMatchObject({ granted: { scope: 'orders:read' }, claims: { scope: 'orders:read' } });
  });
});

describe('RFC 8707 §2 targets', () => {
  const resource = (value: string, audience?: string): Promise<string> => verdictOf({ audience, resource: value });

  test.each([
    '/api',
    'foo',
    'https://orders.acme.example#x',
    'https://orders.acme.example#',
    '//orders.acme.example',
    'https://orders.acme.example/\u00e9',
    'https://orders.acme.example/a b',
  ])('resource %s is no absolute URI without fragment', async (value) => {
    expect(await resource(value)).toBe('invalid_target/target');
    expect(await resource('https://orders.acme.example')).toBe('granted');
  });

  test.each([
    'https://orders.acme.example//',
    'https://orders.acme.example:443',
    'HTTPS://orders.acme.example',
    'https://ORDERS.acme.example',
  ])('resource %s is another string than the registered one', async (value) => {
    expect(await resource(value)).toBe('invalid_target/target');
  });

  test('one target may be named several times and in both forms; the token has one aud', async () => {
    const same =
      '&audience=orders-api&audience=https%3A%2F%2Forders.acme.example&resource=https%3A%2F%2Forders.acme.example';
    // Of an origin the final slash is one form more: `aud` is as the policy writes it.
    for (const more of ['', '&resource=https%3A%2F%2Forders.acme.example%2F']) {
      const outcome = await run(formBody() + same + more);
      expect(outcome).toMatchObject({ claims: { aud: 'https://orders.acme.example' } });
    }
  });

  test('two targets, or a known and an unknown one, are refused, never cut to the first', async () => {
    expect(await verdictOf({}, '&audience=plain')).toBe('invalid_target/target');
    expect(await verdictOf({}, '&audience=unknown')).toBe('invalid_target/target');
    expect(await verdictOf({}, '&resource=https%3A%2F%2Fother.example')).toBe('invalid_target/target');
    expect(await verdictOf({}, '&audience=a'.repeat(199))).toBe('invalid_request/malformed');
  });
});

describe('RFC 6749 §2.3 callers', () => {
  const withHeaders = async (headers: { authorization?: string; dpop?: string }, changes = {}): Promise<string> =>
    verdict(await run(formBody(changes), makeWorld(), { authorization: undefined, dpop: undefined, ...headers }));

  test('no client is known yet, so every credential fails alike, and more than one method is no request', async () => {
    expect(await withHeaders({ authorization: 'Basic YTpi' })).toBe('invalid_client/client');
    expect(await withHeaders({}, { client_id: 'a' })).toBe('invalid_client/client');
    expect(await withHeaders({}, { client_id: 'a', client_secret: 'b' })).toBe('invalid_client/client');
    expect(await withHeaders({}, { client_assertion: 'a', client_assertion_type: 'b' })).toBe('invalid_client/client');
    expect(await withHeaders({ authorization: 'Basic YTpi' }, { client_secret: 'b' })).toBe('invalid_request/client');
    expect(await withHeaders({}, { client_secret: 'a', client_assertion: 'b' })).toBe('invalid_request/client');
    expect(await withHeaders({})).toBe('granted');
  });

  test('a DPoP proof is refused, not ignored: the caller expects a bound token', async () => {
    expect(await withHeaders({ dpop: 'proof' })).toBe('invalid_dpop_proof/binding');
    expect(await withHeaders({})).toBe('granted');
  });
});

describe('policy', () => {
  const deny = { id: 'no-forks', from: 'github', match: [], deny: 'any' as const };
  const served = (rules: typeof policy.rules) => makeWorld({}, { ...policy, rules });

  test('a deny rule that matches wins over every allow rule', async () => {
    expect(verdict(await run(formBody(), served([...policy.rules, deny])))).toBe('invalid_target/denied');
    expect(verdict(await run(formBody(), served([...policy.rules, { ...deny, from: 'other' }])))).toBe('granted');
    const forPayments = { ...deny, deny: { audience: 'payments-api' } };
    expect(verdict(await run(formBody(), served([...policy.rules, forPayments])))).toBe('granted');
  });

  test('conditions see what was asked for, in the caller’s own words', async () => {
    const outcome = async (expression: string, changes = {}): Promise<string> => {
      const rule = { ...ordersRule, when: [{ name: 'it', expression }] };
      const evaluateCondition = createConditionEvaluator();
      return verdict(await run(formBody(changes), makeWorld({ evaluateCondition }, { ...policy, rules: [rule] })));
    };
    const asked = 'request.scopes == ["orders:read"] && request.audiences == ["orders-api"] && request.resources == []';
    expect(await outcome(asked, { scope: 'orders:read' })).toBe('granted');
    expect(await outcome(asked)).toBe('invalid_target/no_rule');
    expect(await outcome('request.scopes == []')).toBe('granted');
    const resource = 'https://orders.acme.example';
    expect(await outcome(`request.resources == ["${resource}"]`, { audience: undefined, resource })).toBe('granted');
  });

  test('a policy without rules refuses', async () => {
    expect(verdict(await run(formBody(), served([])))).toBe('invalid_target/no_rule');
  });

  test('the decision names the rule, and every condition with what was wanted and got', async () => {
    const outcome = await run(formBody({ subject_token: subjectToken({ ref: 'refs/heads/dev' }) }));
    expect(verdict(outcome)).toBe('invalid_target/no_rule');
    expect(outcome.decision.rules).toEqual([
      {
        id: 'main-branch',
        matched: false,
        conditions: [{ name: 'ref', wanted: ['refs/heads/main'], got: 'refs/heads/dev', matched: false }],
      },
    ]);
    expect((await run(formBody())).decision.rule).toBe('main-branch');
  });
});

describe('a dependency that fails', () => {
  const unavailable = (dependency: 'kms' | 'dynamodb' | 'issuer') => async (): Promise<never> => {
    throw new Refused({ kind: 'unavailable', dependency });
  };

  test.each([
    ['the signature', { sign: unavailable('kms') }],
    ['the record', { recordDecision: unavailable('dynamodb') }],
    ['the keyring', { readKeyring: unavailable('dynamodb') }],
    ['the issuer’s keys', { findIssuerKey: unavailable('issuer') }],
  ])('%s: 503 and no token', async (_what, changes) => {
    expect(await run(formBody(), makeWorld(changes))).toMatchObject({
      error: 'temporarily_unavailable',
      reason: 'unavailable',
      status: 503,
    });
    expect(verdict(await run(formBody()))).toBe('granted');
  });

  test('a signing input over 4,096 bytes is refused before KMS is asked', async () => {
    const rule = (length: number) => ({
      ...ordersRule,
      grant: { ...ordersRule.grant, claims: { pad: ['x'.repeat(length)] } },
    });
    const large = makeWorld({}, { ...policy, rules: [rule(3_000)] });
    expect(verdict(await run(formBody(), large))).toBe('invalid_target/size');
    expect(large.signed).toEqual([]);
    expect(large.records).toEqual([]);
    expect(verdict(await run(formBody(), makeWorld({}, { ...policy, rules: [rule(2_000)] })))).toBe('granted');
  });
});

test('verification comes before policy: an unknown target with a bad token is about the token', async () => {
  expect(await verdictOf({ subject_token: subjectToken({ exp: now }), audience: 'unknown' })).toBe(
    'invalid_request/expired',
  );
  expect(github.clockSkew).toBeGreaterThan(0);
});

test('a claim of another type than its issuer’s entry says denies in a condition, as in a match', async () => {
  const deny = { id: 'never', from: 'github', match: [], deny: 'any' as const };
  const when = [{ name: 'it', expression: 'claims.team == "blue"' }];
  const issuers = { github: { ...github, claims: { ...github.claims, team: 'string' as const } } };
  const at = makeWorld(
    { evaluateCondition: createConditionEvaluator() },
    { ...policy, issuers, rules: [...policy.rules, { ...deny, when }] },
  );
  const as = async (team: unknown) => verdict(await run(formBody({ subject_token: subjectToken({ team }) }), at));
  expect([await as('blue'), await as(['blue']), await as('red')]).toEqual([
    'invalid_target/denied',
    'invalid_target/denied',
    'granted',
  ]);
});
