import { describe, expect, test } from 'vitest';
import { compileText, findingsOf, validPolicy } from '../policy-world.ts';

const withRule = (from: string, expression: string, more = '') =>
  `${validPolicy}  - id: conditional
    from: ${from}
    when: { it: ${expression} }
    grant: { audience: payments-api, scopes: [payments:charge] }
    client: app
${more}clients:
  app: { auth: { client_secret_basic: { sha256: "${'0'.repeat(64)}" } } }
`;

/** Findings of a condition, by column inside the expression (from 1), without what every finding begins with. */
function lint(expression: string, from = 'okta', more = ''): readonly string[] {
  return findingsOf(withRule(from, `'${expression.replaceAll("'", "''")}'`, more)).map((finding) =>
    finding.replace(/^41:(\d+): condition "it": /, (_, column) => `${Number(column) - 17}: `),
  );
}

const actor = '    actor: { from: eks, match: { sub: a } }\n';

/** An expression, what is said of it, and a twin that is fine. */
const mistakes: readonly (readonly [bad: string, finding: string, good: string])[] = [
  ['claims.team =', '13: not valid CEL: unexpected "="', 'claims.team == "a"'],
  ['claims.team == "a" and true', '20: not valid CEL: unexpected "a"', 'claims.team == "a" && true'],
  ['claim.team == "a"', '1: unknown variable "claim" | did you mean claims?', 'claims.team == "a"'],
  ['claims.teem == "a"', '1: unknown claim "teem" | did you mean team?', 'claims.team == "a"'],
  ['has(claims.teem)', '5: unknown claim "teem" | did you mean team?', 'has(claims.team)'],
  ['claims["teem"] == "a"', '1: unknown claim "teem" | did you mean team?', 'claims["team"] == "a"'],
  ['claims.team.x == "a"', '1: unknown claim "team.x" | "team" has no such member', 'claims.extra.x == "a"'],
  [
    'request.scope == ["a"]',
    '1: request has no "scope" | did you mean scopes?',
    'request.scopes == ["a"] && "x" in request.audiences && size(request.resources) == 0',
  ],
  ['request.scopes.x', '1: request.scopes is a list', 'request.scopes[0] == "a"'],
  ['client.name == "a"', '1: client has no members', 'client == "app"'],
  [
    'now - claims.iat < timestamp(300)',
    '20: timestamp() is not for conditions | use now and whole seconds: now - claims.iat < 300',
    'now - claims.iat < 300',
  ],
  ['claims.iat.getSeconds() > 3', '11: getSeconds() is not for conditions', 'claims.iat > 3'],
  [
    'claims.team.startWith("a")',
    '12: unknown function "startWith" | did you mean startsWith?',
    'claims.team.startsWith("a")',
  ],
  [
    'startsWith(claims.team, "a")',
    '1: startsWith() is not called like this | write claims.x.startsWith("text")',
    'size(claims.team) == 1',
  ],
  [
    'claims.groups.exists(x == "a")',
    '14: exists() is not written like this | such as claims.list.exists(x, x == "a")',
    'claims.groups.exists(x, x == "a")',
  ],
  [
    'claims.groups.contains("a")',
    '14: contains() is for strings, this is a list | "x" in claims.list',
    '"a" in claims.groups',
  ],
  ['"a" in claims.team', '14: "in" looks into a list, this is a string', '"a" in claims.groups'],
  ['claims.runner_id == "7"', '18: this compares a number with a string', 'claims.runner_id == 7'],
  ['claims.team.matches("a(?=b)")', '12: "a(?=b)" is no regular expression of RE2', 'claims.team.matches("a+b")'],
  ['google.protobuf.Duration{seconds: 1} == 1', '1: google.protobuf.Duration cannot be made here', 'now == 1'],
  ['actor.sub == "a"', '1: this rule has no actor token | add "actor: { from: ISSUER }" to the rule', 'client == "a"'],
];

/** What is evidently no bool. */
const notBool: readonly (readonly [expression: string, kind: string])[] = [
  ['"true"', 'a string'],
  ['1', 'a number'],
  ['null', 'null'],
  ['[true]', 'a list'],
  ['{"a": true}', 'a map'],
  ['now - 1', 'a number'],
  ['claims.team + "a"', 'another value'],
  ['claims.team', 'a string'],
  ['claims.groups', 'a list'],
  ['claims.groups.filter(g, g == "a")', 'a list'],
  ['request', 'a map'],
  ['client', 'a string'],
  ['size(claims.groups)', 'a number'],
  ['claims.trusted ? "a" : "b"', 'a string'],
  ['claims.trusted ? true : 1', 'another value'],
];

