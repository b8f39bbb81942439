import { describe, expect, test } from 'vitest';
import { findingsOf } from '../policy-world.ts';

function issuer(audience: string, claims = 'github-actions'): readonly string[] {
  const text = `version: 1
issuers: { ci: { url: "https://ci.example", audience: ${audience}, claims: ${claims} } }
rules: [{ id: r, from: ci, deny: true }]
`;
  return findingsOf(text);
}

describe('an audience that others receive too', () => {
  test.each([
    ['sts.amazonaws.com', 'sts.acme.example', 'github-actions'],
    ['api://AzureADTokenExchange', 'api://acme', 'gitlab'],
    ['//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p', '//sts.acme.example/p', 'gitlab'],
    ['aws.workload.identity', 'acme.workload.identity', 'hcp-terraform'],
    ['https://kubernetes.default.svc.cluster.local', 'https://sts.acme.example', 'kubernetes'],
    ['https://github.com/acme', 'https://github.com/acme/sts', 'github-actions'],
    ['https://buildkite.com/acme', 'https://sts.acme.example', 'buildkite'],
    ['sigstore', 'sts', 'codefresh'],
  ])('%s is warned of, %s is fine', (bad, good, claims) => {
    expect(issuer(`"${bad}"`, claims)).toEqual([
      expect.stringMatching(
        /^2:\d+: warning: tokens for ".*" are sent to others too, who could present them here \| let /,
      ),
    ]);
    expect(issuer(`"${good}"`, claims)).toEqual([]);
  });

  test('is told alone among others, at its place', () => {
    expect(issuer('[sts.acme.example, sts.amazonaws.com]')).toEqual([expect.stringMatching(/^2:74: warning: tokens/)]);
  });

  test('is what Azure DevOps always writes, and GitHub’s default is nobody else’s', () => {
    expect(issuer('"api://AzureADTokenExchange"', 'azure-devops')).toEqual([]);
    expect(issuer('"https://github.com/acme"', 'gitlab')).toEqual([]);
  });
});

test('an issuer without an audience is refused, and told why', () => {
  const text = (members: string) => `version: 1\nissuers: { ci: { url: "https://ci.example"${members} } }\nrules: []\n`;
  const [finding] = findingsOf(text(''));
  expect(finding).toMatch(/"audience" is missing here \| add "audience:" with a value of your own/);
  expect(findingsOf(text(', audience: a'))).toEqual([expect.stringContaining('without rules')]);
});
