// The policy that ends sessions, evaluated as IAM would: who is denied, who is not, and how long it is.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  denialPolicy,
  endsSessions,
  maxCharacters,
  reachingRevocations,
  type SessionDenial,
  sessionDenials,
} from '../../../../shared/oauth/role-session/session-denials.ts';
import type { KnownRevocations } from '../../../../shared/oauth/status-list/status-list-token.ts';
import type { CompiledPolicy } from '../../../../shared/policy/compiled-policy.ts';
import { revocationTagKeys, type SessionsRevokedBy } from '../../../../shared/policy/revocation-tags.ts';
import { allows, type PolicyDocument, statementsIn } from '../../../stack/iam-statements.ts';
import { github, now, policy } from '../../../world.ts';

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);
const kinds: readonly SessionsRevokedBy[] = ['subject', 'run', 'family'];
const role = 'arn:aws:iam::111122223333:role/deploy';

interface Session {
  /** Its tags; every session of a revocable role has a subject. */
  readonly tags?: Readonly<Partial<Record<SessionsRevokedBy, string>>>;
  readonly issuedAt: number;
}

/** Whether the role's own rights are left to a session. */
function mayAct(text: string | undefined, { tags = { subject: 'somebody' }, issuedAt }: Session): boolean {
  const own: PolicyDocument = { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
  const documents = text === undefined ? [own] : [own, JSON.parse(text) as PolicyDocument];
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
const denials = (...tagged: SessionDenial[]) => ({ tagged, allBefore: undefined });
const none: ReadonlyMap<string, ReadonlySet<string>> = new Map();
const denialsOf = (known: KnownRevocations, reaching = none) => sessionDenials(known, 'deploy', reaching);
const listed = (key: string, issuedBefore: number) => ({ key, issuedBefore, expiresAt: now + 86_400 });

describe('the denials of what was revoked', () => {
  test('are those by what sessions carry as a tag, the newest first; of a decision, it and its family', () => {
    const keys = ['jti#a', 'subject#b', 'origin#c', 'client#d', 'run#e', 'issuer#f', 'key#g', 'family#h'];
    const revocations = keys.map((key, index) => listed(key, now - 100 + index));
    expect(denialsOf({ at: now, revocations })).toEqual({
      tagged: [
        { kind: 'family', hash: 'h', issuedBefore: now - 93 },
        { kind: 'run', hash: 'e', issuedBefore: now - 96 },
        { kind: 'origin', hash: 'c', issuedBefore: now - 98 },
        { kind: 'subject', hash: 'b', issuedBefore: now - 99 },
        { kind: 'family', hash: 'a', issuedBefore: now - 100 },
        { kind: 'jti', hash: 'a', issuedBefore: now - 100 },
      ],
      allBefore: undefined,
    });
  });

  test('last until the longest session has ended that they could hit', () => {
    const at = (age: number) => denialsOf({ at: now, revocations: [listed('run#a', now - age)] }).tagged.length;
    expect(at(43_200 + 4)).toBe(1);
    expect(at(43_200 + 5)).toBe(0);
  });

  test('are the same text however they are listed', () => {
    const revocations = ['run#a', 'run#b', 'subject#a'].map((key) => listed(key, now));
    const written = (order: typeof revocations) => denialPolicy(denialsOf({ at: now, revocations: order }));
    expect(written([...revocations].reverse())).toBe(written(revocations));
  });
});

describe('a revocation by issuer, client or key', () => {
  const rule = (id: string, from: string, grant: object, more: object = {}) =>
    ({ id, from, match: [], grant, ...more }) as never;
  const api = { audience: 'api', scopes: [], claims: {}, ttl: 300 };
  const aud = (equals: string) => ({ match: [{ path: 'aud', type: 'list', anyOf: [{ equals }] }], client: ['orders'] });
  const served: CompiledPolicy = {
    ...policy,
    issuers: { github, eks: { ...github, name: 'eks' }, okta: { ...github, name: 'okta' } },
    clients: { orders: { name: 'orders', auth: { method: 'client_secret', sha256: '' }, introspects: [] } },
    audiences: {
      api: { ...policy.audiences['plain'], name: 'api' },
      other: { ...policy.audiences['plain'], name: 'other' },
    } as never,
    rules: [
      rule('direct', 'github', { role: 'deploy' }, { client: ['ci'] }),
      rule('api', 'eks', api, { client: ['ci'] }),
      rule('hop', 'self', { role: 'deploy' }, aud('api')),
      rule('away', 'self', { role: 'admin' }, aud('other')),
    ],
  };
  const reaching = reachingRevocations(served);
  const allBefore = (key: string) =>
    sessionDenials({ at: now, revocations: [listed(key, now - 9)] }, 'deploy', reaching).allBefore;

  test.each([
    ['issuer', 'github', 'okta'],
    ['issuer', 'eks', 'okta'],
    ['client', 'orders', 'okta'],
    ['client', 'github', 'okta'],
  ])('ends every session of the roles that a token of %s %s can reach, over own tokens too', (by, hit, miss) => {
    expect(allBefore(`${by}#${hash(hit)}`)).toBe(now - 9);
    expect(allBefore(`${by}#${hash(miss)}`)).toBeUndefined();
    expect(endsSessions({ by, value: hit }, [{ name: 'deploy' }], reaching)).toBe(true);
    expect(endsSessions({ by, value: miss }, [{ name: 'deploy' }], reaching)).toBe(false);
    expect(endsSessions({ by, value: hit }, [{ name: 'other' }], reaching)).toBe(false);
  });

  test('of a key ends those of the roles that tokens of ours reach, whichever key it was', () => {
    expect(allBefore(`key#${hash('any')}`)).toBe(now - 9);
    expect(endsSessions({ by: 'key', value: 'any' }, [{ name: 'other' }], reaching)).toBe(false);
  });

  test('counts who takes part: an assertion under a rule for any caller, a token of ours as actor', () => {
    const pod = { name: 'pod', auth: { method: 'federated', issuer: 'eks', match: [] }, introspects: [] } as const;
    const open = rule('open', 'okta', { role: 'admin' });
    const acted = rule('acted', 'okta', { role: 'audit' }, { client: ['ci'], actor: { from: 'self', match: [] } });
    const reached = (by: string, clients: CompiledPolicy['clients']) =>
      reachingRevocations({ ...served, clients, rules: [open, acted] }).get(by);
    expect(reached(`issuer#${hash('eks')}`, { pod })).toEqual(new Set(['admin']));
    expect(reached(`issuer#${hash('eks')}`, { orders: served.clients['orders'] as never })).toEqual(new Set());
    expect(reached(`issuer#${hash('eks')}`, { 'acme/pod': { ...pod, name: 'acme/pod' } })).toEqual(new Set());
    expect(reached('key', {})).toEqual(new Set(['audit']));
  });

  test('denies what was issued before and leaves what came later, beside exact denials of later times', () => {
    const revocations = [
      listed(`issuer#${hash('github')}`, now - 60),
      listed(`run#${hash('r')}`, now),
      listed(`run#${hash('old')}`, now - 90),
    ];
    const found = sessionDenials({ at: now, revocations }, 'deploy', reaching);
    expect(found).toMatchObject({ allBefore: now - 60, tagged: [{ kind: 'run' }] });
    const text = denialPolicy(found);
    expect(mayAct(text, { issuedAt: now - 61 })).toBe(false);
    expect(mayAct(text, { issuedAt: now - 30 })).toBe(true);
    expect(mayAct(text, { tags: { subject: 's', run: 'r' }, issuedAt: now - 30 })).toBe(false);
    expect(mayAct(text, { tags: {}, issuedAt: now - 61 })).toBe(true);
  });
});

describe('the policy', () => {
  test('is none where nothing is revoked', () => {
    expect(denialPolicy(denials())).toBeUndefined();
    expect(mayAct(undefined, { issuedAt: now })).toBe(true);
  });

  test.each(kinds)('denies the sessions of a %s that were issued before, no other and no later one', (kind) => {
    const text = denialPolicy(denials(denial('a', now, kind)));
    const tagged = (value: string, of = kind) => ({ subject: 'somebody', [of]: value });
    expect(mayAct(text, { tags: tagged('a'), issuedAt: now - 60 })).toBe(false);
    expect(mayAct(text, { tags: tagged('b'), issuedAt: now - 60 })).toBe(true);
    const other = kinds.find((each) => each !== kind && each !== 'subject') ?? kind;
    expect(mayAct(text, { tags: tagged('a', other), issuedAt: now - 60 })).toBe(true);
    expect(mayAct(text, { tags: tagged('a'), issuedAt: now + 60 })).toBe(true);
    expect(mayAct(text, { tags: {}, issuedAt: now - 60 })).toBe(true);
  });

  test('reaches the sessions of exchanges that were under way, by five seconds', () => {
    const text = denialPolicy(denials(denial('a')));
    expect(mayAct(text, { tags: { run: 'a' }, issuedAt: now })).toBe(false);
    expect(mayAct(text, { tags: { run: 'a' }, issuedAt: now + 5.9 })).toBe(false);
    expect(mayAct(text, { tags: { run: 'a' }, issuedAt: now + 6 })).toBe(true);
  });

  test('names what was revoked at once in one statement', () => {
    const text = denialPolicy(denials(...['a', 'b', 'c'].map((value) => denial(value)))) ?? '';
    expect(JSON.parse(text).Statement).toHaveLength(1);
    for (const run of ['a', 'b', 'c']) expect(mayAct(text, { tags: { run }, issuedAt: now })).toBe(false);
  });

  test('merges the oldest when it would be too long, and then spares only sessions Cambio did not make', () => {
    const many = Array.from({ length: 200 }, (_, index) => denial(`run-${index}`, now - index * 60));
    const text = denialPolicy(denials(...many)) ?? '';
    expect(text.length).toBeLessThanOrEqual(maxCharacters);
    expect(text.length).toBeGreaterThan(maxCharacters - 300);
    expect(mayAct(text, { issuedAt: now - 199 * 60 })).toBe(false);
    expect(mayAct(text, { tags: {}, issuedAt: now - 199 * 60 })).toBe(true);
    expect(mayAct(text, { issuedAt: now - 60 })).toBe(true);
    expect(mayAct(denialPolicy(denials(...many.slice(0, 10))), { issuedAt: now - 199 * 60 })).toBe(true);
  });

  test('of no length is one statement, which misses nobody', () => {
    const text = denialPolicy(denials(denial('a'), denial('b', now - 60)), 0) ?? '';
    expect(JSON.parse(text).Statement).toHaveLength(1);
    expect(mayAct(text, { tags: { subject: 'x', run: 'a' }, issuedAt: now })).toBe(false);
    expect(mayAct(text, { issuedAt: now + 60 })).toBe(true);
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
        const text = denialPolicy(denialsOf({ at: now, revocations }));
        expect(text?.length ?? 0).toBeLessThanOrEqual(maxCharacters);
        for (const { kind, value, issuedBefore } of all.slice(0, 20)) {
          const tags = { subject: 'somebody', [kind]: value };
          expect(mayAct(text, { tags, issuedAt: Math.min(issuedBefore, now - age) })).toBe(false);
          expect(mayAct(text, { tags, issuedAt: now + 60 })).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});