describe('conditions', () => {
  test.each(mistakes)('%s is refused', (bad, finding, good) => {
    expect(lint(bad)).toEqual(expect.arrayContaining([expect.stringContaining(finding)]));
    expect(lint(good)).toEqual([]);
  });

  test.each(notBool)('%s is no condition', (expression, kind) => {
    expect(lint(expression)).toEqual([
      expect.stringContaining(`this must be true or false, it is ${kind} | compare it`),
    ]);
    expect(lint(`(${expression}) == (${expression})`)).toEqual([]);
  });

  test.each([
    'claims.trusted',
    'claims.extra.on',
    'claims.trusted ? claims.extra.on : false',
    'claims.groups.all(g, g.startsWith("a"))',
    'claims.groups.exists_one(g, g == "a")',
    'type(claims.extra.x) == string',
    '!(claims.team in ["a", "b"])',
    'claims[request.scopes[0]] == "a"',
    'claims.extra["a b"].c[0] == 1',
  ])('%s is fine', (expression) => {
    expect(lint(expression)).toEqual([]);
    expect(lint(`${expression} && clams`)).toEqual([expect.stringContaining('unknown variable "clams"')]);
  });

  test('need bools on both sides of && and ||, and before ?', () => {
    expect(lint('claims.trusted && claims.team')).toEqual([expect.stringMatching(/^25: this must be true or false/)]);
    expect(lint('claims.team ? true : false')).toEqual([expect.stringMatching(/^7: this must be true or false/)]);
    expect(lint('claims.trusted && claims.extra.on ? true : false')).toEqual([]);
  });

  test('see locals of a loop in the loop alone', () => {
    expect(lint('claims.groups.exists(team, team == "a") && team == "a"')).toEqual([
      '44: unknown variable "team" | known: actor, claims, client, now, request',
    ]);
    expect(lint('claims.groups.exists(claims, claims.teem == "a")')).toEqual([]);
  });

  test('have loops two deep, and no deeper', () => {
    const deep = (inner: string) => `claims.groups.all(a, claims.groups.all(b, ${inner}))`;
    expect(lint(deep('a == b'))).toEqual([]);
    expect(lint(deep('claims.groups.all(c, a == c)'))).toEqual([
      expect.stringContaining('more than 2 loops inside each other'),
    ]);
    expect(lint('claims.groups.map(a, a).map(b, b).filter(c, c == "a") == []')).toEqual([]);
  });

  test('have loops that make no more of what they go through, however many there are in a row', () => {
    const row = (step: string, times: number) =>
      `claims.groups${`.map(a, ${step})`.repeat(times)}.exists(b, size(b) > 1)`;
    expect(lint(row('a + "x"', 3))).toEqual([]);
    expect(lint(row('a', 4))).toEqual([expect.stringContaining('more than 4 loops, each over what another has made')]);
    for (const [twice, once] of [
      ['a + a', 'a + client'],
      ['[a, a]', '[a, "x"]'],
      ['{"x": a, "y": [a]}', '{"x": a, "y": 1}'],
      ['"x" + a + (a + "y")', '"x" + a + "y"'],
    ] as const) {
      expect(lint(row(twice, 1))).toContainEqual(expect.stringContaining('makes twice of what it goes through'));
      expect(lint(row(once, 1))).toEqual([]);
    }
    // Sums of numbers, and what stands side by side, make nothing larger.
    expect(lint('claims.groups.all(a, size(a) + size(a) < 9)')).toEqual([]);
    const five = Array.from({ length: 5 }, () => 'claims.groups.exists(a, a == "x")');
    expect(lint(five.join(' && '))).toEqual([]);
    expect(lint('claims.groups.all(a, a in ["x", "y"] || claims.groups.exists(b, a == b))')).toEqual([]);
  });

  test('end somewhere', () => {
    expect(lint(`${'('.repeat(16)}true${')'.repeat(16)}`)).toEqual([]);
    expect(lint(`${'('.repeat(17)}true${')'.repeat(17)}`)).toEqual([expect.stringContaining('brackets nest deeper')]);
    expect(lint(`"${'('.repeat(17)}" == client`)).toEqual([]);
    expect(lint('true || '.repeat(127).concat('true'))).toEqual([]);
    expect(lint('true || '.repeat(128).concat('true'))).toEqual([expect.stringContaining('at most 1024 characters')]);
  });

  test('see the actor token of a rule that has one, and of any in a deny rule', () => {
    expect(lint('actor.sub == "a"', 'okta', actor)).toEqual([]);
    expect(lint('actor.subb == "a"', 'okta', actor)).toEqual(['1: unknown claim "subb" | did you mean sub?']);
    const denied = (expression: string) =>
      findingsOf(`${validPolicy}  - { id: r, from: eks, when: { it: '${expression}' }, deny: true }\n`);
    expect(denied('has(actor.sub)')).toEqual([]);
    expect(denied('has(actor.anything)')).toEqual([
      expect.stringContaining('lacks "actor.anything" may not be denied'),
    ]);
    expect(denied('has(claims.anything)')).toEqual([expect.stringContaining('unknown claim "anything"')]);
  });

  test('write claims with dots in brackets', () => {
    expect(lint('claims.kubernetes.io.namespace == "shop"', 'eks')).toEqual([
      '1: unknown claim "kubernetes" | write claims["kubernetes.io"]',
    ]);
    expect(lint('claims["kubernetes.io.namespace"] == "shop"', 'eks')).toEqual([
      '1: unknown claim "kubernetes.io.namespace" | write claims["kubernetes.io"]',
    ]);
    expect(lint('claims["kubernetes.io"].namespace == "shop"', 'eks')).toEqual([]);
  });

  test('are told at their place, however they are quoted', () => {
    const place = (written: string) => findingsOf(withRule('okta', written))[0]?.split(':').slice(0, 2).join(':');
    expect(place('now == 1 && clams')).toBe('41:29');
    expect(place("'now == 1 && clams'")).toBe('41:30');
    expect(place('"now == 1 && clams"')).toBe('41:30');
    expect(place('"now == 1 && clams == \\"a\\""')).toBe('41:17');
  });

  test('reach the artifact as they are written', () => {
    expect(compileText(withRule('okta', 'claims.trusted')).artifact?.rules.at(-1)?.when).toEqual([
      { name: 'it', expression: 'claims.trusted' },
    ]);
  });
});

test('a condition that spells the other form of an origin is told which form it sees', () => {
  const warning =
    'warning: condition "it": the audience is "https://orders.acme.example" here, and never "https://orders.acme.example/"';
  expect(lint('"https://orders.acme.example/" in request.resources')).toEqual([expect.stringContaining(warning)]);
  expect(lint('"https://orders.acme.example" in request.resources')).toEqual([]);
  expect(lint('claims.team == "https://orders.acme.example/"')).toEqual([]);
});
