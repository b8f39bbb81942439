import { describe, expect, test } from 'vitest';
import { reach } from '../../../../infra/policy/rehearse/reach.ts';
import { createRehearse } from '../../../../infra/policy/rehearse/rehearse.ts';
import type { PolicyArtifact } from '../../../../shared/policy/compiled-policy.ts';
import { compileText } from '../policy-world.ts';

const now = 1_795_000_000;

/** A policy with these rules. */
function policyOf(...rules: readonly string[]): PolicyArtifact {
  const { artifact, diagnostics } = compileText(`version: 1
issuers:
  github: { url: https://token.actions.githubusercontent.com, audience: https://sts.acme.example, claims: github-actions }
  eks: { url: https://oidc.eks.eu-west-1.amazonaws.com/id/ABC, audience: https://sts.acme.example, claims: kubernetes }
  okta:
    url: https://acme.okta.example
    audience: [shop, portal, other]
    claims: { email: string, groups: list, amr: list, auth_time: int, vip: bool, team: string }
clients:
  shop: { auth: { client_secret_basic: { sha256: "${'0'.repeat(64)}" } } }
  portal: { auth: { client_secret_basic: { sha256: "${'1'.repeat(64)}" } } }
  orders: { auth: { federated: { issuer: eks, match: { sub: "system:serviceaccount:shop:orders" } } } }
audiences:
  api: { resource: https://api.acme.example, scopes: [read, write] }
  pay: { scopes: [charge, read] }
  opaque: { scopes: [read], format: reference }
roles:
  deploy: { arn: "arn:aws:iam::111122223333:role/deploy" }
rules:
${rules.map((rule) => `  - { ${rule} }`).join('\n')}
`);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return artifact ?? expect.fail('the policy does not compile');
}

const toApi = 'grant: { audience: api, scopes: [read, write] }';
const toDeploy = 'grant: { role: deploy, ttl: 15m }';
const fromMain = `id: main, from: github, match: { repository_id: "456789", ref: refs/heads/main }, ${toDeploy}`;

function waysTo(target: string, ...rules: readonly string[]) {
  const policy = policyOf(...rules);
  const { ways } = reach(policy, target, now);
  for (const { hops } of ways.filter(({ undecided }) => !undecided)) expectGranted(policy, hops);
  return ways;
}

/** Each hop is granted with the claims it shows and the times every token has. */
function expectGranted(policy: PolicyArtifact, hops: ReturnType<typeof reach>['ways'][number]['hops']): void {
  const rehearse = createRehearse(policy);
  const times = { iat: now, exp: now + 300, jti: 'x' };
  for (const { rule, client = '', target, claims, actor, scope } of hops) {
    const { from } = policy.rules.find(({ id }) => id === rule) ?? { from: '' };
    const answer = rehearse({
      subject: { issuer: from, claims: { ...times, ...claims } },
      actor: actor && { issuer: actor.issuer, claims: { ...times, ...actor.claims } },
      ...{ client, audiences: [target], resources: [], scope: scope?.split(' '), now },
    });
    expect(answer).toMatchObject({ outcome: 'granted', rule });
  }
}

