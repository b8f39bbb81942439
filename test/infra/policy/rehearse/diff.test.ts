import { describe, expect, test } from 'vitest';
import { diffPolicies } from '../../../../infra/policy/rehearse/diff.ts';
import type { Change } from '../../../../infra/policy/rehearse/trust-changes.ts';
import type { PolicyArtifact } from '../../../../shared/policy/compiled-policy.ts';
import { compileText } from '../policy-world.ts';

const now = 1_795_000_000;

interface Written {
  readonly rules: readonly string[];
  readonly github?: string;
  readonly audience?: string;
  readonly clients?: string;
  readonly api?: string;
  readonly deploy?: string;
}

const secret = (digit: string) => `{ auth: { client_secret_basic: { sha256: "${digit.repeat(64)}" } } }`;

function policyOf({
  rules,
  github = '',
  audience = 'https://sts.acme.example',
  clients = '',
  api = '',
  deploy = '',
}: Written): PolicyArtifact {
  const { artifact, diagnostics } = compileText(`version: 1
issuers:
  github: { url: https://token.actions.githubusercontent.com, audience: ${audience}, claims: github-actions${github} }
  eks: { url: https://oidc.eks.eu-west-1.amazonaws.com/id/ABC, audience: https://sts.acme.example, claims: kubernetes }
  okta: { url: https://acme.okta.example, audience: other, claims: { email: string, auth_time: int, team: string } }
clients:
  shop: ${secret('0')}
  orders: { auth: { federated: { issuer: eks, match: { sub: "system:serviceaccount:shop:orders" } } } }
${clients}
audiences:
  api: { resource: https://api.acme.example, scopes: [read, write]${api} }
  pay: { scopes: [charge] }
roles:
  deploy: { arn: "arn:aws:iam::111122223333:role/deploy"${deploy} }
rules:
${rules.map((rule) => `  - { ${rule} }`).join('\n')}
`);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return artifact ?? expect.fail('the policy does not compile');
}

const shown = ({ who, what }: Change) => `${who} ${what}`;

/** What changes from the one to the other, and that it is the other way round from the other to the one. */
function changes(before: Written, after: Written) {
  const [old, current] = [policyOf(before), policyOf(after)];
  const { gains, loses, undecided } = diffPolicies(old, current, now);
  const back = diffPolicies(current, old, now);
  expect([back.gains.map(shown), back.loses.map(shown)]).toEqual([loses.map(shown), gains.map(shown)]);
  for (const { way } of gains) expect(way?.hops[0]?.claims).toBeDefined();
  return { gains: gains.map(shown), loses: loses.map(shown), undecided, ways: gains.map(({ way }) => way) };
}

const toApi = 'grant: { audience: api, scopes: [read] }';
const rule = (match: string, more = '', grant = toApi) => `id: r, from: github, match: { ${match} }${more}, ${grant}`;
const main = 'repository_id: "456789", ref: refs/heads/main';
const one = (text: string, rest: Omit<Written, 'rules'> = {}): Written => ({ rules: [text], ...rest });
const deny = (match: string, what = 'true') => `id: d, from: github, match: { ${match} }, deny: ${what}`;

