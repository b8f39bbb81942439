// The policy that ends sessions, evaluated as IAM would: who is denied, who is not, and how long it is.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  denialPolicy,
  maxCharacters,
  type SessionDenial,
  sessionDenials,
} from '../../../../shared/oauth/role-session/session-denials.ts';
import { revocationTagKeys, type SessionsRevokedBy } from '../../../../shared/policy/revocation-tags.ts';
import { allows, type PolicyDocument, statementsIn } from '../../../stack/iam-statements.ts';
import { now } from '../../../world.ts';

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);
const kinds: readonly SessionsRevokedBy[] = ['subject', 'run', 'family'];
const role = 'arn:aws:iam::111122223333:role/deploy';

interface Session {
  /** Its tags; every session of a revocable role has a subject. */
  readonly tags?: Readonly<Partial<Record<SessionsRevokedBy, string>>>;
  readonly issuedAt: number;
}

/** Whether the role's own rights are left to a session. */
function mayAct(policy: string | undefined, { tags = { subject: 'somebody' }, issuedAt }: Session): boolean {
  const own: PolicyDocument = { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
  const documents = policy === undefined ? [own] : [own, JSON.parse(policy) as PolicyDocument];
  const context = {
    'aws:TokenIssueTime': new Date(issuedAt * 1_000).toISOString(),
    ...Object.fromEntries(
      Object.entries(tags).map(([kind, value]) => [
        `aws:PrincipalTag/${revocationTagKeys[kind as SessionsRevokedBy]}`,
        hash(value),
      ]),
    ),
  };
  const call = { at: 0, service: 'iam', principal: role, action: 's3:GetObject', resource: 'arn:aws:s3:::a' } as const;
  return allows(
    documents.flatMap((document) => statementsIn(document, role)),
    { ...call, context },
  );
}

const denial = (value: string, issuedBefore = now, kind: SessionsRevokedBy = 'run'): SessionDenial => ({
  kind,
  hash: hash(value),
  issuedBefore,
});
const listed = (key: string, issuedBefore: number) => ({ key, issuedBefore, expiresAt: now + 86_400 });

describe('the denials of what was revoked', () => {
  test('are those by subject, run and family, the newest first', () => {
    const keys = ['jti#a', 'subject#b', 'origin#c', 'client#d', 'run#e', 'issuer#f', 'key#g', 'family#h'];
    const revocations = keys.map((key, index) => listed(key, now - 100 + index));
    expect(sessionDenials({ at: now, revocations })).toEqual([
      { kind: 'family', hash: 'h', issuedBefore: now - 93 },
      { kind: 'run', hash: 'e', issuedBefore: now - 96 },
      { kind: 'subject', hash: 'b', issuedBefore: now - 99 },
    ]);
  });

  test('last until the longest session has ended that they could hit', () => {
    const at = (age: number) => sessionDenials({ at: now, revocations: [listed('run#a', now - age)] }).length;
    expect(at(43_200 + 4)).toBe(1);
    expect(at(43_200 + 5)).toBe(0);
  });

  test('are the same text however they are listed', () => {
    const revocations = ['run#a', 'run#b', 'subject#a'].map((key) => listed(key, now));
    const text = (order: typeof revocations) => denialPolicy(sessionDenials({ at: now, revocations: order }));
    expect(text([...revocations].reverse())).toBe(text(revocations));
  });
});

describe('the policy', () => {
  test('is none where nothing is revoked', () => {
    expect(denialPolicy([])).toBeUndefined();
    expect(mayAct(undefined, { issuedAt: now })).toBe(true);
  });

  test.each(kinds)('denies the sessions of a %s that were issued before, no other and no later one', (kind) => {
    const policy = denialPolicy([denial('a', now, kind)]);
    const tagged = (value: string, of = kind) => ({ subject: 'somebody', [of]: value });
    expect(mayAct(policy, { tags: tagged('a'), issuedAt: now - 60 })).toBe(false);
    expect(mayAct(policy, { tags: tagged('b'), issuedAt: now - 60 })).toBe(true);
    const other = kinds.find((each) => each !== kind && each !== 'subject') ?? kind;
    expect(mayAct(policy, { tags: tagged('a', other), issuedAt: now - 60 })).toBe(true);
    expect(mayAct(policy, { tags: tagged('a'), issuedAt: now + 60 })).toBe(true);
    expect(mayAct(policy, { tags: {}, issuedAt: now - 60 })).toBe(true);
  });

  test('reaches the sessions of exchanges that were under way, by five seconds', () => {
    const policy = denialPolicy([denial('a')]);
    expect(mayAct(policy, { tags: { run: 'a' }, issuedAt: now })).toBe(false);
    expect(mayAct(policy, { tags: { run: 'a' }, issuedAt: now + 5.9 })).toBe(false);
    expect(mayAct(policy, { tags: { run: 'a' }, issuedAt: now + 6 })).toBe(true);
  });

  test('names what was revoked at once in one statement', () => {
    const policy = denialPolicy(['a', 'b', 'c'].map((value) => denial(value))) ?? '';
    expect(JSON.parse(policy).Statement).toHaveLength(1);
    for (const run of ['a', 'b', 'c']) expect(mayAct(policy, { tags: { run }, issuedAt: now })).toBe(false);
  });

  test('merges the oldest when it would be too long, and then spares only sessions Cambio did not make', () => {
    const many = Array.from({ length: 200 }, (_, index) => denial(`run-${index}`, now - index * 60));
    const policy = denialPolicy(many) ?? '';
    expect(policy.length).toBeLessThanOrEqual(maxCharacters);
    expect(policy.length).toBeGreaterThan(maxCharacters - 300);
    expect(mayAct(policy, { issuedAt: now - 199 * 60 })).toBe(false);
    expect(mayAct(policy, { tags: {}, issuedAt: now - 199 * 60 })).toBe(true);
    expect(mayAct(policy, { issuedAt: now - 60 })).toBe(true);
    expect(mayAct(denialPolicy(many.slice(0, 10)), { issuedAt: now - 199 * 60 })).toBe(true);
  });

  test('of no length is one statement, which misses nobody', () => {
    const policy = denialPolicy([denial('a'), denial('b', now - 60)], 0) ?? '';
    expect(JSON.parse(policy).Statement).toHaveLength(1);
    expect(mayAct(policy, { tags: { subject: 'x', run: 'a' }, issuedAt: now })).toBe(false);
    expect(mayAct(policy, { issuedAt: now + 60 })).toBe(true);
  });

  test('whatever was revoked, it fits, and nothing that was revoked may act', () => {
    const revoked = fc.array(
      fc.record({
        kind: fc.constantFrom(...kinds),
        value: fc.string({ maxLength: 3 }),
        issuedBefore: fc.integer({ min: now - 43_000, max: now }),
      }),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(revoked, fc.nat(43_000), (all, age) => {
        const revocations = all.map(({ kind, value, issuedBefore }) => listed(`${kind}#${hash(value)}`, issuedBefore));
        const policy = denialPolicy(sessionDenials({ at: now, revocations }));
        expect(policy?.length ?? 0).toBeLessThanOrEqual(maxCharacters);
        for (const { kind, value, issuedBefore } of all.slice(0, 20)) {
          const tags = { subject: 'somebody', [kind]: value };
          expect(mayAct(policy, { tags, issuedAt: Math.min(issuedBefore, now - age) })).toBe(false);
          expect(mayAct(policy, { tags, issuedAt: now + 60 })).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});
