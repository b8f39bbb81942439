// Conditions by which a token is better off without a claim. The last test holds the check to its promise: where it says
// nothing, taking a claim away never turns a refusal into a grant.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { presenceTests, type Unwanted } from '../../../../infra/policy/cel/presence.ts';
import { parseCondition } from '../../../../infra/policy/cel/tree.ts';
import { createConditionEvaluator } from '../../../../shared/policy/cel.ts';
import type { Claims } from '../../../../shared/policy/claims.ts';
import type { ClaimType, PolicyRule } from '../../../../shared/policy/compiled-policy.ts';
import { evaluatePolicy, indexRules, type PolicyQuestion } from '../../../../shared/policy/evaluate.ts';
import { compileText, findingsOf, validPolicy } from '../policy-world.ts';

const clients = `clients:\n  app: { auth: { client_secret_basic: { sha256: "${'0'.repeat(64)}" } } }\n`;
const quoted = (expression: string) => `'${expression.replaceAll("'", "''")}'`;

/** What is said of a condition of an allow rule, without places and hints. */
function allow(expression: string, from = 'okta', actor = ''): readonly string[] {
  const grant = 'grant: { audience: payments-api, scopes: [payments:charge] }';
  const rule = `  - { id: r, from: ${from}, client: app, ${actor}when: { it: ${quoted(expression)} }, ${grant} }\n`;
  return said(`${validPolicy}${rule}${clients}`);
}

/** Of a deny rule. */
function deny(expression: string, from = 'okta', actor = ''): readonly string[] {
  return said(`${validPolicy}  - { id: r, from: ${from}, ${actor}when: { it: ${quoted(expression)} }, deny: true }\n`);
}

function said(text: string): readonly string[] {
  return findingsOf(text).map((finding) => finding.replace(/^\d+:\d+: /, '').replace(/ \| .*$/, ''));
}

const granted = (claim: string) =>
  `warning: condition "it": a token that lacks "${claim}" may be granted what it would not be with it`;
const notDenied = (claim: string) => `warning: condition "it": a token that lacks "${claim}" may not be denied`;

describe('a condition of an allow rule', () => {
  test.each<[string, string, string]>([
    ['!has(claims.team)', 'claims.team', 'has(claims.team)'],
    ['has(claims.team) == false', 'claims.team', 'has(claims.team) && true'],
    ['has(claims.team) != true', 'claims.team', '!!has(claims.team)'],
    ['!has(claims.team) || claims.team == "a"', 'claims.team', 'has(claims.team) && claims.team == "a"'],
    ['has(claims.team) ? claims.team == "a" : true', 'claims.team', 'claims.trusted ? has(claims.team) : false'],
    ['!(has(claims.team) && claims.team == "a")', 'claims.team', '!(claims.team == "a")'],
    ['!has(claims.extra.a)', 'claims.extra.a', 'claims.extra.a != "b"'],
    ['!("a" in claims.extra)', 'claims.extra', '"a" in claims.extra'],
    ['!("a" in claims.extra.b)', 'claims.extra.b', '!("a" in claims.groups)'],
    ['size(claims.extra) == 0', 'claims.extra', 'size(claims.groups) == 0'],
    ['claims.extra == {}', 'claims.extra', 'claims.groups == []'],
    ['claims.extra.a == claims.extra.b', 'claims.extra.a', 'claims.extra.a == "b"'],
    ['claims.extra.all(k, k != "a")', 'claims.extra', 'claims.groups.all(k, k != "a")'],
    ['claims.groups.all(g, !has(claims.team))', 'claims.team', 'claims.groups.all(g, g != claims.team)'],
    ['claims.groups.exists_one(g, has(claims.team))', 'claims.team', 'claims.groups.exists(g, has(claims.team))'],
    ['[has(claims.team)] == [false]', 'claims.team', '[claims.team] == ["a"]'],
    ['[claims.extra] == [{}]', 'claims.extra', '[claims.extra.a] == [1]'],
    ['string(has(claims.team)) == "false"', 'claims.team', 'string(claims.team) == "a"'],
    ['claims[has(claims.team) ? "trusted" : "x"]', 'claims.team', 'claims[request.scopes[0]] == "a"'],
    ['"a" in (has(claims.team) ? [] : ["a"])', 'claims.team', '"a" in ["a"]'],
  ])('%s is warned of', (bad, claim, good) => {
    expect(allow(bad)).toContainEqual(granted(claim));
    expect(allow(good)).toEqual([]);
  });

  test('is told at the place of the test', () => {
    const [finding] = findingsOf(
      `${validPolicy}  - { id: r, from: okta, client: app, when: { it: 'claims.trusted && !has(claims.team)' }, grant: { audience: payments-api, scopes: [payments:charge] } }\n${clients}`,
    );
    expect(finding).toMatch(/^39:71: warning: condition "it": .* \| say what the claim must be:/);
  });

  test('may look at all claims at once', () => {
    const some =
      'warning: condition "it": a token that lacks some of claims may be granted what it would not be with it';
    for (const bad of ['size(claims) < 9', 'claims == {"a": 1}', '!claims.exists(k, k == "a")', '!("a" in claims)']) {
      expect(allow(bad)).toContainEqual(some);
    }
    expect(allow('"a" in claims')).toEqual([]);
  });

  test('sees locals of a loop as locals', () => {
    expect(allow('claims.groups.all(claims, !has(claims.team))')).toEqual([]);
    expect(allow('claims.groups.all(c, !has(claims.team))')).toEqual([granted('claims.team')]);
  });

  test('is about the actor too', () => {
    const actor = 'actor: { from: eks, match: { sub: a } }, ';
    expect(allow('!has(actor.jti)', 'okta', actor)).toEqual([granted('actor.jti')]);
    expect(allow('has(actor.jti)', 'okta', actor)).toEqual([]);
  });
});

