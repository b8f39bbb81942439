import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createConditionEvaluator } from '../../../shared/policy/cel.ts';
import { type Claims, claimAt } from '../../../shared/policy/claims.ts';
import type { ClaimMatch, PolicyRule } from '../../../shared/policy/compiled-policy.ts';
import { evaluatePolicy, indexRules, type PolicyAnswer, type PolicyQuestion } from '../../../shared/policy/evaluate.ts';
import { evaluateMatch } from '../../../shared/policy/match.ts';
import { fillSubject, fillTemplate } from '../../../shared/policy/template.ts';

describe('a claim by path', () => {
  const claims = {
    'kubernetes.io': { namespace: 'shop', pod: { name: 'p' } },
    kubernetes: { io: { namespace: 'evil' } },
    'a.b': 1,
    a: { b: 2, 'b.c': 3 },
  };

  test.each([
    ['kubernetes.io.namespace', 'shop'],
    ['kubernetes.io.pod.name', 'p'],
    ['kubernetes.io.pod.uid', undefined],
    ['a.b', 1],
    ['a.b.c', undefined],
    ['a.x', undefined],
    ['__proto__', undefined],
    ['constructor', undefined],
    ['constructor.name', undefined],
    ['kubernetes.io.toString', undefined],
    ['', undefined],
    ['.', undefined],
  ])('%s: the longest existing name wins at each level', (path, expected) => {
    expect(claimAt(claims, path)).toEqual(expected);
  });

  test('is total', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (any, path) => void claimAt(any, path)),
    );
  });
});

describe('a match', () => {
  const match = (type: ClaimMatch['type'], wanted: ClaimMatch['anyOf'], path = 'c'): ClaimMatch => ({
    path,
    type,
    anyOf: wanted,
  });
  const fits = (entry: ClaimMatch, value: unknown): boolean => evaluateMatch(entry, { [entry.path]: value }).matched;

  test('needs the claim, in the type its catalogue says', () => {
    expect(fits(match('string', [{ equals: 'true' }]), 'true')).toBe(true);
    expect(fits(match('string', [{ equals: 'true' }]), true)).toBe(false);
    expect(fits(match('bool', [{ equals: false }]), false)).toBe(true);
    expect(fits(match('bool', [{ equals: false }]), 'false')).toBe(false);
    expect(fits(match('int', [{ equals: 7 }]), 7)).toBe(true);
    expect(fits(match('int', [{ equals: 7 }]), '7')).toBe(false);
    expect(fits(match('int', [{ equals: 7.5 }]), 7.5)).toBe(false);
    expect(fits(match('string', [{ glob: '**' }]), undefined)).toBe(false);
    expect(fits(match('string', [{ glob: '**' }]), null)).toBe(false);
    expect(fits(match('object', [{ equals: 'x' }]), { x: 1 })).toBe(false);
  });

  test('on a list is any element, and one value is a list of one', () => {
    expect(fits(match('list', [{ equals: 'admins' }]), ['users', 'admins'])).toBe(true);
    expect(fits(match('list', [{ equals: 'admins' }]), ['users', ['admins']])).toBe(false);
    expect(fits(match('list', [{ equals: 'admins' }]), 'admins')).toBe(true);
    expect(fits(match('list', [{ equals: 'admins' }]), { admins: true })).toBe(false);
    expect(fits(match('list', [{ equals: 'us' }], 'aud'), 'us')).toBe(true);
  });

  test('of several values takes any', () => {
    const either = match('string', [{ equals: 'a' }, { glob: 'b*' }]);
    expect(['a', 'bc', 'c'].map((value) => fits(either, value))).toEqual([true, true, false]);
  });
});

describe('a template', () => {
  test('of one reference keeps the type, among text writes scalars, and is nothing when a part is missing', () => {
    const claims = { list: ['a'], text: 't', number: 1, yes: true };
    expect(fillTemplate([{ claim: 'list' }], claims)).toEqual(['a']);
    expect(fillTemplate(['x-', { claim: 'text' }, { claim: 'number' }, { claim: 'yes' }], claims)).toBe('x-t1true');
    expect(fillTemplate(['x-', { claim: 'list' }], claims)).toBeUndefined();
    expect(fillTemplate(['x-', { claim: 'missing' }], claims)).toBeUndefined();
    expect(fillTemplate([{ claim: 'text' }, '-x'], claims)).toBe('t-x');
    expect(fillTemplate([{ claim: 'list' }, '-x'], claims)).toBeUndefined();
    expect(fillTemplate(['plain'], claims)).toBe('plain');
  });
});

