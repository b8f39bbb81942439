// Who is counted for an exchange, and what comes of one too many.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Counted } from '../../../shared/oauth/quota.ts';
import type { CompiledPolicy } from '../../../shared/policy/compiled-policy.ts';
import { formBody, github, makeWorld, policy, run, subjectToken, verdict } from '../../world.ts';

const [ofIssuer, ofClient] = [
  { count: 100, seconds: 60, burst: 5 },
  { count: 50, seconds: 1, burst: 50 },
];
const secret = 'correct-horse';
const sha256 = createHash('sha256').update(secret).digest('hex');
const counting = (per: 'issuer' | 'subject'): CompiledPolicy => ({
  ...policy,
  issuers: { github: { ...github, quota: { ...ofIssuer, per } } },
  clients: {
    api: { name: 'api', auth: { method: 'client_secret', sha256 }, introspects: [], quota: ofClient },
    free: { name: 'free', auth: { method: 'client_secret', sha256 }, introspects: [] },
  },
});
const asClient = (name: string, password = secret) => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
  dpop: undefined,
});

/** A world that notes who is counted; `wait` milliseconds are left where that is above 0. */
function countingWorld(per: 'issuer' | 'subject' = 'issuer', wait = 0) {
  const counted: Counted[] = [];
  const takeQuota = async (one: Counted): Promise<number> => {
    counted.push(one);
    return wait;
  };
  return { world: makeWorld({ takeQuota }, counting(per)), counted };
}

describe('a request is counted', () => {
  test('for the client that authenticated, and only else for the issuer or the subject of its token', async () => {
    const { world, counted } = countingWorld();
    expect(verdict(await run(formBody(), world, asClient('api')))).toBe('granted');
    expect(verdict(await run(formBody(), world, asClient('free')))).toBe('granted');
    expect(counted).toEqual([{ by: 'client', name: 'api', quota: ofClient }]);
    expect(verdict(await run(formBody(), world))).toBe('granted');
    expect(counted.slice(1)).toEqual([{ by: 'issuer', name: 'github', quota: { ...ofIssuer, per: 'issuer' } }]);
    const each = countingWorld('subject');
    await run(formBody(), each.world);
    expect(each.counted).toMatchObject([
      { by: 'subject', name: 'github', subject: 'repo:acme@1/api@456789:ref:refs/heads/main' },
    ]);
  });

  test('not at all where no quota is set', async () => {
    const never = async (): Promise<number> => {
      throw new Error('counted');
    };
    expect(verdict(await run(formBody(), makeWorld({ takeQuota: never })))).toBe('granted');
  });

  test('once its caller and tokens are genuine, whatever policy says of it then', async () => {
    const { world, counted } = countingWorld();
    expect(verdict(await run(formBody(), world, asClient('api', 'wrong')))).toBe('invalid_client/client');
    const forged = `${subjectToken().slice(0, -4)}AAAA`;
    const verdicts = [await run(formBody({ subject_token: forged }), world, asClient('api'))].map(verdict);
    expect(verdicts).toEqual(['invalid_request/signature']);
    expect(counted).toEqual([]);
    const other = subjectToken({ ref: 'refs/heads/other' });
    expect(verdict(await run(formBody({ subject_token: other }), world, asClient('api')))).toBe(
      'invalid_target/no_rule',
    );
    expect(counted).toHaveLength(1);
  });
});

test('one too many is told when to come back, before anything is read, signed or used', async () => {
  const { world } = countingWorld('issuer', 1_200);
  const calls: string[] = [];
  const findHolds = async () => {
    calls.push('findHolds');
    return { revocations: [], suspensions: [] };
  };
  const outcome = await run(formBody(), { ...world, cambio: { ...world.cambio, findHolds } });
  expect([verdict(outcome), 'status' in outcome && outcome.status]).toEqual(['slow_down/quota', 429]);
  expect([calls, world.signed, world.uses]).toEqual([[], [], []]);
  const within = countingWorld('issuer', 0).world;
  expect(verdict(await run(formBody(), within))).toBe('granted');
  expect(within.signed).toHaveLength(1);
});