describe('a condition of a deny rule', () => {
  test.each<[string, string, string]>([
    ['has(claims.team)', 'claims.team', '!has(claims.team)'],
    ['has(claims.team) && claims.team == "a"', 'claims.team', 'claims.team == "a"'],
    ['has(claims.team) ? claims.team == "a" : false', 'claims.team', '!has(claims.team) || claims.team == "a"'],
    ['"a" in claims.extra', 'claims.extra', '"a" in claims.groups'],
    ['claims.groups.exists(g, has(claims.team))', 'claims.team', 'claims.groups.exists(g, g == "a")'],
    ['size(claims.extra) > 0', 'claims.extra', 'size(claims.groups) > 0'],
  ])('%s is warned of', (bad, claim, good) => {
    expect(deny(bad)).toContainEqual(notDenied(claim));
    expect(deny(good)).toEqual([]);
  });

  test('may ask for what every token has', () => {
    expect(deny('has(claims.event_name) && claims.event_name == "push"', 'github')).toEqual([]);
    expect(deny('has(claims.environment) && claims.environment == "prod"', 'github')).toEqual([
      notDenied('claims.environment'),
    ]);
    expect(deny('has(claims.sub)')).toEqual([]);
    expect(deny('has(actor.sub) && actor.sub == "a"')).toEqual([]);
  });

  test('may ask for what only the runs it means have', () => {
    const codefresh = (claim: string) =>
      said(`version: 1
issuers: { ci: { url: "https://ci.example", audience: a, claims: codefresh } }
rules: [{ id: r, from: ci, when: { it: 'has(claims.${claim})' }, deny: true }]
`);
    expect(codefresh('scm_pull_request_target_branch')).toEqual([]);
    expect(codefresh('scm_ref')).toEqual([notDenied('claims.scm_ref')]);
  });
});

const claims: Readonly<Record<string, ClaimType>> = {
  a: 'string',
  b: 'string',
  list: 'list',
  map: 'object',
};

/** Expressions that read, compare, ask for and loop over four claims in every way the language has. */
const { condition } = fc.letrec<{ condition: string; value: string }>((tie) => ({
  value: fc.constantFrom('claims.a', 'claims.b', 'claims.map.a', '"x"', '"y"', 'claims["b"]', 'claims.map["b"]'),
  condition: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom('has(claims.a)', 'has(claims.map.a)', 'has(claims.map)', '"a" in claims', '"b" in claims.map'),
    fc.constantFrom('size(claims.list) > 0', 'size(claims.map) == 0', 'size(claims) < 3', '"x" in claims.list', 'true'),
    fc.constantFrom('claims.map == {}', 'claims.map == {"a": "x"}', 'claims.a == claims.map.b', 'claims.map.a == {}'),
    fc.tuple(tie('value'), fc.constantFrom('==', '!=', '<', 'in'), tie('value')).map(inParentheses),
    fc.tuple(tie('condition'), fc.constantFrom('&&', '||', '=='), tie('condition')).map(inParentheses),
    tie('condition').map((inner) => `!(${inner})`),
    fc
      .tuple(tie('condition'), tie('condition'), tie('condition'))
      .map(([c, yes, no]) => `((${c}) ? (${yes}) : (${no}))`),
    fc
      .tuple(
        fc.constantFrom('claims.list', 'claims.map'),
        fc.constantFrom('all', 'exists', 'exists_one'),
        tie('condition'),
      )
      .map(([over, macro, inner]) => `${over}.${macro}(e, e != "y" && (${inner}))`),
    fc
      .tuple(fc.constantFrom('claims.list', '["x"]', 'claims.map'), tie('condition'))
      .map(([over, inner]) => `size(${over}.filter(e, ${inner})) == 1`),
  ),
}));

function inParentheses([left, operator, right]: readonly [string, string, string]): string {
  return `(${left} ${operator} ${right})`;
}

const scalar = fc.constantFrom<unknown>('x', 'y', 'a', 1, true, null, {});
const someClaims: fc.Arbitrary<Claims> = fc.record(
  {
    a: scalar,
    b: scalar,
    list: fc.array(scalar, { maxLength: 3 }),
    map: fc.oneof(fc.record({ a: scalar, b: scalar }, { requiredKeys: [] }), scalar),
  },
  { requiredKeys: [] },
);

const evaluate = createConditionEvaluator();