describe('who gains', () => {
  test.each<[string, Written, Written, readonly string[]]>([
    [
      'another value',
      one(rule(main)),
      one(rule('repository_id: "456789", ref: [refs/heads/main, refs/heads/dev]')),
      ['github api'],
    ],
    [
      'a wider glob',
      one(rule('repository_id: "456789", ref: "refs/heads/*"')),
      one(rule('repository_id: "456789", ref: "refs/**"')),
      ['github api'],
    ],
    ['a claim less', one(rule(main)), one(rule('repository_id: "456789"')), ['github api']],
    [
      'a condition less',
      one(rule(main, `, when: { fresh: 'now - claims.iat < 60' }`)),
      one(rule(main)),
      ['github api'],
    ],
    ...[
      ['now - claims.auth_time < 300', 'now - claims.auth_time < 900'],
      ['claims.auth_time >= now - 300', 'claims.auth_time >= now - 900'],
      ['claims.exp - now > 200', 'claims.exp - now > 100'],
    ].map(([closer, wider]): [string, Written, Written, readonly string[]] => {
      const within = (it: string) => one(`id: r, from: okta, client: shop, when: { it: '${it}' }, ${toApi}`);
      return [`a wider bound in ${closer}`, within(closer ?? ''), within(wider ?? ''), ['okta api']];
    }),
    ['a client less', one(rule(main, ', client: shop')), one(rule(main)), ['github api']],
    ['another client', one(rule(main, ', client: shop')), one(rule(main, ', client: [shop, orders]')), ['github api']],
    ['any client', one(rule(main, ', client: shop')), one(rule(main, ', client: any')), ['github api']],
    [
      'an actor less',
      one(rule(main, ', actor: { from: eks, match: { sub: "system:serviceaccount:shop:a" } }')),
      one(rule(main)),
      ['github api'],
    ],
    [
      'another actor',
      one(rule(main, ', actor: { from: eks, match: { sub: "system:serviceaccount:shop:a" } }')),
      one(rule(main, ', actor: { from: eks, match: { sub: "system:serviceaccount:shop:*" } }')),
      ['github api'],
    ],
    [
      'wider scopes',
      one(rule(main)),
      one(rule(main, '', 'grant: { audience: api, scopes: [read, write] }')),
      ['github api: scope write'],
    ],
    [
      'a longer lifetime',
      one(rule(main)),
      one(rule(main, '', 'grant: { audience: api, scopes: [read], ttl: 15m }')),
      ['github api: lifetime 5m → 15m'],
    ],
    [
      'to outlive',
      one(rule(main)),
      one(rule(main, ', outlive: true')),
      ['github api: outlives the token it is made from'],
    ],
    [
      'another claim',
      one(rule(main)),
      one(rule(main, '', 'grant: { audience: api, scopes: [read], claims: { repo: "${claims.repository}" } }')),
      ['github api: claim repo'],
    ],
    ['a deny rule less', { rules: [rule(main), deny('event_name: pull_request')] }, one(rule(main)), ['github api']],
    [
      'a narrower deny rule',
      { rules: [rule(main), deny('event_name: [push, pull_request]')] },
      { rules: [rule(main), deny('event_name: pull_request')] },
      ['github api'],
    ],
    [
      'a deny rule for another target',
      { rules: [rule(main), deny('event_name: pull_request')] },
      { rules: [rule(main), deny('event_name: pull_request', '{ audience: pay }')] },
      ['github api'],
    ],
    [
      'another audience of an issuer',
      one(rule(main)),
      one(rule(main), { audience: '[https://sts.acme.example, b]' }),
      ['github api'],
    ],
    [
      'a longer lifetime of an audience',
      one(rule(main), { api: ', ttl: 1m' }),
      one(rule(main), { api: ', ttl: 2m' }),
      ['github api: lifetime 1m → 2m'],
    ],
    [
      'other keys',
      one(rule(main)),
      one(rule(main), { github: ', jwksUri: "https://keys.example/jwks"' }),
      ['github tokens signed with other keys'],
    ],
    [
      'used tokens',
      one(rule(main), { github: ', singleUse: true' }),
      one(rule(main)),
      ['github tokens that were used before'],
    ],
    [
      'a new rule',
      one(rule(main)),
      {
        rules: [
          rule(main),
          'id: n, from: eks, match: { sub: "system:serviceaccount:a:b" }, grant: { role: deploy, ttl: 15m }',
        ],
      },
      ['eks deploy'],
    ],
  ])('by %s', (_, before, after, gains) => {
    expect(changes(before, after)).toMatchObject({ gains, undecided: [] });
    expect(changes(after, after)).toMatchObject({ gains: [], loses: [], undecided: [] });
  });

  test('by a wider federation, another role and a limit less', () => {
    const federated = (match: string) =>
      one(rule(main, ', client: pod'), {
        clients: `  pod: { auth: { federated: { issuer: eks, match: { sub: "${match}" } } } }`,
      });
    expect(changes(federated('system:serviceaccount:a:b'), federated('system:serviceaccount:a:*')).gains).toEqual([
      'client pod another way to authenticate',
    ]);
    const role = (arn: string, more: string) => ({
      ...one(rule(main, '', `grant: { role: other, ttl: 15m${more} }`)),
      deploy: ` }\n  other: { arn: "arn:aws:iam::111122223333:role/${arn}"`,
    });
    expect(changes(role('a', ''), role('b', '')).gains).toEqual(['github other: another role ARN']);
    const limited = ', policyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"]';
    expect(changes(role('a', limited), role('a', '')).gains).toEqual(['github other: no managed policies']);
    expect(changes(role('a', ', tags: { env: a }'), role('a', ', tags: { env: b }')).gains).toEqual([
      'github other: tag env',
    ]);
  });

  test('over our own tokens, of everything behind the first', () => {
    const hop = 'id: hop, from: self, client: orders, match: { aud: api }, grant: { role: deploy, ttl: 15m }';
    const { gains, ways } = changes({ rules: [rule(main), hop] }, { rules: [rule('repository_id: "456789"'), hop] });
    expect(gains).toEqual(['github api', 'github deploy']);
    expect(ways[1]?.hops.map(({ rule: id }) => id)).toEqual(['r', 'hop']);
    expect(changes(one(rule(main)), { rules: [rule(main), hop] }).gains).toEqual(['github deploy']);
  });

  test('by a rule that now stands before a narrower one', () => {
    const narrow =
      'id: narrow, from: github, match: { repository_id: "1", ref: refs/heads/main }, grant: { audience: api, scopes: [read] }';
    const wide =
      'id: wide, from: github, match: { repository_id: ["1", "2"], ref: "refs/heads/*" }, grant: { audience: api, scopes: [read, write] }';
    const also =
      'id: also, from: github, match: { repository_id: "1", ref: "refs/heads/*", environment: prod }, grant: { audience: api, scopes: [read, write] }';
    expect(changes({ rules: [narrow, wide] }, { rules: [also, narrow, wide] }).gains).toEqual([
      'github api: scope write',
    ]);
    expect(changes({ rules: [narrow, wide] }, { rules: [wide] }).gains).toEqual(['github api: scope write']);
    expect(changes({ rules: [narrow, wide] }, { rules: [narrow, also] }).gains).toEqual([]);
  });
});

