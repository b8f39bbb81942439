import { describe, expect, test } from 'vitest';
import { findingsOf } from '../policy-world.ts';

/** Findings of a policy with these rules, without places. */
function messages(...rules: readonly string[]): readonly string[] {
  const text = `version: 1
issuers: { github: { url: https://token.actions.githubusercontent.com, audience: a, claims: github-actions } }
clients: { app: { auth: { client_secret_basic: { sha256: "${'0'.repeat(64)}" } } } }
audiences: { api: { scopes: [read] }, middle: { scopes: [read] }, opaque: { scopes: [read], format: reference } }
roles: { deploy: { arn: "arn:aws:iam::111122223333:role/deploy" } }
rules:
${rules.map((rule) => `  - { ${rule} }`).join('\n')}
`;
  return findingsOf(text).map((finding) => finding.replace(/^\d+:\d+: /, ''));
}

const own = 'repository_owner_id: "1", repository_id: "2"';
const first = (more = '', audience = 'api', match = own) =>
  `id: first, from: github, match: { ${match} }, grant: { audience: ${audience}, scopes: [read]${more} }`;
const hop = (aud: string, grant: string, match = '', id = 'hop') =>
  `id: ${id}, from: self, client: app, match: { aud: ${aud}${match} }, grant: { ${grant} }`;
const toDeploy = hop('api', 'role: deploy, ttl: 15m');
const deny = (what: string, match = 'event_name: [pull_request, pull_request_target]') =>
  `id: no-prs, from: github, match: { ${match} }, deny: ${what}`;
const denied = deny('{ role: deploy }');

const lost = (path: string, over: string) =>
  expect.stringContaining(
    `warning: rule "no-prs" does not deny "deploy" over ${over}: a token it denies gets ${path} |`,
  );
const twoHops = lost('"api" by rule "first", then "deploy" by rule "hop"', '"api"');

describe('a denial that does not survive a hop', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['of its own target alone', [first(), toDeploy, denied], [first(), toDeploy, deny('true')]],
    [
      'beside no other of the audience',
      [first(), toDeploy, denied],
      [first(), toDeploy, denied, deny('{ audience: api }').replace('no-prs', 'also')],
    ],
    [
      'where nothing goes on from there',
      [first(), toDeploy, denied],
      [first(), hop('middle', 'role: deploy, ttl: 15m'), denied],
    ],
    [
      'of tokens that get the audience',
      [first(), toDeploy, denied],
      [first('', 'api', `${own}, event_name: push`), toDeploy, denied],
    ],
    [
      'that the rule from self does not know',
      [first(', claims: { event: "${claims.event_name}" }'), toDeploy, denied],
      [
        first(', claims: { event: "${claims.event_name}" }'),
        hop('api', 'role: deploy, ttl: 15m', ', event: push'),
        denied,
      ],
    ],
    [
      'by a condition',
      [
        first(),
        toDeploy,
        `id: no-prs, from: github, when: { it: 'claims.event_name.startsWith("pull_request")' }, deny: { role: deploy }`,
      ],
      [
        first(),
        toDeploy,
        `id: no-prs, from: github, when: { it: 'claims.event_name.startsWith("pull_request")' }, deny: true`,
      ],
    ],
  ])('is warned of: one %s', (_, bad, good) => {
    expect(messages(...bad)).toContainEqual(twoHops);
    expect(messages(...good).filter((message) => message.includes('does not deny'))).toEqual([]);
  });

  test('is followed over several audiences', () => {
    const there = hop('api', 'audience: middle, scopes: [read]', '', 'there');
    const path = '"api" by rule "first", then "middle" by rule "there", then "deploy" by rule "hop"';
    expect(messages(first(), there, hop('middle', 'role: deploy, ttl: 15m'), denied)).toContainEqual(
      lost(path, '"api", "middle"'),
    );
  });

  test('names the place where it could be denied', () => {
    expect(messages(first(), toDeploy, denied)).toContainEqual(
      expect.stringContaining('| deny it "api" too, or let rule "hop" match a claim that tells such tokens'),
    );
  });
});