describe('a claim of a declared type', () => {
  test.each<[ClaimMatch['type'], unknown, unknown]>([
    ['string', 'a', { a: 1 }],
    ['string', 'a', 7],
    ['string', 'a', null],
    ['int', 7, '7'],
    ['int', 7, 7.5],
    ['bool', true, 'true'],
    ['list', ['a', { b: 1 }], { a: 1 }],
    ['object', { a: 1 }, ['a']],
  ])('%s: %j is mapped, %j is as if missing', (type, good, bad) => {
    const template = [{ claim: 'c', type }];
    expect(fillTemplate(template, { c: good })).toEqual(good);
    expect(fillTemplate(template, { c: bad })).toBeUndefined();
    expect(fillTemplate([{ claim: 'c' }], { c: bad })).toEqual(bad ?? undefined);
  });

  test('is a list of one where it is one value and declared a list', () => {
    expect(fillTemplate([{ claim: 'c', type: 'list' }], { c: 'a' })).toEqual(['a']);
    expect(fillTemplate(['x-', { claim: 'c', type: 'string' }], { c: 7 })).toBeUndefined();
    expect(fillTemplate(['x-', { claim: 'c', type: 'int' }], { c: 7 })).toBe('x-7');
  });

  test('no two tokens with other claims have one subject', () => {
    const value = fc.string({ unit: fc.constantFrom('a', ':', '-', ''), maxLength: 4 });
    const subject = ['u:', { claim: 'a' }, ':', { claim: 'b' }, '--', { claim: 'c' }, '-x'];
    const claims = fc.record({ a: value, b: value, c: value });
    fc.assert(
      fc.property(claims, claims, (one, other) => {
        const [first, second] = [fillSubject(subject, one), fillSubject(subject, other)];
        if (first !== undefined && first === second) expect(one).toEqual(other);
      }),
    );
    expect(fillSubject(subject, { a: 'a', b: 'aa', c: 'a' })).toBe('u:a:aa--a-x');
  });
});

const claimName = fc.constantFrom('x', 'y', 'z');
const value = fc.constantFrom('1', '2', '3');
const claimSet = fc.dictionary(claimName, value);
const conditions = fc.array(
  fc.record({
    path: claimName,
    type: fc.constant('string' as const),
    anyOf: fc.array(
      value.map((equals) => ({ equals })),
      { minLength: 1, maxLength: 2 },
    ),
  }),
  { maxLength: 2 },
);
const issuerName = fc.constantFrom('github', 'eks');
// Two audiences and a role: they share one namespace.
const target = fc.constantFrom('orders', 'payments', 'deploy');
const named = (name: string) => (name === 'deploy' ? { role: name } : { audience: name });
const granted = (name: string) =>
  name === 'deploy'
    ? { role: name, ttl: 1, tags: [], transitive: [], policyArns: [] }
    : { audience: name, scopes: [], claims: {}, ttl: 1 };
const client = fc.constantFrom('portal', 'batch');
const when = fc.array(
  fc.constantFrom(
    'claims.x == "1"',
    'claims.y != "2"',
    'claims.z > 1',
    'actor.x == "1"',
    'client != ""',
    'claims.x < "3" && now > 0',
  ),
  { minLength: 1, maxLength: 2 },
);
const core = {
  id: fc.string(),
  from: issuerName,
  match: conditions,
  client: fc.oneof(fc.constant('any' as const), fc.array(client, { minLength: 1, maxLength: 2 })),
  actor: fc.record({ from: issuerName, match: conditions }),
  when: when.map((expressions) => expressions.map((expression) => ({ name: expression, expression }))),
};
const requiredKeys: ('id' | 'from' | 'match')[] = ['id', 'from', 'match'];
const allowRule: fc.Arbitrary<PolicyRule> = fc.record(
  { ...core, grant: target.map(granted) },
  { requiredKeys: [...requiredKeys, 'grant'] },
);
const denyRule: fc.Arbitrary<PolicyRule> = fc.record(
  {
    ...core,
    deny: fc.oneof(fc.constant('any' as const), target.map(named)),
  },
  { requiredKeys: [...requiredKeys, 'deny'] },
);
const rules = fc.array(fc.oneof(allowRule, denyRule), { maxLength: 8 });
const actor = fc.record({ issuer: issuerName, claims: claimSet });
const question: fc.Arbitrary<PolicyQuestion> = fc.record(
  {
    issuer: issuerName,
    audience: target,
    claims: claimSet,
    client: fc.oneof(fc.constant(''), client),
    actor,
    request: fc.constant({ scopes: [], audiences: [], resources: [] }),
    now: fc.constant(1),
  },
  { requiredKeys: ['issuer', 'audience', 'claims', 'client', 'request', 'now'] },
);
const evaluateCondition = createConditionEvaluator();
const decide = (among: readonly PolicyRule[], asked: PolicyQuestion): PolicyAnswer =>
  evaluatePolicy(indexRules(among), asked, evaluateCondition);