describe('nobody gains', () => {
  test.each<[string, Written, Written]>([
    ['another id', one(rule(main)), one(rule(main).replace('id: r', 'id: other'))],
    [
      'the same list in another order',
      one(rule('repository_id: ["1", "2"], ref: a')),
      one(rule('ref: a, repository_id: ["2", "1"]')),
    ],
    [
      'a rule that another covers',
      one(rule('repository_id: "1"')),
      {
        rules: [
          'id: n, from: github, match: { repository_id: "1", ref: a }, grant: { audience: api, scopes: [read] }',
          rule('repository_id: "1"'),
        ],
      },
    ],
  ])('by %s', (_, before, after) => {
    expect(changes(before, after)).toMatchObject({ gains: [], loses: [], undecided: [] });
  });

  test.each<[string, Written, Written]>([
    [
      'a narrower glob',
      one(rule('repository_id: "1", ref: "refs/**"')),
      one(rule('repository_id: "1", ref: "refs/heads/*"')),
    ],
    ['a condition more', one(rule(main)), one(rule(main, `, when: { it: 'claims.environment == "prod"' }`))],
    [
      'a closer bound',
      one(`id: r, from: okta, client: shop, when: { it: 'now - claims.auth_time < 900' }, ${toApi}`),
      one(`id: r, from: okta, client: shop, when: { it: 'now - claims.auth_time < 300' }, ${toApi}`),
    ],
    [
      'a session policy',
      one(rule(main, '', 'grant: { role: deploy, ttl: 15m }')),
      one(rule(main, '', 'grant: { role: deploy, ttl: 15m, policyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"] }')),
    ],
  ])('by %s, and somebody loses', (_, before, after) => {
    const { gains, loses, undecided } = changes(before, after);
    expect({ gains, undecided }).toEqual({ gains: [], undecided: [] });
    expect(loses).toHaveLength(1);
  });
});

test('what cannot be told is told as such', () => {
  const when = (expression: string) => one(rule(main, `, when: { it: '${expression}' }`));
  const { gains, undecided } = diffPolicies(
    policyOf(when('claims.sha.matches("^[a-f]+$") && size(claims.sha) == 40')),
    policyOf(when('claims.sha.matches("^[a-g]+$") && size(claims.sha) == 40')),
    now,
  );
  expect(gains).toEqual([]);
  expect(undecided).not.toEqual([]);
});
