// Who takes part in an exchange beside the subject, an actor or the assertion of a federated client, is part of what the token
// can be revoked by (docs/lifecycle.md). Each revocation has its twin: the same one of somebody who took no part.
import { describe, expect, test } from 'vitest';
import { originId } from '../../../../shared/oauth/revocation/lineage.ts';
import type { Revocation } from '../../../../shared/oauth/revocation/revocation.ts';
import { tokenTypes } from '../../../../shared/oauth/token-types.ts';
import type { Client, TrustedIssuer } from '../../../../shared/policy/compiled-policy.ts';
import { formBody, now, run, subjectToken, verdict, type World } from '../../../world.ts';
import { as, ci, exchanged, issued, lifecycle, nobody, served, state } from '../lifecycle-world.ts';

const eks: TrustedIssuer = { ...ci, name: 'eks', url: 'https://eks.example' };
const pod: Client = {
  name: 'pod',
  auth: {
    method: 'federated',
    issuer: 'eks',
    match: [{ path: 'sub', type: 'string', anyOf: [{ equals: 'pod-1' }] }],
  },
  introspects: ['orders-api'],
};
const acting = { from: 'eks', match: [] };

/** With an actor, or without; hops as everywhere. */
const world = (changes: Partial<Parameters<typeof lifecycle>[0]> = {}): World =>
  lifecycle({
    issuers: { github: ci, eks },
    clients: { ...served.clients, pod },
    rules: [...served.rules, ...served.rules.map((rule) => ({ ...rule, id: `${rule.id}-acting`, actor: acting }))],
    ...changes,
  });

const podToken = (claims: object = {}): string =>
  subjectToken({ iss: eks.url, sub: 'pod-1', jti: 'pod', run_id: '77', ...claims });
const withActor = (token: string) => ({ actor_token: token, actor_token_type: tokenTypes.jwt });
const asserted = (token: string) => ({
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: token,
});
const revocation = (by: Revocation['by'], value: string, issuedBefore = now): Revocation => ({
  by,
  value,
  issuedBefore,
  expiresAt: now + 9_000,
});

/** What is left of a token, and of one exchanged from it, after a revocation. */
async function endingOf(at: World, token: string, revoked: Revocation): Promise<readonly string[]> {
  const child = await issued(at, exchanged(token, 'orders-api'), as('payments'));
  at.revocations.push(revoked);
  const ending = [
    await state(at, token),
    await state(at, child.token),
    verdict(await run(exchanged(token, 'orders-api'), at, as('payments'))),
  ];
  at.revocations.pop();
  return ending;
}
const alive = ['active', 'active', 'granted'];
const dead = ['inactive: revoked', 'inactive: revoked', 'invalid_request/revoked'];

describe.each([
  ['an actor', withActor],
  ['a federated client’s assertion', asserted],
])('%s', (_what, presented) => {
  test.each<[string, Revocation, Revocation]>([
    ['subject', revocation('subject', 'eks|pod-1'), revocation('subject', 'eks|pod-2')],
    ['issuer', revocation('issuer', 'eks'), revocation('issuer', 'gitlab')],
    ['run', revocation('run', 'eks|77'), revocation('run', 'eks|78')],
    ['event', revocation('origin', originId('eks', 'pod-1')), revocation('origin', originId('eks', 'pod-2'))],
    // It counts as issued `clockSkew` before it says: at now − 70.
    [
      'subject, from when it counts as issued',
      revocation('subject', 'eks|pod-1', now - 70),
      revocation('subject', 'eks|pod-1', now - 71),
    ],
  ])('is revoked by %s with all it took part in', async (_by, hit, miss) => {
    const at = world();
    const { token } = await issued(at, formBody(presented(podToken())));
    expect(await endingOf(at, token, miss)).toEqual(alive);
    expect(await endingOf(at, token, hit)).toEqual(dead);
    const { token: without } = await issued(at);
    expect(await endingOf(at, without, hit)).toEqual(alive);
  });

  test('is remembered in reference tokens, whose record says it', async () => {
    const at = world();
    const { token } = await issued(at, formBody({ ...presented(podToken()), audience: 'opaque' }));
    at.revocations.push(revocation('subject', 'eks|pod-2'));
    expect(await state(at, token)).toBe('active');
    at.revocations.push(revocation('subject', 'eks|pod-1'));
    expect(await state(at, token)).toBe('inactive: revoked');
  });
});

