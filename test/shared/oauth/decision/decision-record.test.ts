import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DecisionInput,
  decisionRecord,
  maxClaimBytes,
  type TokenRecord,
} from '../../../../shared/oauth/decision/decision-record.ts';
import type { ClaimType } from '../../../../shared/policy/compiled-policy.ts';
import { hashClaim, sizeOf } from '../../../../shared/policy/recorded-claims.ts';
import { now } from '../../../world.ts';

const okta = {
  name: 'okta',
  claims: { sub: 'string', jti: 'string', email: 'string', groups: 'list', profile: 'object' },
  private: ['email', 'profile.phone'],
} as const;

const claims = {
  sub: 'u1',
  jti: 'j1',
  email: 'ann@acme.example',
  groups: ['a', 'b'],
  profile: { phone: '+41 44 000', city: 'Bern' },
  undeclared: 'x',
};

const input: DecisionInput = {
  decisionId: 'd-1',
  attempt: 'a-1',
  at: now,
  retention: 2_592_000,
  policyHash: 'h',
  ending: { outcome: 'refused', error: 'invalid_target', reason: 'no_rule' },
  request: { audiences: ['orders-api'], resources: [], scope: ['orders:read'] },
  subject: { issuer: 'okta', verified: { issuer: okta, claims } },
};

const condition = (name: string, got: unknown) => ({ name, wanted: ['x'], got, matched: false });

describe('the record of a decision', () => {
  test('has the declared claims, private ones as hashes, and none that is not declared', () => {
    expect(decisionRecord(input).subject).toEqual({
      issuer: 'okta',
      sub: 'u1',
      jti: 'j1',
      claims: { sub: 'u1', jti: 'j1', groups: ['a', 'b'], profile: { city: 'Bern' } },
      hashed: {
        email: hashClaim('ann@acme.example', 'email', 'd-1'),
        'profile.phone': hashClaim('+41 44 000', 'profile.phone', 'd-1'),
      },
      omitted: [],
    });
  });

  test('hashes one value differently in two decisions, and each element of a list on its own', () => {
    const groups = { ...okta, private: ['groups'] };
    const hashedIn = (decisionId: string) =>
      decisionRecord({ ...input, decisionId, subject: { verified: { issuer: groups, claims } } }).subject?.hashed;
    expect(hashedIn('d-1')).toEqual({ groups: hashClaim(['a', 'b'], 'groups', 'd-1') });
    expect(hashedIn('d-1')?.['groups']).toHaveLength(2);
    expect(hashedIn('d-1')).not.toEqual(hashedIn('d-2'));
  });

  test('has no claim of a token whose signature did not verify', () => {
    expect(decisionRecord({ ...input, subject: { issuer: 'okta' } }).subject).toEqual({
      issuer: 'okta',
      claims: {},
      hashed: {},
      omitted: [],
    });
    expect(decisionRecord({ ...input, subject: {} }).subject).toBeUndefined();
  });

  test('leaves out what a rule mapped into one of our own tokens, and says so', () => {
    const self = { name: 'self', claims: {} };
    const own = (more: object) =>
      decisionRecord({ ...input, subject: { verified: { issuer: self, claims: { sub: 'okta|u1', ...more } } } })
        .subject;
    expect(own({ email: 'ann@acme.example' })).toMatchObject({ claims: { sub: 'okta|u1' }, omitted: ['*'] });
    expect(own({ client_id: 'okta' })).toMatchObject({ claims: { sub: 'okta|u1', client_id: 'okta' }, omitted: [] });
  });

  test('hashes private claims in the trace too, wherever they show', () => {
    const conditions = [
      condition('email', 'ann@acme.example'),
      condition('profile', claims.profile),
      condition('actor.email', 'bob@acme.example'),
      condition('groups', ['a', 'b']),
    ];
    const actor = { verified: { issuer: okta, claims: { sub: 'u2', email: 'bob@acme.example' } } };
    const record = decisionRecord({ ...input, actor, rules: [{ id: 'r', matched: false, conditions }] });
    expect(record.trace.rules[0]?.conditions.map(({ got }) => got)).toEqual([
      hashClaim('ann@acme.example', 'email', 'd-1'),
      hashClaim(claims.profile, 'profile', 'd-1'),
      hashClaim('bob@acme.example', 'email', 'd-1'),
      ['a', 'b'],
    ]);
  });

  test('lives as long as decisions are kept, and longer than its token', () => {
    const issued = { exp: now + 300, sub: 'okta|u1', clientId: 'okta', audience: 'orders-api', scope: undefined };
    const granted = { ...input, ending: { outcome: 'granted', issued } } as const;
    expect(decisionRecord(granted).expiresAt).toBe(now + 2_592_000);
    expect(decisionRecord({ ...granted, retention: 60 }).expiresAt).toBe(now + 600);
  });

  test('cuts a request that no policy could answer, and says so', () => {
    const noise = Array.from({ length: 500 }, (_, n) => `https://${n}.example/${'x'.repeat(200)}`);
    const { request } = decisionRecord({ ...input, request: { audiences: [], resources: noise, scope: undefined } });
    expect(request).toMatchObject({ truncated: true });
    expect(JSON.stringify(request).length).toBeLessThan(1_000);
    expect(decisionRecord(input).request).toEqual(input.request);
  });

  test('keeps the rule that decided, however many others there are', () => {
    const rules = Array.from({ length: 5_000 }, (_, n) => ({
      id: `rule-${n}`,
      matched: n === 4_000,
      conditions: [condition('groups', ['a', 'b'])],
    }));
    const { trace } = decisionRecord({ ...input, rule: 'rule-4000', rules });
    expect(trace.rules.at(-1)?.id).toBe('rule-4000');
    expect(trace.rules[0]?.id).toBe('rule-0');
    expect(trace.omitted).toBe(5_000 - trace.rules.length);
    const few = decisionRecord({ ...input, rule: 'rule-3', rules: rules.slice(0, 5) }).trace;
    expect(few.rules.map(({ id }) => id)).toEqual(['rule-0', 'rule-1', 'rule-2', 'rule-3', 'rule-4']);
    expect(few.omitted).toBe(0);
    expect(decisionRecord({ ...input, rules: rules.slice(0, 5), untraced: 7 }).trace.omitted).toBe(7);
  });
});

