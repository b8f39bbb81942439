import { describe, expect, test } from 'vitest';
import { changed, expectMistake, findingsOf, type Mistake } from '../policy-world.ts';

const denial = 'deny: { audience: payments-api }';
const mapped = '"${claims.repository}"';
const earlier = (match: string, outcome: string) =>
  `rules:\n  - { id: first, from: github, match: { ${match} }, ${outcome} }\n`;
const write = 'grant: { audience: orders-api, scopes: [orders:write] }';

const mistakes: Readonly<Record<string, Mistake>> = {
  'a rule without outcome': {
    from: `    ${denial}\n`,
    bad: '',
    finding: '35:5: rule "no-guests" neither grants nor denies | add "grant:" or "deny: true"',
    good: '    deny: true\n',
  },
  'a rule with two outcomes': {
    from: '    deny: true\n',
    bad: `    deny: true\n    ${write}\n`,
    finding: '34:5: rule "no-pull-requests" both grants and denies | make it two rules',
    good: '    deny: { audience: orders-api }\n',
  },
  'a deny rule without target': {
    from: denial,
    bad: 'deny: {}',
    finding: '38:5: this names no target | name one "audience" or one "role"',
    good: 'deny: true',
  },
  'a deny rule that outlives': {
    from: denial,
    bad: `${denial}\n    outlive: false`,
    finding: '39:5: a deny rule issues nothing that could outlive | remove it',
    good: denial,
  },
  'a grant without scopes': {
    from: 'scopes: [orders:read], claims',
    bad: 'claims',
    finding: '26:5: this grant names no scopes | add "scopes: [orders:read, orders:write]" or some of them',
    good: 'scopes: [orders:write], claims',
  },
  'a grant of an empty list of scopes': {
    from: 'scopes: [orders:read], claims',
    bad: 'scopes: [], claims',
    finding: '26:5: this grant names no scopes | add "scopes: [orders:read, orders:write]" or some of them',
    good: 'scopes: [orders:read, orders:write], claims',
  },
  'a scope that the audience does not have': {
    from: 'scopes: [orders:read], claims',
    bad: 'scopes: [orders:reed], claims',
    finding: '26:45: audience "orders-api" has no scope "orders:reed" | did you mean orders:read?',
    good: 'scopes: ["orders:read"], claims',
  },
  'a scope granted twice': {
    from: 'scopes: [orders:read], claims',
    bad: 'scopes: [orders:read, orders:read], claims',
    finding: '26:58: "orders:read" is listed twice | remove one',
    good: 'scopes: [orders:read, orders:write], claims',
  },
  "a ttl over the audience's maxTtl": {
    from: 'ttl: 5m }',
    bad: 'ttl: 601s }',
    finding: "26:106: ttl 601s is over the audience's maxTtl 10m | shorten it, or raise maxTtl of the audience",
    good: 'ttl: 600s }',
  },
  'a template of something else than claims': {
    from: mapped,
    bad: '"${actor.sub}"',
    finding: '26:75: "${actor.sub}": only claims can stand in ${…} | write ${claims.NAME}',
    good: '"$actor {sub}"',
  },
  'a template that does not end': {
    from: mapped,
    bad: '"${claims.repository"',
    finding: '26:75: "${claims.repository": only claims can stand in ${…} | write ${claims.NAME}',
    good: '"a ${claims.repository} b ${claims.ref}"',
  },
  'an unknown claim in a template': {
    from: mapped,
    bad: '"${claims.repositry}"',
    finding: '26:75: unknown claim "repositry" | did you mean repository?',
    good: '"${claims.repository_id}"',
  },
  'a list among text': {
    from: mapped,
    bad: '"for ${claims.aud}"',
    finding: '26:75: the claim "aud" is of type list and cannot stand among text | map it alone',
    good: '"${claims.aud}"',
  },
  'a rule behind one with the same match': {
    from: 'rules:\n',
    bad: earlier('ref: refs/heads/main, repository_id: "456789"', write),
    finding:
      '24:9: rule "main" is unreachable: "first" at policy.yaml:23:11 grants all it matches | move it before that rule, narrow that rule, or remove it',
    good: earlier('ref: refs/heads/main, repository_id: "456790"', write),
  },
  'a rule behind one with a wider match': {
    from: 'rules:\n',
    bad: earlier('repository_id: "456789", ref: [refs/tags/*, refs/heads/*]', write),
    finding:
      '24:9: rule "main" is unreachable: "first" at policy.yaml:23:11 grants all it matches | move it before that rule, narrow that rule, or remove it',
    good: earlier('repository_id: "456789", ref: [refs/tags/*, refs/heads/*], environment: prod', write),
  },
  'a rule of a glob behind one of a wider glob': {
    from: 'match: { sub: "system:serviceaccount:shop:*" }\n    grant: { audience: orders-api, scopes: [orders:read] }\n',
    bad: 'match: { sub: "system:**" }\n    grant: { audience: orders-api, scopes: [orders:read] }\n  - id: narrow\n    from: eks\n    match: { sub: "system:serviceaccount:shop:*" }\n    grant: { audience: orders-api, scopes: [orders:read] }\n',
    finding:
      '31:9: rule "narrow" is unreachable: "pods" at policy.yaml:27:9 grants all it matches | move it before that rule, narrow that rule, or remove it',
    good: 'match: { sub: "system:serviceaccount:*" }\n    grant: { audience: orders-api, scopes: [orders:read] }\n  - id: narrow\n    from: eks\n    match: { sub: "system:serviceaccount:shop:*" }\n    grant: { audience: orders-api, scopes: [orders:read] }\n',
  },
  'a rule that a deny rule for its target takes': {
    from: 'rules:\n',
    bad: earlier('ref: "**/main"', 'deny: { audience: orders-api }'),
    finding:
      '24:9: rule "main" is unreachable: "first" at policy.yaml:23:11 denies all it matches | narrow one of the two',
    good: earlier('ref: "**/main"', 'deny: { audience: payments-api }'),
  },
  'a rule that a later deny rule takes': {
    from: 'event_name: [pull_request, pull_request_target]',
    bad: 'repository_id: "456789"',
    finding:
      '23:9: rule "main" is unreachable: "no-pull-requests" at policy.yaml:31:9 denies all it matches | narrow one of the two',
    good: 'repository_id: "456789", event_name: pull_request',
  },
};