describe('ways to a target', () => {
  test('show who it is and what the rule reads, and nothing else of the token', () => {
    expect(waysTo('deploy', fromMain)).toEqual([
      {
        issuer: 'github',
        hops: [
          {
            rule: 'main',
            target: 'deploy',
            claims: {
              iss: 'https://token.actions.githubusercontent.com',
              sub: 'repo:acme@1/api@456789:environment:prod',
              aud: 'https://sts.acme.example',
              repository_id: '456789',
              ref: 'refs/heads/main',
            },
          },
        ],
      },
    ]);
    expect(waysTo('api', fromMain)).toEqual([]);
  });

  test('make lists, globs and nested claims concrete', () => {
    const [way] = waysTo(
      'api',
      `id: r, from: eks, match: { sub: ["system:serviceaccount:a:b", "system:*:c:*"], "kubernetes.io.namespace": "x-*" }, ${toApi}`,
    );
    const { sub, 'kubernetes.io': own } = way?.hops[0]?.claims ?? {};
    expect(sub).toBe('system:serviceaccount:a:b');
    expect(own).toEqual({ namespace: expect.stringMatching(/^x-[^:/]+$/) });
  });

  test.each([
    ['now - claims.auth_time < 300', { auth_time: now }],
    ['now - claims.auth_time > 3600 && claims.auth_time > now - 3700', { auth_time: now - 3601 }],
    ['"mfa" in claims.amr && claims.vip', { amr: ['mfa'], vip: true }],
    ['claims.groups.exists(g, g.startsWith("admin-"))', { groups: [expect.stringMatching(/^admin-/)] }],
    ['claims.email.endsWith("@acme.example")', { email: expect.stringMatching(/@acme\.example$/) }],
    ['claims.team.matches("^(red|blue)-[0-9]+$")', { team: expect.stringMatching(/^red-[0-9]+$/) }],
    ['claims.team.matches("^[a-f]{4}(-x|y?)\\\\.[^/]+$")', { team: expect.stringMatching(/^[a-f]{4}/) }],
    ['claims.team != "some-team" && claims.team in ["some-team", "blue"]', { team: 'blue' }],
  ])('satisfy the condition %s', (condition, claims) => {
    const rule = (when: string) => `id: r, from: okta, client: portal, when: { it: '${when}' }, ${toApi}`;
    const [way] = waysTo('api', rule(condition));
    expect(way).not.toHaveProperty('undecided');
    expect(way?.hops[0]).toMatchObject({ client: 'portal', claims: { aud: 'portal', ...claims } });
    expect(waysTo('api', rule(`${condition} && false`))).toEqual([
      expect.objectContaining({ undecided: ['rule "r": it'] }),
    ]);
  });

  test.each([
    ['groups: staff', '"adm" in claims.groups', { groups: ['staff', 'adm'] }],
    [
      'email: "*@acme.example"',
      'claims.email.startsWith("adm-")',
      { email: expect.stringMatching(/^adm-.*@acme\.example$/) },
    ],
    ['team: a', '"mfa" in claims.amr', { amr: expect.arrayContaining(['mfa', 'hwk']) }],
  ])('satisfy at once what a match of %s and conditions such as %s want of one claim', (match, condition, claims) => {
    const also = `also: '"hwk" in claims.amr'`;
    const rule = (when: string) =>
      `id: r, from: okta, client: portal, match: { ${match} }, when: { ${when} }, ${toApi}`;
    const [way] = waysTo('api', rule(`it: '${condition}', ${also}`));
    expect(way).not.toHaveProperty('undecided');
    expect(way?.hops[0]).toMatchObject({ claims });
    expect(waysTo('api', rule(`it: '${condition}', never: '!(${condition})'`))[0]).toHaveProperty('undecided');
  });

  test('go round deny rules where the token can, and end where it cannot', () => {
    const deny = (more: string) => `id: d, from: github, ${more}, deny: true`;
    const [way] = waysTo('deploy', fromMain, deny('match: { environment: prod }'));
    expect(way?.hops[0]?.rule).toBe('main');
    expect(
      waysTo('deploy', fromMain, deny(`when: { it: 'claims.event_name != "schedule"' }`))[0]?.hops[0]?.claims,
    ).toMatchObject({
      event_name: 'schedule',
    });
    expect(waysTo('deploy', fromMain, deny(`when: { it: 'claims.ref != "refs/heads/x"' }`))).toEqual([]);
  });

  test('ask for what the conditions want of the request', () => {
    const [way] = waysTo(
      'api',
      `id: r, from: github, match: { repository_id: "1", ref: a }, when: { it: 'request.scopes == ["read"]' }, ${toApi}`,
    );
    expect(way?.hops[0]).toMatchObject({ scope: 'read' });
  });

  test('have an actor where the rule wants one', () => {
    const [way] = waysTo(
      'api',
      `id: r, from: okta, client: shop, actor: { from: eks, match: { sub: "system:serviceaccount:shop:*" } }, ${toApi}`,
    );
    expect(way?.hops[0]?.actor).toMatchObject({ issuer: 'eks', claims: { sub: 'system:serviceaccount:shop:orders' } });
  });

  test('that another rule takes are its own ways', () => {
    const narrow = `id: narrow, from: github, match: { repository_id: "1", ref: a }, grant: { audience: api, scopes: [read] }`;
    const wide = `id: wide, from: github, match: { repository_id: ["1", "2"], ref: a }, ${toApi}`;
    expect(waysTo('api', narrow, wide).map(({ hops }) => [hops[0]?.rule, hops[0]?.claims['repository_id']])).toEqual([
      ['narrow', '1'],
      ['wide', '2'],
    ]);
  });
});