const names = ['sub', 'email', 'groups', 'profile', '__proto__', 'a.b', 'constructor'];
const anyClaims = fc.dictionary(
  fc.oneof(fc.constantFrom(...names), fc.string({ minLength: 1 })),
  fc.oneof(
    fc.string({ maxLength: 3_000 }).map((text) => `secret:${text}`),
    fc.array(fc.string().map((text) => `secret:${text}`)),
    fc.dictionary(fc.constantFrom('b', 'phone', '__proto__'), fc.constant('secret:inner')),
  ),
);
const anyCatalogue = fc.record({
  name: fc.constant('okta'),
  claims: fc.dictionary(fc.constantFrom(...names), fc.constantFrom<ClaimType>('string', 'list', 'object')),
});

describe('whatever the tokens are', () => {
  test('their claims take 4 KB at most together, and the whole record stays small', () => {
    fc.assert(
      fc.property(anyClaims, anyClaims, anyCatalogue, (subject, actor, issuer) => {
        const record = decisionRecord({
          ...input,
          subject: { verified: { issuer, claims: subject } },
          actor: { verified: { issuer, claims: actor } },
          rules: [{ id: 'r', matched: false, conditions: [condition('sub', subject)] }],
        });
        const size = (token: TokenRecord | undefined) => (token ? sizeOf(token) : 0);
        expect(size(record.subject) + size(record.actor)).toBeLessThanOrEqual(maxClaimBytes);
        expect(JSON.stringify(record).length).toBeLessThan(40_000);
      }),
    );
  });

  test('a claim is kept only if it is declared, and never in clear if it is private', () => {
    fc.assert(
      fc.property(anyClaims, anyCatalogue, (all, issuer) => {
        const kept = decisionRecord({ ...input, subject: { verified: { issuer, claims: all } } }).subject;
        const declared = Object.keys(issuer.claims);
        for (const name of Object.keys(kept?.claims ?? {}))
          expect(declared.some((path) => path === name || path.startsWith(`${name}.`))).toBe(true);
        const everything = { ...issuer, private: declared };
        const hidden = decisionRecord({ ...input, subject: { verified: { issuer: everything, claims: all } } });
        expect(JSON.stringify(hidden)).not.toContain('secret:');
      }),
    );
  });
});
