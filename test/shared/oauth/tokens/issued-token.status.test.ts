// The `status` claim (draft-ietf-oauth-status-list §6) of tokens whose audience asks for it.
import { describe, expect, test } from 'vitest';
import type { ExchangeCapabilities } from '../../../../shared/oauth/capabilities.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { tokenTypes } from '../../../../shared/oauth/token-types.ts';
import type { CompiledPolicy } from '../../../../shared/policy/compiled-policy.ts';
import { formBody, github, makeWorld, now, ordersRule, policy, run, verdict } from '../../../world.ts';

const orders = policy.audiences['orders-api'] ?? expect.fail('no orders-api');
const listed: CompiledPolicy = { ...policy, audiences: { 'orders-api': { ...orders, status: true } } };

/** Gives out positions 0, 1, 2 … of one list. */
function counting(): ExchangeCapabilities['reserveStatus'] {
  let next = 0;
  return async ({ alg }) => ({ list: `${alg}-list`, index: next++ });
}
const claimAt = (idx: number) => ({
  status_list: { idx, uri: 'https://issuer.acme.example/status-lists/ES256-list' },
});
async function issued(
  served: CompiledPolicy,
  body = formBody(),
  world = makeWorld({ reserveStatus: counting() }, served),
) {
  const outcome = await run(body, world);
  if (!('granted' in outcome)) throw new Error(verdict(outcome));
  return { ...outcome, world };
}

describe('a status claim', () => {
  test('names a position of its own in every token of an audience that asks for it, and in no other', async () => {
    const { claims, world } = await issued(listed);
    expect(claims['status']).toEqual(claimAt(0));
    expect((await issued(listed, formBody(), world)).claims['status']).toEqual(claimAt(1));
    const other = await issued(policy);
    expect(other.claims).not.toHaveProperty('status');
    expect(other.world.records[0]).not.toHaveProperty('status');
  });

  test('is in transaction tokens too', async () => {
    const body = formBody({ requested_token_type: tokenTypes.transactionToken, scope: 'orders:read' });
    expect((await issued(listed, body)).claims['status']).toEqual(claimAt(0));
  });

  test('comes with a record of all by which the token can be revoked', async () => {
    const { world, claims } = await issued(listed);
    const status = world.records[0]?.status;
    expect(status).toMatchObject({ list: 'ES256-list', index: 0 });
    expect(status?.revocableBy).toContainEqual({ by: 'jti', value: claims['jti'], issuedAt: now });
    expect(status?.revocableBy).toContainEqual({ by: 'issuer', value: 'github', issuedAt: now - 70 });
    expect(status?.revocableBy).toContainEqual({ by: 'key', value: 'token.cambio-key', issuedAt: now });
  });

  test('cannot be written by policy', async () => {
    const grant = { ...ordersRule.grant, claims: { status: ['mine'], mine: ['mine'] } };
    const { claims } = await issued({ ...policy, rules: [{ ...ordersRule, grant }] });
    expect(claims).toMatchObject({ mine: 'mine' });
    expect(claims).not.toHaveProperty('status');
  });

  test('without a position there is no token, and nothing is used up', async () => {
    const once: CompiledPolicy = { ...listed, issuers: { github: { ...github, singleUse: true } } };
    const down = () => Promise.reject(new Refused({ kind: 'unavailable', dependency: 'dynamodb' }));
    const world = makeWorld({ reserveStatus: down }, once);
    expect(verdict(await run(formBody(), world))).toBe('temporarily_unavailable/unavailable');
    expect([world.signed, world.records]).toEqual([[], []]);
    const again = { ...world, cambio: { ...world.cambio, reserveStatus: counting() } };
    expect(verdict(await run(formBody(), again))).toBe('granted');
  });

  test('is the same when the identical request for a single-use token comes again', async () => {
    const once: CompiledPolicy = { ...listed, issuers: { github: { ...github, singleUse: true } } };
    const body = formBody();
    const { claims, world } = await issued(once, body);
    const repeated = await issued(once, body, world);
    expect(repeated.claims).toEqual(claims);
    expect(world.records.map(({ status }) => status?.index)).toEqual([0, 0]);
  });
});
