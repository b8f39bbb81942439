// Two versions of a deployment at once, as while traffic shifts from one to the other: both have one store, and each request may
// meet either. What one granted the other introspects and revokes, and a lost answer costs nothing unless the other would grant
// something else (docs/decisions/rollout.md).
import { describe, expect, test } from 'vitest';
import type { AllowRule, Audience, CompiledPolicy, Role, RoleGrant } from '../../../shared/policy/compiled-policy.ts';
import { formBody, now, run, subjectClaims, subjectToken, verdict, type World } from '../../world.ts';
import { as, ci, exchanged, issued, lifecycle, revoked, served, state } from './lifecycle-world.ts';

const github = { ...ci, singleUse: true } as const;
const role: Role = {
  name: 'deploy',
  arn: 'arn:aws:iam::111122223333:role/deploy',
  via: 'assume-role',
  ttl: 900,
  maxTtl: 3_600,
};
const [ordersRule] = served.rules as readonly [AllowRule, ...AllowRule[]];
const deployRule: AllowRule<RoleGrant> = {
  ...{ id: 'deploy', from: 'github', match: ordersRule.match },
  grant: { role: 'deploy', ttl: 900, tags: [], transitive: [], policyArns: [] },
};
const client = served.clients['orders'] ?? expect.fail('no such client');
const subject = `github|${subjectClaims['sub']}`;
const orders = served.audiences['orders-api'] ?? expect.fail('no such audience');
const once = {
  ...served,
  hash: 'one',
  issuers: { github },
  roles: { deploy: role },
  rules: [...served.rules, deployRule],
};

/** The world of the second version over the store of the first. */
function pair(one: Partial<CompiledPolicy>, other: Partial<CompiledPolicy>): readonly [World, World] {
  const [first, second] = [lifecycle(one), lifecycle(other)];
  const { policy, findRules } = second.cambio;
  const served = { policy, findRules };
  return [first, { ...first, cambio: { ...first.cambio, ...served }, after: { ...first.after, ...served } }];
}

const others = once.rules.slice(1);
const ruled = (changes: Partial<AllowRule>) => ({ rules: [{ ...ordersRule, ...changes }, ...others] });
const granting = (changes: Partial<AllowRule['grant']>) => ruled({ grant: { ...ordersRule.grant, ...changes } });
const delivered = (changes: Partial<Audience>) => ({
  audiences: { ...once.audiences, 'orders-api': { ...orders, ...changes } },
});
const assumed = (changes: Partial<Role>) => ({ roles: { deploy: { ...role, ...changes } } });
const deploying = (changes: Partial<RoleGrant>) => ({
  rules: [...served.rules, { ...deployRule, grant: { ...deployRule.grant, ...changes } }],
});
const tag = (key: string, claim: string) => ({ key, value: [{ claim }], required: false, sanitize: false });

type Case = readonly [what: string, change: Partial<CompiledPolicy>];

const same: readonly Case[] = [
  ['nothing else', {}],
  ['another rule before it', { rules: [{ ...ordersRule, id: 'other', from: 'self' }, ...once.rules] }],
  ['a deny rule', { rules: [...once.rules, { id: 'no', from: 'self', match: [], deny: 'any' }] }],
  ['other conditions that fit too', ruled({ match: [] })],
  ['another default lifetime', delivered({ ttl: 30 })],
  ['a claim that this token has not', granting({ claims: { team: [{ claim: 'team' }] } })],
];
const different: readonly Case[] = [
  ['a rule of another name', ruled({ id: 'another' })],
  ['less scope', granting({ scopes: ['orders:read'] })],
  ['more scope', granting({ scopes: [...ordersRule.grant.scopes, 'orders:admin'] })],
  ['another lifetime', granting({ ttl: 299 })],
  ['a lifetime beyond the subject’s', ruled({ outlive: true })],
  ['a claim more', granting({ claims: { branch: [{ claim: 'ref' }] } })],
  ['another audience claim', delivered({ resource: 'https://orders.acme.example/v2' })],
  ['another form of token', delivered({ format: 'reference' })],
  ['a status', delivered({ status: true })],
  ['another subject', { issuers: { github: { ...github, subject: ['ci:', { claim: 'ref' }] } } }],
];
const sameSession: readonly Case[] = [
  ['nothing else', {}],
  ['another longest lifetime', assumed({ maxTtl: 7_200 })],
  ['a tag this token cannot fill', deploying({ tags: [tag('team', 'team')] })],
];
const differentSession: readonly Case[] = [
  ['another role by that name', assumed({ arn: `${role.arn}-2` })],
  ['another external id', assumed({ externalId: 'acme' })],
  ['a web identity', assumed({ via: 'web-identity' })],
  ['tags that revoke it', assumed({ revocable: true })],
  ['a longer session', deploying({ ttl: 1_800 })],
  ['a tag', deploying({ tags: [tag('branch', 'ref')] })],
  ['a session policy', deploying({ sessionPolicy: ['{}'] })],
  ['a managed policy', deploying({ policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] })],
  ['a source identity', deploying({ sourceIdentity: [{ claim: 'ref' }] })],
];

