import { describe, expect, test } from 'vitest';
import { findingsOf } from '../policy-world.ts';

const github = 'https://token.actions.githubusercontent.com';
const grant = 'grant: { audience: api, scopes: [read] }';

interface Written {
  readonly claims?: string;
  readonly url?: string;
  readonly match?: string;
  readonly more?: string;
  readonly outcome?: string;
}

/** Messages of a policy of one rule, without places and hints. */
function messages({ claims = 'github-actions', url = github, match = '', more = '', outcome = grant }: Written) {
  const text = `version: 1
issuers: { ci: { url: "${url}", audience: a, claims: ${claims} } }
audiences: { api: { scopes: [read] } }
rules:
  - { id: r, from: ci, match: { ${match} }, ${outcome} }
${more}`;
  return findingsOf(text).map((finding) => finding.replace(/^\d+:\d+: /, '').replace(/ \| .*$/, ''));
}

const anybody = expect.stringContaining('any other organisation of "ci" could satisfy rule "r"');
const named = (claim: string) => expect.stringContaining(`warning: rule "r" goes by ${claim}:`);
const classic = expect.stringContaining('knows only the classic form of sub');

describe('a rule that any other organisation could satisfy', () => {
  test.each<[Written, Written]>([
    [{ match: 'ref: refs/heads/main' }, { match: 'repository_owner_id: "1", ref: refs/heads/main' }],
    [{ match: 'sub: "repo:acme*/**"' }, { match: 'sub: "repo:acme@1/*:ref:refs/heads/main"' }],
    [{ match: 'repository: "*/api", ref: a' }, { match: 'repository_id: "1", ref: a' }],
    [{ match: 'repository_id: ["1", "*"], ref: a' }, { match: 'repository_id: ["1", "2"], ref: a' }],
    [
      { match: 'actor_id: "1", ref: a' },
      { match: 'actor_id: "1", ref: a', url: 'https://ghes.example/_services/token' },
    ],
    [
      { match: 'ref_type: tag', claims: 'gitlab', url: 'https://gitlab.com' },
      { match: 'ref_type: tag', claims: 'gitlab', url: 'https://gitlab.acme.example' },
    ],
    [
      { match: 'build_branch: main', claims: 'buildkite', url: 'https://agent.buildkite.com' },
      { match: 'build_branch: main, organization_id: a', claims: 'buildkite', url: 'https://agent.buildkite.com' },
    ],
    [
      { match: 'email_verified: true', claims: 'google', url: 'https://accounts.google.com' },
      { match: 'sub: "113475438248934895348"', claims: 'google', url: 'https://accounts.google.com' },
    ],
  ])('%j is refused, %j is fine', (bad, good) => {
    expect(messages(bad)).toContainEqual(anybody);
    expect(messages(good)).toEqual([]);
  });

  test('may be told by a condition', () => {
    const when = (expression: string) => `when: { owner: '${expression}' }, ${grant}`;
    expect(messages({ match: 'ref: a', outcome: when('claims.repository_owner_id == "1"') })).toEqual([]);
    expect(messages({ match: 'ref: a', outcome: when('claims.actor_id == "1"') })).toEqual([anybody]);
  });

  test('is found in actors and federated clients', () => {
    const federated = (match: string) => ({
      match: 'repository_id: "1", ref: a',
      more: `clients: { app: { auth: { federated: { issuer: ci, match: { ${match} } } } } }\n`,
    });
    expect(messages(federated('ref: a'))).toEqual([expect.stringContaining('could satisfy client "app"')]);
    expect(messages(federated('repository_id: "1", ref: a'))).toEqual([]);
    const actor = (match: string) => ({
      match: 'repository_id: "1", ref: a',
      outcome: `actor: { from: ci, match: { ${match} } }, ${grant}`,
    });
    expect(messages(actor('ref: a'))).toEqual([anybody]);
    expect(messages(actor('repository_id: "1", ref: a'))).toEqual([]);
  });
});

describe('a rule that goes by names', () => {
  test.each<[Written, string]>([
    [{ match: 'repository: acme/api, ref: a' }, 'repository'],
    [{ match: 'repository_owner: acme, ref: a' }, 'repository_owner'],
    [{ match: 'project_path: acme/api, ref: main', claims: 'gitlab' }, 'project_path'],
    [
      {
        match: 'terraform_workspace_name: prod, terraform_organization_name: a, terraform_run_phase: apply',
        claims: 'hcp-terraform',
      },
      'terraform_organization_name',
    ],
  ])('%j is warned of', (written, claim) => {
    expect(messages(written)).toEqual([named(claim)]);
    const id = { 'github-actions': 'repository_id', gitlab: 'project_id', 'hcp-terraform': 'terraform_workspace_id' };
    const own = id[(written.claims ?? 'github-actions') as keyof typeof id];
    expect(messages({ ...written, match: `${written.match}, ${own}: "1"` })).toEqual([]);
  });

  test('knows the two forms of sub', () => {
    expect(messages({ match: 'sub: "repo:acme/api:ref:refs/heads/main"' })).toEqual([classic]);
    expect(messages({ match: 'sub: "repo:acme@1/api@2:ref:refs/heads/main"' })).toEqual([]);
    const both = '["repo:acme/api:environment:prod", "repo:acme@1/api@2:environment:prod"]';
    expect(messages({ match: `sub: ${both}` })).toEqual([]);
    expect(messages({ match: 'sub: "repo:acme/api:environment:p"', url: 'https://h.example/_services/token' })).toEqual(
      [],
    );
  });
});
