// Transaction tokens (draft-ietf-oauth-transaction-tokens): what a request says of its transaction, replacement, and that no
// other kind of token is one.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tokenTypes } from '../../../../shared/oauth/token-types.ts';
import type { AllowRule, CompiledPolicy } from '../../../../shared/policy/compiled-policy.ts';
import {
  cambioKey,
  formBody,
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
const as = (client: string) => ({
  authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}`,
  dpop: undefined,
});
const client = (name: string) => ({ name, auth, introspects: [] });
const replaceRule: AllowRule = {
  id: 'replace',
  from: 'self',
  client: ['orders', 'stock'],
  match: [{ path: 'aud', type: 'list', anyOf: [{ equals: 'orders-api' }] }],
  grant: { ...ordersRule.grant, ttl: 900 },
};
const payments = { audience: 'payments-api', scopes: ['payments:charge', 'orders:read'], claims: {}, ttl: 300 };
const served: CompiledPolicy = {
  ...policy,
  clients: { orders: client('orders'), stock: client('stock'), other: client('other') },
  audiences: {
    ...policy.audiences,
    'payments-api': { ...(policy.audiences['payments-api'] ?? expect.fail()), scopes: payments.scopes },
  },
  rules: [...policy.rules, replaceRule, { ...replaceRule, id: 'hop', grant: payments }],
};
const world = (changes: Partial<CompiledPolicy> = {}): World => makeWorld({}, { ...served, ...changes });

const txn = { requested_token_type: tokenTypes.transactionToken, scope: 'orders:read orders:write' };
const asking = (changes: Record<string, string | undefined> = {}): string => formBody({ ...txn, ...changes });
const details = { action: 'BUY', quantity: 100, customer: { level: 'VIP' } };
const context = { req_ip: '203.0.113.7' };

type Claims = Readonly<Record<string, unknown>>;

async function issued(body: string, at = world(), headers?: ReturnType<typeof as>) {
  const outcome = await run(body, at, headers);
  if (!('granted' in outcome)) return expect.fail(verdict(outcome));
  return { token: outcome.granted.access_token, claims: outcome.claims, decision: outcome.decision };
}

/** A transaction token of ours, as it was issued or with other claims. */
function own(changes: Claims = {}, header: Claims = {}): string {
  const claims = {
    ...{ iss: issuerUrl, sub: 'github|s', aud: 'https://orders.acme.example', iat: now, exp: now + 60, jti: 'j-1' },
    ...{ txn: 't-1', req_wl: 'gateway', scope: 'orders:read', tctx: details, rctx: context },
    lineage: { origin: { iss: 'github', iat: now } },
    ...changes,
  };
  const text = JSON.stringify({ alg: 'ES256', typ: 'txntoken+jwt', kid: cambioKey.kid, ...header });
  return signCompact(text, JSON.stringify(claims), cambioKey);
}

const replacing = (subject_token: string, changes: Record<string, string | undefined> = {}): string =>
  asking({ subject_token, subject_token_type: tokenTypes.transactionToken, ...changes });

describe('request_details and request_context', () => {
  test('become tctx and rctx, as they are', async () => {
    const body = asking({ request_details: JSON.stringify(details), request_context: JSON.stringify(context) });
    expect((await issued(body)).claims).toMatchObject({ tctx: details, rctx: context });
    expect((await issued(asking())).claims).not.toHaveProperty('tctx');
    expect((await issued(asking({ request_context: '{}' }))).claims).toMatchObject({ rctx: {} });
    expect((await issued(asking({ request_context: '' }))).claims).not.toHaveProperty('rctx');
  });

  test('mean nothing where no transaction token is requested, whatever they hold', async () => {
    for (const requested_token_type of [undefined, tokenTypes.accessToken, tokenTypes.jwt]) {
      const { claims } = await issued(
        asking({ requested_token_type, request_details: '[', request_context: '{"a":1}' }),
      );
      expect(Object.keys(claims).filter((name) => ['tctx', 'rctx', 'txn', 'req_wl'].includes(name))).toEqual([]);
    }
  });

  test.each<[string, string, string]>([
    ['a list', '[]', '{}'],
    ['a string', '"a"', '{"a":"a"}'],
    ['null', 'null', '{"a":null}'],
    ['no JSON', '{a:1}', '{"a":1}'],
    ['a member twice', '{"a":1,"a":1}', '{"a":1,"b":1}'],
    ['a member twice by an escape', '{"a":1,"\\u0061":1}', '{"a":1,"\\u0062":1}'],
    ['an integer that would be rounded', '{"a":9007199254740993}', '{"a":9007199254740991}'],
    ['such an integer deep inside', '{"a":[{"b":1e22}]}', '{"a":[{"b":1.5}]}'],
    ['a number that is none', '{"a":1e400}', '{"a":1e4}'],
    ['more than 2,048 bytes', `{"a":"${'é'.repeat(1_021)}"}`, `{"a":"${'é'.repeat(1_020)}"}`],
    ['17 levels inside', `{"a":${'['.repeat(17)}${']'.repeat(17)}}`, `{"a":${'['.repeat(16)}${']'.repeat(16)}}`],
    ['base64url of JSON', Buffer.from('{"a":1}').toString('base64url'), '{"a":1}'],
  ])('that hold %s are refused', async (_what, bad, good) => {
    for (const parameter of ['request_details', 'request_context']) {
      expect(verdict(await run(asking({ [parameter]: bad }), world()))).toBe('invalid_request/malformed');
      expect(verdict(await run(asking({ [parameter]: good }), world()))).toBe('granted');
    }
  });

  test('are refused when they come twice, and when the token would be too large', async () => {
    const twice = `${asking({ request_details: '{}' })}&request_details=%7B%7D`;
    expect(verdict(await run(twice, world()))).toBe('invalid_request/malformed');
    const big = (bytes: number) => `{"a":"${'x'.repeat(bytes)}"}`;
    const both = asking({ request_details: big(1_900), request_context: big(1_900) });
    expect(verdict(await run(both, world()))).toBe('invalid_target/size');
    expect(verdict(await run(asking({ request_details: big(1_900) }), world()))).toBe('granted');
  });

  test('leave no trace in the decision: they may hold anything', async () => {
    const at = world();
    await issued(asking({ request_details: '{"a":"CANARY"}', request_context: '{"a":"CANARY"}' }), at);
    expect(JSON.stringify(at.records)).not.toContain('CANARY');
    expect(at.records).toHaveLength(1);
  });

  test('are not what policy maps: tctx and rctx are reserved', async () => {
    const claims = { tctx: [{ claim: 'ref' }], rctx: [{ claim: 'ref' }], note: [{ claim: 'ref' }] };
    const at = world({ rules: [{ ...ordersRule, grant: { ...ordersRule.grant, claims } }] });
    const { claims: mapped } = await issued(asking(), at);
    expect(mapped).toMatchObject({ note: 'refs/heads/main' });
    expect(Object.keys(mapped)).not.toEqual(expect.arrayContaining(['tctx']));
    expect(Object.keys(mapped)).not.toEqual(expect.arrayContaining(['rctx']));
  });
});

describe('a transaction token replaced by another', () => {
  test('keeps txn, sub, aud and tctx, names every workload, and lives no longer', async () => {
    const at = world();
    const first = await issued(asking({ request_details: JSON.stringify(details) }), at);
    const second = await issued(replacing(first.token, { scope: 'orders:read' }), at, as('orders'));
    const { txn: transaction, sub, aud, exp, tctx } = first.claims;
    expect(second.claims).toMatchObject({ txn: transaction, sub, aud, tctx, exp, scope: 'orders:read' });
    expect(second.claims).toMatchObject({
      req_wl: 'github,orders',
      jti: 'decision-2',
      lineage: { tokens: [{ jti: 'decision-1' }] },
    });
    const third = await issued(replacing(second.token), at, as('stock'));
    expect(third.claims).toMatchObject({ txn: transaction, req_wl: 'github,orders,stock', scope: 'orders:read', exp });
    expect(third.decision.issued).toMatchObject({ clientId: 'stock' });
    expect(first.decision.issued).toMatchObject({ clientId: 'github' });
  });

  test('keeps who acts', async () => {
    const { claims } = await issued(replacing(own({ act: { sub: 'eks|pod' } })), world(), as('orders'));
    expect(claims).toMatchObject({ act: { sub: 'eks|pod' } });
  });

  test.each<[string, Record<string, string>, string]>([
    ['for another target', { audience: 'payments-api' }, 'invalid_target/target'],
    ['for a scope it has not', { scope: 'orders:write' }, 'invalid_scope/scope'],
    ['with other details', { request_details: '{"action":"SELL"}' }, 'invalid_request/malformed'],
    ['with more details', { request_details: JSON.stringify({ ...details, a: 1 }) }, 'invalid_request/malformed'],
    ['with another context', { request_context: '{"req_ip":"198.51.100.1"}' }, 'invalid_request/malformed'],
    ['by an access token', { requested_token_type: tokenTypes.accessToken }, 'invalid_request/type'],
    ['by a jwt', { requested_token_type: tokenTypes.jwt }, 'invalid_request/type'],
  ])('is refused %s', async (_what, changes, expected) => {
    expect(verdict(await run(replacing(own(), changes), world(), as('orders')))).toBe(expected);
    expect(verdict(await run(replacing(own()), world(), as('orders')))).toBe('granted');
  });

  test('is refused when it has expired, at the second', async () => {
    expect(verdict(await run(replacing(own({ exp: now })), world(), as('orders')))).toBe('invalid_request/expired');
    expect(verdict(await run(replacing(own({ exp: now + 1 })), world(), as('orders')))).toBe('granted');
  });

  test('needs a rule from self, and its client', async () => {
    expect(verdict(await run(replacing(own()), world(), as('other')))).toBe('invalid_target/no_rule');
    expect(verdict(await run(replacing(own()), world()))).toBe('invalid_target/no_rule');
    expect(verdict(await run(replacing(own()), world({ rules: policy.rules }), as('orders')))).toBe(
      'invalid_target/no_rule',
    );
    expect(verdict(await run(replacing(own()), world(), as('orders')))).toBe('granted');
  });

  test('may be told by what its transaction is about', async () => {
    const match = [{ path: 'tctx.action', type: 'string', anyOf: [{ equals: 'BUY' }] }] as const;
    const at = world({ rules: [{ ...replaceRule, match }] });
    expect(verdict(await run(replacing(own()), at, as('orders')))).toBe('granted');
    expect(verdict(await run(replacing(own({ tctx: { action: 'SELL' } })), at, as('orders')))).toBe(
      'invalid_target/no_rule',
    );
  });

  test('may repeat its details in any order, and add to its context', async () => {
    const { action, ...rest } = details;
    const same = JSON.stringify({ ...rest, action });
    const request_context = JSON.stringify({ hop: 2, ...context });
    const { claims } = await issued(
      replacing(own(), { request_details: same, request_context }),
      world(),
      as('orders'),
    );
    expect(claims).toMatchObject({ tctx: details, rctx: { ...context, hop: 2 } });
    expect((await issued(replacing(own()), world(), as('orders'))).claims).toMatchObject({ rctx: context });
  });

  test('that had no details gets none', async () => {
    const bare = own({ tctx: undefined, rctx: undefined });
    expect(verdict(await run(replacing(bare, { request_details: '{}' }), world(), as('orders')))).toBe(
      'invalid_request/malformed',
    );
    const { claims } = await issued(replacing(bare, { request_context: '{"hop":1}' }), world(), as('orders'));
    expect(claims).toMatchObject({ rctx: { hop: 1 } });
    expect(claims).not.toHaveProperty('tctx');
  });

  test('in any chain keeps its transaction, never widens scope or lifetime, and forgets no workload', async () => {
    const step = fc.record({
      client: fc.constantFrom('orders', 'stock'),
      scope: fc.constantFrom('orders:read', 'orders:write', 'orders:read orders:write'),
      request_context: fc.constantFrom('', '{"a":1}', '{"a":2}', '{"b":1}'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 5 }), async (steps) => {
        const at = world();
        let last = await issued(asking({ request_details: JSON.stringify(details) }), at);
        for (const { client: name, ...changes } of steps) {
          const outcome = await run(replacing(last.token, changes), at, as(name));
          if (!('granted' in outcome)) return;
          const { claims } = outcome;
          for (const kept of ['txn', 'sub', 'aud', 'tctx']) expect(claims[kept]).toEqual(last.claims[kept]);
          expect(claims['rctx'] ?? {}).toMatchObject(last.claims['rctx'] ?? {});
          expect(words(claims).filter((word) => !words(last.claims).includes(word))).toEqual([]);
          expect(Number(claims['exp'])).toBeLessThanOrEqual(Number(last.claims['exp']));
          expect(claims['req_wl']).toBe(`${last.claims['req_wl']},${name}`);
          last = { ...last, token: outcome.granted.access_token, claims };
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('a transaction token', () => {
  test.each([tokenTypes.accessToken, tokenTypes.jwt, tokenTypes.idToken])('is no %s', async (subject_token_type) => {
    for (const requested_token_type of [tokenTypes.transactionToken, tokenTypes.accessToken]) {
      const changes = { subject_token_type, requested_token_type };
      expect(verdict(await run(replacing(own(), changes), world(), as('orders')))).toBe('invalid_request/type');
    }
    expect(verdict(await run(replacing(own()), world(), as('orders')))).toBe('granted');
  });

  test('is no actor, however it is declared', async () => {
    const actor = { from: 'self', match: [] };
    const at = world({ rules: [{ ...ordersRule, actor }] });
    const acting = (actor_token: string, actor_token_type: string) => formBody({ actor_token, actor_token_type });
    for (const type of [tokenTypes.transactionToken, tokenTypes.accessToken, tokenTypes.jwt]) {
      expect(verdict(await run(acting(own(), type), at))).toBe('invalid_request/type');
    }
    const access = own({ txn: undefined }, { typ: 'at+jwt' });
    expect(verdict(await run(acting(access, tokenTypes.accessToken), at))).toBe('granted');
  });

  test('is no client assertion', async () => {
    const federated = { method: 'federated', issuer: 'github', match: [] } as const;
    const clients = { pod: { name: 'pod', auth: federated, introspects: [] } };
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    const asserting = (client_assertion: string) => formBody({ client_assertion, client_assertion_type: type });
    expect(verdict(await run(asserting(own()), world({ clients })))).toBe('invalid_client/client');
    expect(verdict(await run(asserting(subjectToken()), world({ clients })))).toBe('granted');
  });

  test('is not what an access token of ours, or any token of another, is declared as', async () => {
    const access = (await issued(formBody())).token;
    expect(verdict(await run(replacing(access), world(), as('orders')))).toBe('invalid_request/type');
    const foreign = subjectToken({}, { typ: 'txntoken+jwt' });
    expect(verdict(await run(replacing(foreign), world(), as('orders')))).toBe('invalid_request/type');
    const exchanged = replacing(access, { subject_token_type: tokenTypes.accessToken });
    expect(verdict(await run(exchanged, world(), as('orders')))).toBe('granted');
  });

  test('is made anew from a foreign token, whatever that says of a transaction', async () => {
    const subject_token = subjectToken({ txn: 't-9', req_wl: 'root', tctx: { a: 1 }, rctx: { b: 1 } });
    const { claims } = await issued(asking({ subject_token, request_details: '{"c":1}' }));
    expect(claims).toMatchObject({ txn: 'decision-1', req_wl: 'github', tctx: { c: 1 } });
    expect(claims).not.toHaveProperty('rctx');
  });

  test('has never more scope than the token it came from, and none where that is not known', async () => {
    const access = (changes: Claims) => own({ txn: undefined, ...changes }, { typ: 'at+jwt' });
    const made = (token: string) => replacing(token, { subject_token_type: tokenTypes.accessToken });
    const outcome = async (changes: Claims) => verdict(await run(made(access(changes)), world(), as('orders')));
    expect(await outcome({ scope: undefined })).toBe('invalid_scope/scope');
    expect(await outcome({ scope: 'orders:admin' })).toBe('invalid_scope/scope');
    expect(await outcome({})).toBe('granted');
    expect((await issued(made(access({})), world(), as('orders'))).claims).toMatchObject({ scope: 'orders:read' });
  });

  test('never comes of a token that has expired, also where a rule lets tokens outlive theirs', async () => {
    const at = world({ rules: [{ ...ordersRule, outlive: true }] });
    const late = { subject_token: subjectToken({ exp: now }) };
    expect(verdict(await run(asking(late), at))).toBe('invalid_request/expired');
    expect(verdict(await run(formBody(late), at))).toBe('granted');
    expect(verdict(await run(asking({ subject_token: subjectToken({ exp: now + 1 }) }), at))).toBe('granted');
  });

  test('from an access token of ours begins a transaction of its own', async () => {
    const made = replacing(own({ txn: undefined }, { typ: 'at+jwt' }), { subject_token_type: tokenTypes.accessToken });
    const { claims } = await issued(made, world(), as('orders'));
    expect(claims).toMatchObject({ txn: 'decision-1', req_wl: 'orders' });
  });
});

function words(claims: Claims): readonly string[] {
  return String(claims['scope']).split(' ');
}