describe('ways over our own tokens', () => {
  const first = (more: string) =>
    `id: first, from: github, match: { repository_owner_id: "1", ref: refs/heads/main }, grant: { audience: api, scopes: [read, write]${more} }`;
  const hop = (match: string, more = '') =>
    `id: hop, from: self, client: orders, match: { aud: api${match} }${more}, ${toDeploy}`;

  test('present what the server would issue', () => {
    expect(waysTo('deploy', first(', claims: { repo: "${claims.repository}" }'), hop(''))[0]?.hops[1]).toEqual({
      rule: 'hop',
      client: 'orders',
      target: 'deploy',
      claims: {
        repo: 'acme/api',
        sub: 'github|repo:acme@1/api@456789:environment:prod',
        aud: 'https://api.acme.example',
        client_id: 'github',
        scope: 'read write',
      },
    });
    expect(waysTo('deploy', first(''))).toEqual([]);
  });

  test.each([
    [', repo: acme/web', { repository: 'acme/web' }],
    [', sub: "github|repo:acme@1/web@7:*"', { sub: expect.stringMatching(/^repo:acme@1\/web@7:[^:]+$/) }],
    [', run: "run-7"', { run_id: '7' }],
  ])('begin with a token of which comes what the later rule wants: %s', (match, claims) => {
    const mapped = ', claims: { repo: "${claims.repository}", run: "run-${claims.run_id}" }';
    const [way] = waysTo('deploy', first(mapped), hop(match));
    expect(way?.hops[0]?.claims).toMatchObject(claims);
    expect(
      waysTo('deploy', first(', claims: { repo: acme/api, run: a }'), hop(match.replace('sub: "github', 'sub: "eks'))),
    ).toEqual([]);
  });

  test('begin with a token that satisfies a later condition', () => {
    const mapped = ', claims: { env: "${claims.environment}" }';
    const [way] = waysTo('deploy', first(mapped), hop('', `, when: { it: 'claims.env == "staging"' }`));
    expect(way?.hops[0]?.claims).toMatchObject({ environment: 'staging' });
  });

  test('ask for the scope that the later rule wants', () => {
    const [way] = waysTo('deploy', first(''), hop(', scope: read'));
    expect(way?.hops.map(({ scope }) => scope)).toEqual(['read', undefined]);
    expect(way?.hops[1]?.claims).toMatchObject({ scope: 'read' });
  });

  test('end where none of the scopes is left that the token has', () => {
    const pay = (scope: string) =>
      `id: pay, from: self, client: shop, match: { aud: api }, grant: { audience: pay, scopes: [${scope}] }`;
    expect(waysTo('pay', first(''), pay('read'))).toHaveLength(1);
    expect(waysTo('pay', first(''), pay('charge'))).toEqual([]);
    const own = { issuer: 'self', claims: { sub: 'a', aud: 'https://api.acme.example', scope: 'read', exp: now + 9 } };
    const request = { ...{ subject: own, client: 'shop', audiences: ['pay'], resources: [] }, scope: undefined, now };
    expect(createRehearse(policyOf(pay('charge')))(request)).toMatchObject({ error: 'invalid_scope', reason: 'scope' });
    expect(createRehearse(policyOf(pay('read')))(request)).toMatchObject({ outcome: 'granted', scopes: ['read'] });
    // What says nothing of a scope is not about one.
    const { scope: _, ...unsaid } = own.claims;
    const about = { ...request, subject: { ...own, claims: unsaid } };
    expect(createRehearse(policyOf(pay('charge')))(about)).toMatchObject({ outcome: 'granted', scopes: [] });
  });

  test('come by no audience twice, and never by references', () => {
    const there = 'id: there, from: self, client: shop, match: { aud: api }, grant: { audience: pay, scopes: [read] }';
    const back = 'id: back, from: self, client: shop, match: { aud: pay }, grant: { audience: api, scopes: [read] }';
    const last = `id: last, from: self, client: portal, match: { aud: pay }, ${toDeploy}`;
    const ways = waysTo('deploy', first(''), there, back, last);
    expect(ways.map(({ hops }) => hops.map(({ rule }) => rule))).toEqual([['first', 'there', 'last']]);
    const any = `id: any, from: self, client: portal, match: { aud: ["api", "*p*"] }, ${toDeploy}`;
    const opaque =
      'id: opaque, from: github, match: { repository_id: "1", ref: a }, grant: { audience: opaque, scopes: [read] }';
    expect(waysTo('deploy', first(''), opaque, any).map(({ hops }) => hops[0]?.rule)).toEqual(['first']);
  });
});
