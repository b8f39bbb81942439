// Which revocations a Status List or an AWS session can show: of anything, and of one token with what can be made of it.
import { expect, test } from 'vitest';
import { isListed } from '../../../../shared/oauth/revocation/listing.ts';
import type { AllowRule, CompiledPolicy, RoleGrant } from '../../../../shared/policy/compiled-policy.ts';
import type { JsonObject } from '../../../../shared/policy/json.ts';
import { now, ordersRule, policy } from '../../../world.ts';
import { family, lifecycle, revoked } from '../lifecycle-world.ts';

const orders = policy.audiences['orders-api'] ?? expect.fail('no such audience');
const audience = (name: string, changes = {}) => ({
  [name]: { ...orders, name, resource: `https://${name}`, ...changes },
});
const deploy = { name: 'deploy', arn: 'arn:aws:iam::111122223333:role/deploy', via: 'assume-role' } as const;
const session: RoleGrant = { role: 'deploy', ttl: 900, tags: [], policyArns: [], transitive: [] };
const withAud = (aud: string) => [{ path: 'aud', type: 'string', anyOf: [{ equals: aud }] }] as const;

/** What is made for `from` may become what is for `to`. */
const hop = (from: string, to: string): AllowRule => ({
  ...ordersRule,
  id: `${from} to ${to}`,
  from: 'self',
  match: withAud(`https://${from}`),
  grant: { ...ordersRule.grant, audience: to },
});

/** `start` → `middle` → `end`, and `apart` by itself. */
const chained = (ends: object, changes: Partial<CompiledPolicy> = {}): CompiledPolicy => ({
  ...policy,
  audiences: { ...audience('start'), ...audience('middle'), ...audience('end', ends), ...audience('apart') },
  rules: [ordersRule, hop('start', 'middle'), hop('middle', 'end')],
  ...changes,
});
const token = (name: string, claims: JsonObject = {}) => ({ registered: { aud: [`https://${name}`] }, claims });
const listed = (of: CompiledPolicy) =>
  ['start', 'middle', 'end', 'apart', 'gone'].filter((name) => isListed(of, token(name)));

test('none, where nothing can show any', () => {
  expect([isListed(chained({})), listed(chained({}))]).toEqual([false, []]);
  expect(isListed(chained({}), token('apart', { status: { status_list: {} } }))).toBe(true);
});

test('of an audience with status: its tokens, those that can become one, and those of an audience that is gone', () => {
  const of = chained({ status: true });
  expect([isListed(of), listed(of)]).toEqual([true, ['start', 'middle', 'end', 'gone']]);
  expect(isListed(of, { registered: { aud: ['https://start/'] }, claims: {} })).toBe(true);
});

test('of a revocable role, and of no other', () => {
  const roles = (revocable: object) => ({ deploy: { ...deploy, ttl: 900, maxTtl: 900, ...revocable } });
  const rules = [
    hop('start', 'middle'),
    { ...hop('middle', 'end'), id: 'role', grant: session },
  ] satisfies CompiledPolicy['rules'];
  const revocable = chained({}, { roles: roles({ revocable: true }), rules });
  expect([isListed(revocable), listed(revocable)]).toEqual([true, ['start', 'middle', 'gone']]);
  const other = chained({}, { roles: roles({}), rules });
  expect([isListed(other), listed(other)]).toEqual([false, []]);
});

test('of a token that can act in one that has a status', () => {
  const acting = { ...ordersRule, actor: { from: 'self', match: withAud('https://apart') } };
  const rules: CompiledPolicy['rules'] = [{ ...acting, grant: { ...ordersRule.grant, audience: 'end' } }];
  expect(listed(chained({ status: true }, { rules }))).toEqual(['end', 'apart', 'gone']);
});

test('at POST /revoke it is the token’s own reach that counts; what is revoked from its start is enough', async () => {
  const made = async (changes: Partial<CompiledPolicy>) => {
    const at = lifecycle(changes);
    const { b } = await family(at);
    expect(await revoked(at, b.token)).toBe('done');
    expect(at.revocations).toMatchObject([{ by: 'jti', sufficient: b.claims['iat'] }]);
    return at.revocations;
  };
  const { audiences } = lifecycle().cambio.policy;
  const payments = audiences['payments-api'] ?? expect.fail('no such audience');
  expect(await made({})).toMatchObject([{ listed: false, expiresAt: now + 300 + 300 }]);
  expect(await made({ audiences: { ...audiences, 'orders-api': { ...orders, status: true } } })).toMatchObject([
    // As long as the longest AWS session that could have been made from it.
    { listed: true, expiresAt: now + 43_200 + 300 },
  ]);
  const unreached = { ...payments, name: 'unreached', resource: 'https://unreached', status: true } as const;
  expect(await made({ audiences: { ...audiences, unreached } })).toMatchObject([{ listed: false }]);
});
