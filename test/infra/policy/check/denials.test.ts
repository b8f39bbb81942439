import { describe, expect, test } from 'vitest';
import { findingsOf, validPolicy } from '../policy-world.ts';

/** Messages of a policy of one denial, without places and hints. */
function deny(match: string, claims = 'github-actions', more = ''): readonly string[] {
  const text = `version: 1
issuers: { ci: { url: "https://ci.example", audience: a, claims: ${claims} } }
rules:
  - { id: r, from: ci, match: { ${match} }, ${more}deny: true }
`;
  return findingsOf(text).map((finding) => finding.replace(/^\d+:\d+: /, '').replace(/ \| .*$/, ''));
}

const escapes = (claim: string, severity = 'warning: ') =>
  `${severity}rule "r" denies by "${claim}", which not every token has: one without it is not denied`;

describe('a denial by a claim that not every token has', () => {
  test.each<[string, string, string, string]>([
    ['environment: prod', 'environment', 'runner_environment: self-hosted', 'github-actions'],
    ['repo_property_tier: test', 'repo_property_tier', 'repository: acme/a', 'github-actions'],
    ['"kubernetes.io.pod.name": a', 'kubernetes.io.pod.name', '"kubernetes.io.namespace": a', 'kubernetes'],
    ['"kubernetes.io.labels.a": a', 'kubernetes.io.labels.a', '"kubernetes.io.serviceaccount.uid": a', 'kubernetes'],
    [
      '"https://sts.amazonaws.com/.principal_tags.a": a',
      'https://sts.amazonaws.com/.principal_tags.a',
      '"https://sts.amazonaws.com/.aws_account": a',
      'aws',
    ],
    ['jti: a', 'jti', 'sub: a', 'spiffe'],
  ])('%s is warned of', (bad, claim, good, claims) => {
    expect(deny(bad, claims)).toContain(escapes(claim));
    expect(deny(good, claims)).toEqual([]);
  });

  test('is warned of in the actor as in the subject', () => {
    const acting = (match: string) => deny('sub: a', 'kubernetes', `actor: { from: ci, match: { ${match} } }, `);
    expect(acting('"kubernetes.io.pod.name": a')).toEqual([escapes('kubernetes.io.pod.name')]);
    expect(acting('"kubernetes.io.namespace": a')).toEqual([]);
  });

  test('is warned of for our own tokens, which lack what no audience and no grant gave them', () => {
    const own = (match: string) =>
      findingsOf(`${validPolicy}  - { id: r, from: self, client: any, match: { ${match} }, deny: true }\n`);
    for (const claim of ['scope', 'client_id', 'txn', 'repo', 'act.sub']) {
      expect(own(`${claim}: a`)).toEqual([expect.stringContaining(`rule "r" denies by "${claim}"`)]);
    }
    for (const claim of ['sub', 'jti']) expect(own(`${claim}: a`)).toEqual([]);
  });

  test('is not spoken of where a map of claims does not say which are always there', () => {
    expect(deny('team: a', '{ team: string }')).toEqual([]);
    expect(deny('environment: a')).toEqual([escapes('environment')]);
  });

  test.each<[string, string, string, string]>([
    ['"oidc.circleci.com/vcs-origin": "github.com/evil/**"', 'oidc.circleci.com/vcs-origin', 'circleci', ''],
    ['scm_pull_request_target_branch: main', 'scm_pull_request_target_branch', 'codefresh', ''],
    ['pr_branch: "f*"', 'pr_branch', 'semaphore', ''],
    ['terraform_run_phase: plan', 'terraform_run_phase', 'hcp-terraform', ''],
    ['branch: "pull/*"', 'branch', 'semaphore', ''],
    ['branch: main', 'branch', 'semaphore', 'warning: '],
  ])('and that tells forks or pull requests, is refused: %s', (match, claim, claims, severity) => {
    expect(deny(match, claims)).toEqual([escapes(claim, severity)]);
  });

  test('may be one that every token has, also of forks and pull requests', () => {
    expect(deny('"oidc.circleci.com/ssh-rerun": true', 'circleci')).toEqual([]);
    expect(deny('event_name: pull_request')).toEqual([]);
    expect(deny('runType: PROPOSED', 'spacelift')).toEqual([]);
    expect(deny('rpo_ref: "refs/pull/**"', 'azure-devops')).toEqual([]);
  });
});

test('a denial by GitHub’s sub misses pull requests whose job has an environment', () => {
  expect(deny('sub: "repo:**:pull_request"')).toEqual([expect.stringMatching(/^rule "r" misses pull requests/)]);
  expect(deny('sub: "repo:**:ref:refs/heads/a"')).toEqual([]);
});
