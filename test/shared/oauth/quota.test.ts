// Who is counted for an exchange, and what comes of one too many.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Refused } from '../../../shared/oauth/denial.ts';
import {
  type CountCalls,
  type Counted,
  type CountRequest,
  countedCalls,
  countedRequest,
} from '../../../shared/oauth/quota.ts';
import { tokenTypes } from '../../../shared/oauth/token-types.ts';
import type { Audience, CompiledPolicy, PolicyRule } from '../../../shared/policy/compiled-policy.ts';
import { formBody, github, makeWorld, policy, run, subjectToken, verdict } from '../../world.ts';

const { plain } = policy.audiences as Readonly<Record<'plain', Audience>>;
const toOpaque = { audience: 'opaque', scopes: [], claims: {}, ttl: 300 };
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

const tooMany = ({ by, quota: { count, seconds } }: Counted, wait: number): Refused =>
  new Refused({ kind: 'throttled', over: { by, count, seconds, retryAfter: Math.ceil(wait / 1_000) } });

/** A world that notes who is counted; `wait` milliseconds are left where that is above 0. */
function countingWorld(per: 'issuer' | 'subject' = 'issuer', wait = 0) {
  const counted: Counted[] = [];
  const countRequest: CountRequest = async (request) => {
    const one = countedRequest(request);
    if (one) counted.push(one);
    if (one && wait > 0) throw tooMany(one, wait);
  };
  return { world: makeWorld({ countRequest }, counting(per)), counted };
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
    const asked: unknown[] = [];
    const countRequest: CountRequest = async (request) => void asked.push(countedRequest(request));
    expect(verdict(await run(formBody(), makeWorld({ countRequest })))).toBe('granted');
    expect(asked).toEqual([undefined]);
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

test('who is suspended and asks too often is told the latter; within its quota it is told that it is suspended', async () => {
  const suspension = { kind: 'issuer', name: 'github', at: 0, reason: 'test', principal: 'test' } as const;
  const verdictAfter = async (wait: number): Promise<string> => {
    const { world } = countingWorld('issuer', wait);
    world.suspensions.push(suspension);
    return verdict(await run(formBody(), world));
  };
  expect([await verdictAfter(1_200), await verdictAfter(0)]).toEqual(['slow_down/quota', 'invalid_target/suspended']);
});

describe('what a grant asks of AWS', () => {
  const arn = 'arn:aws:iam::111122223333:role/deploy';
  const role = { name: 'deploy', arn, ttl: 3_600, maxTtl: 3_600 } as const;
  const toRole = {
    ...policy.rules[0],
    id: 'to-role',
    grant: { role: 'deploy', ttl: 900, tags: [], transitive: [], policyArns: [] },
  } as PolicyRule;
  const granting = (via: 'assume-role' | 'web-identity'): CompiledPolicy => ({
    ...policy,
    audiences: { ...policy.audiences, opaque: { ...plain, name: 'opaque', format: 'reference' } },
    roles: { deploy: { ...role, via } },
    rules: [...policy.rules, toRole, { ...policy.rules[1], id: 'opaque', grant: toOpaque } as PolicyRule],
  });
  /** Notes which services are called. */
  function counter() {
    const asked: string[] = [];
    const countCalls: CountCalls = async (granted) =>
      void asked.push(...countedCalls(granted, { kms: 800, sts: 480 }).map(({ name }) => name));
    return { asked, countCalls };
  }

  test.each<[string, string, 'assume-role' | 'web-identity', readonly string[]]>([
    ['a token', 'orders-api', 'assume-role', ['kms']],
    ['a reference token', 'opaque', 'assume-role', []],
    ['a session by our own role', 'deploy', 'assume-role', ['sts']],
    ['a session by a web identity', 'deploy', 'web-identity', ['kms', 'sts']],
  ])('for %s is counted, once policy grants it', async (_what, audience, via, services) => {
    const type = audience === 'deploy' ? tokenTypes.awsCredentials : tokenTypes.accessToken;
    const form = { audience, requested_token_type: type };
    const { asked, countCalls } = counter();
    expect(verdict(await run(formBody(form), makeWorld({ countCalls }, granting(via))))).toBe('granted');
    expect(asked).toEqual(services);
    const other = { ...form, subject_token: subjectToken({ ref: 'refs/heads/other' }) };
    expect(verdict(await run(formBody(other), makeWorld({ countCalls }, granting(via))))).toBe(
      'invalid_target/no_rule',
    );
    expect(asked).toEqual(services);
  });

  test('is refused beyond the budget, before anything is used or signed', async () => {
    const countCalls: CountCalls = async (granted) => {
      for (const one of countedCalls(granted, { kms: 800, sts: 480 })) throw tooMany(one, 40);
    };
    const once = { ...policy, issuers: { github: { ...github, singleUse: true as const } } };
    const world = makeWorld({ countCalls }, once);
    const outcome = await run(formBody(), world);
    expect([verdict(outcome), 'status' in outcome && outcome.status]).toEqual(['slow_down/quota', 429]);
    expect([world.uses, world.signed]).toEqual([[], []]);
    const within = makeWorld({}, once);
    expect(verdict(await run(formBody(), within))).toBe('granted');
    expect([within.uses.length, within.signed.length]).toEqual([1, 1]);
  });
});