describe.each([
  ['a token', formBody(), same, different],
  ['a session', formBody({ audience: 'deploy' }), sameSession, differentSession],
] as const)('of two versions at once, %s whose answer is lost', (_target, body, equal, other) => {
  /** What the second version makes of what the first granted, and that asking it used nothing up. */
  async function repeated(one: Partial<CompiledPolicy>, two: Partial<CompiledPolicy>): Promise<string> {
    const [before, after] = pair(one, two);
    const first = await run(body, before);
    if (!('granted' in first)) return expect.fail(verdict(first));
    const again = await run(body, after);
    if ('granted' in again) {
      expect([again.claims, again.decision.decisionId]).toEqual([first.claims, first.decision.decisionId]);
    }
    expect(verdict(await run(body, before))).toBe('granted');
    return verdict(again);
  }

  test.each(equal)('is given again by the other, which has %s', async (_what, change) => {
    const changed = { ...once, hash: 'two', ...change };
    expect([await repeated(once, changed), await repeated(changed, once)]).toEqual(['granted', 'granted']);
  });

  test.each(other)('is not given again by the other, which grants %s', async (_what, change) => {
    const changed = { ...once, hash: 'two', ...change };
    const replayed = 'invalid_request/replayed';
    expect([await repeated(once, changed), await repeated(changed, once)]).toEqual([replayed, replayed]);
  });
});

test('of two versions at once, one that grants nothing refuses as its policy says, and burns nothing', async () => {
  const [grants, refuses] = pair(once, { ...once, hash: 'two', rules: others });
  const body = formBody();
  expect(verdict(await run(body, refuses))).toBe('invalid_target/no_rule');
  expect(verdict(await run(body, grants))).toBe('granted');
  expect(verdict(await run(body, refuses))).toBe('invalid_target/no_rule');
  expect(verdict(await run(body, grants))).toBe('granted');
});

test('of two versions at once, either introspects, exchanges and revokes what the other issued', async () => {
  const changed = { ...once, hash: 'two', rules: once.rules.map((rule) => ({ ...rule, id: `${rule.id}-2` })) };
  for (const [issues, meets] of [pair(once, changed), pair(changed, once)]) {
    const one = await issued(issues);
    const sibling = await issued(issues, formBody({ subject_token: subjectToken({ jti: 'sibling' }) }));
    for (const version of [issues, meets]) expect(await state(version, one.token)).toBe('active');
    const below = await issued(meets, exchanged(one.token, 'payments-api'), as('orders'));
    expect(await state(issues, below.token, 'payments')).toBe('active');
    issues.revocations.push({ by: 'jti', value: String(one.claims['jti']), issuedBefore: now, expiresAt: now + 900 });
    for (const version of [issues, meets]) {
      expect(await state(version, below.token, 'payments')).toBe('inactive: revoked');
      expect(verdict(await run(exchanged(one.token, 'payments-api'), version, as('orders')))).toBe(
        'invalid_request/revoked',
      );
      expect(await state(version, sibling.token)).toBe('active');
    }
    // What a client may revoke is its own, whichever version issued it.
    const own = await issued(issues, exchanged(sibling.token, 'payments-api'), as('orders'));
    expect(await revoked(meets, own.token, as('payments'))).toBe('400 invalid_request/client');
    expect(await state(issues, own.token, 'payments')).toBe('active');
    expect(await revoked(meets, own.token, as('orders'))).toBe('done');
    expect(await state(issues, own.token, 'payments')).toBe('inactive: revoked');
  }
});

test('of two versions at once, either resolves a reference of the other until it is revoked', async () => {
  const changed = { ...once, hash: 'two', clients: { ...once.clients, more: { ...client, name: 'more' } } };
  for (const [issues, meets] of [pair(once, changed), pair(changed, once)]) {
    const { token } = await issued(issues, formBody({ audience: 'opaque' }));
    expect([await state(issues, token), await state(meets, token)]).toEqual(['active', 'active']);
    meets.revocations.push({ by: 'subject', value: subject, issuedBefore: now, expiresAt: now + 900 });
    const revoked = 'inactive: revoked';
    expect([await state(issues, token), await state(meets, token)]).toEqual([revoked, revoked]);
  }
});