function isSilent(expression: string, unwanted: Unwanted): boolean {
  const tree = parseCondition(expression);
  if (!('root' in tree)) return expect.fail(expression);
  const scope = { claims: { claims }, actor: { claims: {} }, locals: new Set<string>() };
  return presenceTests(tree.root, scope, unwanted).length === 0;
}

function decide(rules: readonly PolicyRule[], token: Claims): string {
  const request = { scopes: [], audiences: [], resources: [] };
  const question: PolicyQuestion = { issuer: 'ci', audience: 'api', claims: token, client: '', request, now: 1 };
  return evaluatePolicy(indexRules(rules), question, evaluate).outcome;
}

/** The token without one claim, in each way there is: at the top, or inside the map. */
function withoutOne(token: Claims): readonly Claims[] {
  const top = Object.keys(token).map((name) => without(token, name));
  const { map } = token;
  if (typeof map !== 'object' || map === null) return top;
  return [...top, ...Object.keys(map).map((name) => ({ ...token, map: without(map as Claims, name) }))];
}

function without(token: Claims, name: string): Claims {
  const { [name]: _, ...rest } = token;
  return rest;
}

const core = { id: 'r', from: 'ci', match: [] };
const grant = { audience: 'api', scopes: [], claims: {}, ttl: 1 };
const named = (expression: string) => [{ name: 'it', expression }];

describe('where nothing is said of a condition, taking a claim away never turns a refusal into a grant', () => {
  test('in an allow rule', () => {
    let silent = 0;
    let loud = 0;
    fc.assert(
      fc.property(condition, fc.array(someClaims, { minLength: 4, maxLength: 4 }), (expression, tokens) => {
        const rules: readonly PolicyRule[] = [{ ...core, grant, when: named(expression) }];
        const flips = tokens.flatMap((token) =>
          decide(rules, token) === 'granted'
            ? []
            : withoutOne(token).filter((less) => decide(rules, less) === 'granted'),
        );
        if (isSilent(expression, 'toTrue')) {
          silent += 1;
          expect(flips).toEqual([]);
        } else if (flips.length > 0) loud += 1;
      }),
      { numRuns: 1_500 },
    );
    // It is silent about many of them, and loud about some with reason.
    expect([silent > 100, loud > 1]).toEqual([true, true]);
  });

  test('in a deny rule', () => {
    let silent = 0;
    let loud = 0;
    fc.assert(
      fc.property(condition, fc.array(someClaims, { minLength: 4, maxLength: 4 }), (expression, tokens) => {
        const rules: readonly PolicyRule[] = [
          { ...core, grant },
          { ...core, deny: 'any', when: named(expression) },
        ];
        const flips = tokens.flatMap((token) =>
          decide(rules, token) === 'denied'
            ? withoutOne(token).filter((less) => decide(rules, less) === 'granted')
            : [],
        );
        if (isSilent(expression, 'toFalse')) {
          silent += 1;
          expect(flips).toEqual([]);
        } else if (flips.length > 0) loud += 1;
      }),
      { numRuns: 1_500 },
    );
    expect([silent > 100, loud > 1]).toEqual([true, true]);
  });

  test('in a whole policy, but for claims that a denial matches on', () => {
    const named = fc.record({ path: fc.constantFrom('a', 'b'), equals: fc.constantFrom('x', 'y') });
    const parts = fc.record({
      matches: fc.array(named, { maxLength: 1 }),
      whens: fc.array(condition, { maxLength: 1 }),
    });
    const ruleOf = (
      { matches, whens }: { matches: { path: string; equals: string }[]; whens: string[] },
      deny: boolean,
    ) => {
      const match = matches.map(({ path, equals }) => ({ path, type: 'string' as const, anyOf: [{ equals }] }));
      const when = whens.map((expression) => ({ name: 'it', expression }));
      return { ...core, match, when, ...(deny ? { deny: 'any' as const } : { grant }) };
    };
    let decided = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(parts, fc.boolean()), { minLength: 1, maxLength: 4 }),
        fc.array(someClaims, { minLength: 4, maxLength: 4 }),
        (written, tokens) => {
          if (written.some(([{ whens }, deny]) => whens.some((each) => !isSilent(each, deny ? 'toFalse' : 'toTrue'))))
            return;
          const rules = written.map(([each, deny]): PolicyRule => ruleOf(each, deny));
          const matched = rules.flatMap((rule) => ('deny' in rule ? rule.match.map(({ path }) => path) : []));
          for (const token of tokens.filter((each) => decide(rules, each) !== 'granted')) {
            const less = withoutOne(token).filter((each) => matched.every((path) => path in each || !(path in token)));
            decided += less.length;
            expect(less.filter((each) => decide(rules, each) === 'granted')).toEqual([]);
          }
        },
      ),
      { numRuns: 1_500 },
    );
    expect(decided).toBeGreaterThan(100);
  });

  test('and what is said stops no policy', () => {
    const policy = `${validPolicy}  - { id: r, from: okta, when: { it: 'has(claims.team)' }, deny: true }\n`;
    expect(compileText(policy).artifact?.rules.at(-1)?.id).toBe('r');
    expect(findingsOf(policy)).toHaveLength(1);
  });
});