test('an actor with a token of ours takes its whole chain along: jti, family, client and key', async () => {
  const at = world({
    rules: served.rules.flatMap((rule) => [
      rule,
      { ...rule, id: `${rule.id}-own`, actor: { from: 'self', match: [] } },
    ]),
  });
  const root = await issued(at, formBody({ subject_token: podToken(), audience: 'plain' })).catch(() => undefined);
  expect(root).toBeUndefined();
  const first = await issued(at, formBody({ subject_token: subjectToken({ sub: 'repo:actor' }) }));
  const own = await issued(at, exchanged(first.token, 'payments-api'), as('orders'));
  const body = formBody({ actor_token: own.token, actor_token_type: tokenTypes.accessToken });
  const { token } = await issued(at, body);
  const id = (claims: Readonly<Record<string, unknown>>): string => String(claims['jti']);
  for (const hit of [
    revocation('jti', id(own.claims)),
    revocation('jti', id(first.claims)),
    revocation('family', id(first.claims)),
    revocation('client', 'orders'),
    revocation('subject', 'github|repo:actor'),
  ]) {
    at.revocations.push(hit);
    expect([hit.by, await state(at, token)]).toEqual([hit.by, 'inactive: revoked']);
    at.revocations.pop();
  }
  at.revocations.push(revocation('jti', 'other'));
  expect(await state(at, token)).toBe('active');
});

test('an actor that only the subject token names is as old as that token', async () => {
  const at = world();
  const { token } = await issued(at, formBody({ subject_token: subjectToken({ act: { sub: 'helper' } }) }));
  expect(await endingOf(at, token, revocation('subject', 'github|helper', now - 71))).toEqual(alive);
  expect(await endingOf(at, token, revocation('subject', 'github|other'))).toEqual(alive);
  expect(await endingOf(at, token, revocation('subject', 'github|helper', now - 70))).toEqual(dead);
  expect(await endingOf(at, token, revocation('origin', originId('github', 'helper')))).toEqual(dead);
  at.revocations.push(revocation('subject', 'github|helper'));
  const again = formBody({ subject_token: subjectToken({ act: { sub: 'helper' } }) });
  expect(verdict(await run(again, at))).toBe('invalid_request/revoked');
});

test('one that took part several times stands there once, as old as its oldest token', async () => {
  const at = world();
  const old = podToken({ iat: now - 100 });
  const { token } = await issued(at, formBody(asserted(old)));
  const body = new URLSearchParams(exchanged(token, 'payments-api'));
  for (const [name, value] of Object.entries(asserted(podToken()))) body.set(name, value);
  const rules = [...served.rules, { ...served.rules.at(-2), id: 'pod-hop', client: ['pod'] } as never];
  const hopping = {
    ...at,
    cambio: { ...at.cambio, ...world({ rules }).cambio, recordDecision: at.cambio.recordDecision },
  };
  const hop = await run(body.toString(), hopping, nobody);
  if (!('granted' in hop)) return expect.fail(verdict(hop));
  expect(hop.claims['lineage']).toMatchObject({
    participants: [{ iss: 'eks', sub: 'eks|pod-1', run: '77', iat: now - 160 }],
  });
});

test('who took part is told in no introspection, as the rest of the lineage is not', async () => {
  const at = world();
  const { token, claims } = await issued(at, formBody(asserted(podToken())));
  expect(JSON.stringify(claims['lineage'])).toContain('pod-1');
  const { introspected } = await import('../lifecycle-world.ts');
  expect(JSON.stringify((await introspected(at, token)).answer)).not.toContain('pod-1');
});