describe('rules', () => {
  test.each(Object.entries(mistakes))('refuses %s', (_, mistake) => expectMistake(mistake));

  test.each(
    'iss sub aud exp iat nbf jti act may_act cnf client_id scope txn tenant lineage req_wl tctx rctx'.split(' '),
  )('refuses to map the reserved claim %s', (claim) => {
    expectMistake({
      from: 'repo: "$',
      bad: `${claim}: "$`,
      finding: `26:69: the claim "${claim}" is reserved | map it under another name`,
      good: `my_${claim}: "$`,
    });
  });

  test('reach behind rules of other issuers, for other targets, and later ones', () => {
    const other = (rule: string) => findingsOf(changed('rules:\n', `rules:\n  - { id: first, ${rule} }\n`));
    const match = 'match: { sub: "repo:acme@1/**" }';
    const charge = 'grant: { audience: payments-api, scopes: [payments:charge] }';
    expect(other(`from: github, ${match}, ${charge}`)).toEqual([]);
    expect(other(`from: eks, ${match}, ${charge}`)).toEqual([]);
    expect(other(`from: eks, match: { sub: "t**" }, ${write}`)).toEqual([]);
    expect(
      findingsOf(
        changed(
          'id: no-guests',
          `id: later\n    from: github\n    match: { repository_id: "456789", ref: "r*/**" }\n    ${write}\n  - id: no-guests`,
        ),
      ),
    ).toEqual([]);
  });

  test('warn when they are open to anyone, until they name a workload', () => {
    const guests = (from: string, match: string) =>
      findingsOf(changed('rules:\n', `rules:\n  - { id: first, from: ${from}, ${match}${write} }\n`));
    expect(guests('okta', 'match: { team: blue }, ')).toEqual([
      '23:24: warning: rule "first" is open to anyone who holds such a token | name a "client", or a workload profile in "okta"',
    ]);
    expect(guests('eks', 'match: { sub: "a" }, ')).toEqual([]);
    expect(guests('eks', '')).toEqual([
      '23:24: warning: rule "first" grants to every token of "eks" | say with "match" which tokens you mean',
      expect.stringContaining('rule "pods" is unreachable'),
    ]);
  });

  test('may be absent, with a warning', () => {
    expect(findingsOf('version: 1\n')).toEqual(['1:1: warning: without rules this policy refuses everything']);
  });
});
