import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createConditionEvaluator } from '../../../shared/policy/cel.ts';
import type { ConditionVariables } from '../../../shared/policy/when.ts';

const world: ConditionVariables = {
  claims: {
    amr: ['mfa'],
    auth_time: 1_000,
    'kubernetes.io': { namespace: 'shop' },
    ratio: 1.5,
    nothing: null,
    key: 'k1',
  },
  actor: {},
  client: 'portal',
  request: { scopes: ['read'], audiences: ['orders'], resources: [] },
  now: 1_100,
};
const evaluate = createConditionEvaluator();
const answerTo = (expression: string, variables: Partial<ConditionVariables> = {}): unknown => {
  const result = evaluate(expression, { ...world, ...variables });
  return result.ok ? result.value : result.error;
};

describe('an expression', () => {
  test.each([
    ['"mfa" in claims.amr', true],
    ['now - claims.auth_time < 300', true],
    ['now - claims.auth_time < 100', false],
    ['claims["kubernetes.io"].namespace == "shop"', true],
    ['client == "portal"', true],
    ['"read" in request.scopes && request.resources.size() == 0', true],
    ['type(now) == int && type(claims.auth_time) == int && type(claims.ratio) == double', true],
    ['has(claims.nothing) && "nothing" in claims && claims.nothing == null', true],
    ['has(claims.team) || has(actor.sub)', false],
    ['claims.key.matches("^k[0-9]$")', true],
    ['claims.amr.exists(each, each.startsWith("mf"))', true],
  ])('%s is %s', (expression, expected) => {
    expect(answerTo(expression)).toBe(expected);
  });

  test('sees the actor only when there is one, and an anonymous caller as an empty name', () => {
    expect(answerTo('actor.sub == "a"', { actor: { sub: 'a' } })).toBe(true);
    expect(answerTo('actor.sub == "a"')).toBe('missing: sub');
    expect(answerTo('client == ""', { client: '' })).toBe(true);
  });

  test.each([
    ['claims.team == "a"', 'missing: team'],
    ['claims.auth_time', 'the result is no bool'],
    ['"true"', 'the result is no bool'],
    ['claims.auth_time / 0 == 1', 'int divide by zero'],
    ['claims.key < 3', "found no matching overload for '_<_' applied to '(string, int)'"],
    ['unknown == 1', 'an unknown name, or something is missing'],
    ['claims.amr[7] == "mfa"', 'an index is out of bounds'],
    ['claims.__proto__.polluted == 1', 'missing: __proto__'],
    ['claims.constructor == 1', 'missing: constructor'],
    ['constructor == 1', 'an unknown name, or something is missing'],
    ['toString == 1', 'an unknown name, or something is missing'],
    ['step()', 'unbound function: step'],
  ])('%s has no result: %s', (expression, error) => {
    expect(answerTo(expression)).toBe(error);
  });

  test('takes a claim named __proto__ for a claim like any other', () => {
    const claims = JSON.parse('{"__proto__": {"admin": true}}') as Record<string, unknown>;
    expect(answerTo('has(claims.admin)', { claims })).toBe(false);
    expect(answerTo('claims["__proto__"].admin', { claims })).toBe(true);
  });

  test('loops a thousand turns in all and no more, however lists are nested', () => {
    const claims = (length: number) => ({ claims: { list: Array.from({ length }, (_, index) => index) } });
    expect(answerTo('claims.list.all(x, x >= 0)', claims(1_000))).toBe(true);
    expect(answerTo('claims.list.all(x, x >= 0)', claims(1_001))).toBe('too much work');
    const nested = 'claims.list.all(x, claims.list.all(y, x + y >= 0))';
    expect(answerTo(nested, claims(30))).toBe(true);
    expect(answerTo(nested, claims(32))).toBe('too much work');
    expect(answerTo('claims.list.all(x, x >= 0)', claims(1_000))).toBe(true);
  });

  test('too long, or with brackets too deep, is refused before the parser sees it', () => {
    const nested = (depth: number) => `${'('.repeat(depth)}true${')'.repeat(depth)}`;
    expect(answerTo(nested(40))).toBe(true);
    expect(answerTo(nested(41))).toBe('not an expression: brackets nest deeper than 40');
    expect(answerTo(`"${'('.repeat(100)}" != ""`)).toBe(true);
    expect(answerTo(`true${' '.repeat(4_092)}`)).toBe(true);
    expect(answerTo(`true${' '.repeat(4_093)}`)).toBe('not an expression: longer than 4096 characters');
  });

  test('gives the same result every time it is asked', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (inner) => {
        const variables = { ...world, claims: { inner } };
        const expression = 'claims.inner == claims.inner && claims.inner != "other"';
        expect(evaluate(expression, variables)).toEqual(createConditionEvaluator()(expression, variables));
      }),
    );
  });
});

const secret = 'S3CRET-value';
const reader = fc.constantFrom(
  'claims.s',
  'claims[claims.s]',
  'int(claims.s)',
  'double(claims.s)',
  'timestamp(claims.s)',
  'duration(claims.s)',
  'bool(claims.s)',
  '{claims.s: 1, claims.s: 2}',
  '"a".matches(claims.s + "(")',
  'claims.s.matches(claims.s + "[")',
  'timestamp(0).getHours(claims.s)',
  'claims.l[claims.s]',
  'claims.s.size()',
  'claims.s + claims.s',
  'claims.s - 1',
  'claims.s.foo',
  'foo(claims.s)',
  'claims.l.map(x, x.y)',
  'bytes(claims.s)',
  'dyn(claims.s)',
  'type(claims.s)',
  'uint(claims.s)',
  'claims.n[claims.s]',
  'claims.l[0][claims.s]',
  'string(claims.n)',
);
const operator = fc.constantFrom('==', '<', '+', '&&', '||', 'in', '-', '/', '%');
const expressions = fc.oneof(
  reader,
  fc.tuple(reader, operator, reader).map((parts) => parts.join(' ')),
  fc.tuple(reader, operator, reader).map(([one, sign, other]) => `claims.l.exists(x, ${one} ${sign} ${other})`),
);

describe('the evaluator', () => {
  test('is total on any text and any claims', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), expressions), fc.dictionary(fc.string(), fc.jsonValue()), (text, claims) => {
        expect(typeof evaluate(text, { ...world, claims }).ok).toBe('boolean');
      }),
    );
    const deep = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as unknown;
    expect(evaluate('claims.deep == claims.deep', { ...world, claims: { deep } })).toHaveProperty('ok');
  });

  test('never quotes a claim in an error', () => {
    fc.assert(
      fc.property(expressions, (text) => {
        const claims = { s: secret, l: [secret, { y: secret }], n: { [secret]: secret } };
        expect(JSON.stringify(evaluate(text, { ...world, claims }))).not.toContain(secret);
      }),
    );
  });
});