describe('a decision', () => {
  test('with the index is what a plain walk over all rules decides', () => {
    fc.assert(
      fc.property(rules, question, (among, asked) => {
        const relevant = among.filter((each) => each.from === asked.issuer && speaksOf(each, asked.audience));
        expect(decide(among, asked)).toEqual(evaluatePolicy(() => relevant, asked, evaluateCondition));
      }),
    );
  });

  test('adding a deny rule never grants', () => {
    fc.assert(
      fc.property(rules, denyRule, question, (among, extra, asked) => {
        const before = decide(among, asked).outcome;
        if (before !== 'granted') expect(decide([...among, extra], asked).outcome).not.toBe('granted');
      }),
    );
  });

  test('removing a claim that no deny rule matches never grants, of the subject or of the actor', () => {
    fc.assert(
      fc.property(rules, question, claimName, (among, asked, removed) => {
        if (decide(among, asked).outcome === 'granted') return;
        if (among.some((each) => 'deny' in each && matchesOn(each, removed))) return;
        const claims = without(asked.claims, removed);
        const fromActor = asked.actor && { ...asked.actor, claims: without(asked.actor.claims, removed) };
        expect(decide(among, { ...asked, claims }).outcome).not.toBe('granted');
        if (fromActor) expect(decide(among, { ...asked, actor: fromActor }).outcome).not.toBe('granted');
      }),
    );
  });

  test('a claim of another type never grants, whatever it is and whichever rule reads it', () => {
    const odd = fc.jsonValue().filter((each) => each !== null && typeof each !== 'string');
    fc.assert(
      fc.property(rules, question, claimName, odd, (among, asked, name, other) => {
        const claims = { ...asked.claims, [name]: other };
        const relevant = among.filter((each) => each.from === asked.issuer && speaksOf(each, asked.audience));
        const answer = decide(relevant, { ...asked, claims });
        if (answer.outcome !== 'granted') return;
        expect(answer.allow.match.map(({ path }) => path)).not.toContain(name);
        // A deny rule that reads it was passed over for something else of it that does not fit.
        const passed = relevant.filter((each) => 'deny' in each && each.match.some(({ path }) => path === name));
        for (const each of passed) {
          const rest = { ...each, match: each.match.filter(({ path }) => path !== name) };
          expect(decide([rest], { ...asked, claims }).outcome).toBe('no_rule');
        }
      }),
    );
  });

  test('takes actors seriously: a rule without one never grants with one, a rule with one never without', () => {
    fc.assert(
      fc.property(rules, question, (among, asked) => {
        const answer = decide(among, asked);
        if (answer.outcome === 'granted') expect(answer.allow.actor?.from).toBe(asked.actor?.issuer);
      }),
    );
  });

  test('is of the first allow rule that fits, and of no other when scopes are cut', () => {
    const broad = allow({ id: 'broad' });
    const narrow = allow({ id: 'narrow', match: [matchX('1')] });
    expect(decide([narrow, broad], ask({ claims: { x: '1' } }))).toMatchObject({ rule: 'narrow', allow: narrow });
    expect(decide([broad, narrow], ask({ claims: { x: '1' } }))).toMatchObject({ rule: 'broad', allow: broad });
    expect(decide([narrow, broad], ask({}))).toMatchObject({ rule: 'broad' });
  });

  test('a client rule wants that client, `any` an authenticated one, no `client` anybody', () => {
    const outcomes = (wanted: Partial<PolicyRule>): readonly string[] =>
      ['', 'portal', 'batch'].map((name) => decide([allow(wanted)], ask({ client: name })).outcome);
    expect(outcomes({})).toEqual(['granted', 'granted', 'granted']);
    expect(outcomes({ client: 'any' })).toEqual(['no_rule', 'granted', 'granted']);
    expect(outcomes({ client: ['batch'] })).toEqual(['no_rule', 'no_rule', 'granted']);
    expect(decide([allow({ client: ['batch'] })], ask({ client: 'portal' })).trace[0]?.conditions).toEqual([
      { name: 'client', wanted: ['batch'], got: 'portal', matched: false },
    ]);
  });

  test('a rule with `actor` wants its issuer and its claims', () => {
    const delegated = allow({ actor: { from: 'eks', match: [matchX('1')] } });
    const outcome = (presented?: PolicyQuestion['actor']) =>
      decide([delegated], ask(presented ? { actor: presented } : {})).outcome;
    expect(outcome({ issuer: 'eks', claims: { x: '1' } })).toBe('granted');
    expect(outcome({ issuer: 'eks', claims: { x: '2' } })).toBe('no_rule');
    expect(outcome({ issuer: 'github', claims: { x: '1' } })).toBe('no_rule');
    expect(outcome()).toBe('no_rule');
    const traced = decide([delegated], ask({ actor: { issuer: 'eks', claims: { x: '2' } } })).trace[0];
    expect(traced?.conditions.map(({ name, got, matched }) => [name, got, matched])).toEqual([
      ['actor', 'eks', true],
      ['actor.x', '2', false],
    ]);
  });

  test('a deny without `actor` fires with and without one; with one, only with that one', () => {
    const from = (issuer: string) => ask({ actor: { issuer, claims: {} } });
    const plain = [allow({}), allow({ actor: { from: 'eks', match: [] } }), deny({})];
    expect([ask({}), from('eks')].map((asked) => decide(plain, asked).outcome)).toEqual(['denied', 'denied']);
    const delegated = [...plain.slice(0, 2), deny({ actor: { from: 'eks', match: [] } })];
    expect([ask({}), from('eks')].map((asked) => decide(delegated, asked).outcome)).toEqual(['granted', 'denied']);
  });

  test('a claim of another type, of the subject or of the actor, fires a deny rule whose other conditions fit', () => {
    const outcome = (claims: Claims, among: readonly PolicyRule[]) =>
      decide([allow({}), allow({ actor: { from: 'eks', match: [] } }), ...among], ask({ claims })).outcome;
    const denyX = [deny({ match: [matchX('1')] })];
    expect([{ x: '1' }, { x: 1 }, { x: ['2'] }, { x: { y: 1 } }].map((each) => outcome(each, denyX))).toEqual(
      Array.from({ length: 4 }, () => 'denied'),
    );
    expect([{ x: '2' }, { x: null }, {}].map((each) => outcome(each, denyX))).toEqual(
      Array.from({ length: 3 }, () => 'granted'),
    );
    const both = [deny({ match: [matchX('1'), { ...matchX('1'), path: 'y' }] })];
    expect([outcome({ x: 1, y: '1' }, both), outcome({ x: 1, y: '2' }, both)]).toEqual(['denied', 'granted']);
    const never = [deny({ match: [matchX('1')], when: [{ name: 'never', expression: 'false' }] })];
    expect([outcome({ x: 1 }, never), outcome({ x: '1' }, never)]).toEqual(['granted', 'granted']);
    const ofActor = [deny({ actor: { from: 'eks', match: [matchX('1')] } })];
    const acting = (claims: Claims) =>
      decide([allow({ actor: { from: 'eks', match: [] } }), ...ofActor], ask({ actor: { issuer: 'eks', claims } }));
    expect([acting({ x: 1 }).outcome, acting({ x: '2' }).outcome]).toEqual(['denied', 'granted']);
    const traced = decide(denyX, ask({ claims: { x: 1 } })).trace[0]?.conditions;
    const hint = 'the claim is of type int, not string: doubt denies';
    expect(traced).toEqual([{ name: 'x', wanted: ['1'], got: 1, matched: true, hint }]);
  });

  test('an allow rule that reads a claim of another type says so, and no deny rule hides behind one value of a list', () => {
    const groups = (equals: string): ClaimMatch => ({ path: 'groups', type: 'list', anyOf: [{ equals }] });
    const traced = decide([allow({ match: [matchX('1')] })], ask({ claims: { x: 1 } }));
    expect(traced.trace[0]?.conditions[0]).toMatchObject({
      matched: false,
      hint: 'the claim is of type int, not string',
    });
    const outcome = (claim: unknown) =>
      decide([allow({}), deny({ match: [groups('contractors')] })], ask({ claims: { groups: claim } })).outcome;
    expect([['staff', 'contractors'], 'contractors', ['staff', null], { 0: 'x' }].map(outcome)).toEqual(
      Array.from({ length: 4 }, () => 'denied'),
    );
    expect([['staff'], 'staff', []].map(outcome)).toEqual(['granted', 'granted', 'granted']);
  });

  test('an error in a `when` refuses an allow rule and fires a deny rule', () => {
    const named = (expression: string) => [{ name: 'sure', expression }];
    const outcome = (expression: string) => [
      decide([allow({ when: named(expression) })], ask({})).outcome,
      decide([allow({}), deny({ when: named(expression) })], ask({})).outcome,
    ];
    expect(outcome('now > 0')).toEqual(['granted', 'denied']);
    expect(outcome('now > 1')).toEqual(['no_rule', 'granted']);
    expect(outcome('claims.missing == 1')).toEqual(['no_rule', 'denied']);
    expect(decide([allow({ when: named('claims.missing == 1') })], ask({})).trace[0]?.conditions).toEqual([
      { name: 'sure', wanted: ['claims.missing == 1'], got: undefined, matched: false, hint: 'missing: missing' },
    ]);
  });

  test('without an evaluator every `when` is an error', () => {
    const always = [{ name: 'always', expression: 'true' }];
    const outcome = (among: readonly PolicyRule[]) => evaluatePolicy(indexRules(among), ask({})).outcome;
    expect(outcome([allow({ when: always })])).toBe('no_rule');
    expect(outcome([allow({}), deny({ when: always })])).toBe('denied');
  });

  test('evaluates expressions only where the rest of the rule fits', () => {
    const asked: string[] = [];
    const spy = (expression: string) => {
      asked.push(expression);
      return { ok: true, value: true } as const;
    };
    const sure = [{ name: 'sure', expression: 'true' }];
    const among = [allow({ match: [matchX('1')], when: sure }), deny({ client: 'any', when: sure })];
    const { trace } = evaluatePolicy(indexRules(among), ask({}), spy);
    expect(asked).toEqual([]);
    expect(trace.map(({ conditions: traced }) => traced.at(-1)?.hint)).toEqual([
      expect.stringContaining('not evaluated'),
      expect.stringContaining('not evaluated'),
    ]);
    evaluatePolicy(indexRules(among), ask({ claims: { x: '1' }, client: 'portal' }), spy);
    expect(asked).toEqual(['true', 'true']);
  });

  test('keeps of many rules the one that decided and those that came closest, in policy order', () => {
    const far = Array.from({ length: 60 }, (_, index) =>
      allow({ id: `far-${index}`, match: [matchX('8'), matchX('9')] }),
    );
    const near = allow({ id: 'near', when: [{ name: 'no', expression: 'false' }] });
    const { trace } = decide([...far, near, allow({ id: 'last' })], ask({}));
    expect(trace).toHaveLength(50);
    expect(trace.slice(-3).map(({ id }) => id)).toEqual(['far-47', 'near', 'last']);
    const many = decide([...Array.from({ length: 60 }, () => allow({})), deny({ id: 'no' })], ask({}));
    expect(many).toMatchObject({ outcome: 'denied', rule: 'no' });
    expect(many.trace.at(-1)?.id).toBe('no');
  });
});

function ask(change: Partial<PolicyQuestion>): PolicyQuestion {
  const request = { scopes: [], audiences: [], resources: [] };
  return { issuer: 'github', claims: {}, audience: 'orders', client: '', request, now: 1, ...change };
}

function allow(change: Partial<PolicyRule>): PolicyRule {
  const grant = { audience: 'orders', scopes: [], claims: {}, ttl: 1 };
  return { id: 'allow', from: 'github', match: [], grant, ...change };
}

function deny(change: Partial<PolicyRule>): PolicyRule {
  return { id: 'deny', from: 'github', match: [], deny: 'any', ...change };
}

function matchX(equals: string): ClaimMatch {
  return { path: 'x', type: 'string', anyOf: [{ equals }] };
}

function matchesOn({ match, actor: acting }: PolicyRule, name: string): boolean {
  return [...match, ...(acting?.match ?? [])].some(({ path }) => path === name);
}

function without(claims: Claims, name: string): Claims {
  const { [name]: _, ...rest } = claims;
  return rest;
}

function speaksOf(each: PolicyRule, name: string): boolean {
  const target = 'grant' in each ? each.grant : each.deny;
  return target === 'any' || ('role' in target ? target.role : target.audience) === name;
}
