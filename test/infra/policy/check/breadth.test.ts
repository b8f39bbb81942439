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

  test.each([
    ['claims.repository != ""', 'claims.repository == "acme/api"'],
    ['claims.repository.startsWith("acme")', 'claims.repository.startsWith("acme/")'],
    ['claims.repository.endsWith("/api")', 'claims.repository in ["acme/api", "acme/web"]'],
    ['claims.sub.contains("acme/api")', 'claims.sub.startsWith("repo:acme@1/")'],
    ['claims.repository_owner.matches("^acme.*$")', 'claims.repository.matches("^acme/[a-z]+$")'],
    [
      'claims.repository_owner_id == "1" || claims.ref == "a"',
      'claims.repository_owner_id == "1" && claims.ref == "a"',
    ],
    ['claims.ref.startsWith("a") && now - claims.iat < 300', 'claims.repository_id == "1" && now - claims.iat < 300'],
    ['!(claims.repository_owner_id in ["2", "3"])', '!(claims.repository_owner_id != "1")'],
  ])('is not told by the condition %s, and is by %s', (bad, good) => {
    const when = (expression: string) => ({ match: 'ref: a', outcome: `when: { it: '${expression}' }, ${grant}` });
    expect(messages(when(bad))).toEqual([anybody]);
    expect(messages(when(good))).not.toContainEqual(anybody);
  });

  test.each<readonly [condition: string, open: string, claims?: string]>([
    ['size(request.scopes) == 1', 'request.scopes'],
    ['now < 1798761600', 'now'],
    ['client == ""', 'client'],
    ['claims.repo_property_tier == "gold"', 'claims.repo_property_tier'],
    ['claims.tier == "gold"', 'claims.tier', '{ profile: github-actions, more: { tier: string } }'],
  ])('is not decided by the condition %s', (condition, open, claims = 'github-actions') => {
    const more = `clients: { app: { auth: { client_secret_basic: { sha256: "${'0'.repeat(64)}" } } } }\n`;
    const when = (or: string) => ({
      match: 'ref: a',
      outcome: `when: { it: '${condition}${or}' }, ${grant}`,
      more,
      claims,
    });
    const text = `warning: any other organisation of "ci" could satisfy rule "r", which ${open} decides: not decided here`;
    expect(messages(when(''))).toEqual([text]);
    expect(messages(when(' && claims.repository_id == "1"'))).toEqual([]);
    expect(messages(when(' || claims.repository != ""'))).toEqual([anybody]);
  });

  test('is kept out by a deny rule that takes it', () => {
    const deny = (when: string) => `  - { id: d, from: ci, when: { it: '${when}' }, deny: true }\n`;
    const written = { match: 'ref: a' };
    expect(messages({ ...written, more: deny('claims.repository_owner_id != "1"') })).toEqual([]);
    expect(messages({ ...written, more: deny('claims.repository_owner_id == "1"') })).toEqual([anybody]);
    expect(messages({ ...written, more: deny('size(request.scopes) == 0') })).toEqual([
      expect.stringContaining('could satisfy rule "r", which request.scopes decides: not decided here'),
    ]);
    // Who asks for it chooses another workflow.
    expect(messages({ ...written, more: deny('claims.workflow == "deploy"') })).toEqual([anybody]);
  });

  test('is found in actors and federated clients', () => {
    const federated = (match: string) => ({
      match: 'repository_id: "1", ref: a',
      more: `clients: { app: { auth: { federated: { issuer: ci, match: { ${match} } } } } }\n`,
    });
    expect(messages(federated('ref: a'))).toEqual([expect.stringContaining('could satisfy client "app"')]);
    expect(messages(federated('repository_id: "1", ref: a'))).toEqual([]);
    // No deny rule is about what authenticates a client.
    const denied = `  - { id: d, from: ci, when: { it: 'claims.repository_id != "1"' }, deny: true }\n`;
    expect(messages({ ...federated('ref: a'), more: `${denied}${federated('ref: a').more}` })).toEqual([
      expect.stringContaining('could satisfy client "app"'),
    ]);
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

  test('are told from those that look at ids, in conditions too', () => {
    const when = (expression: string) => ({
      match: 'repository_owner_id: "1", ref: a',
      outcome: `when: { it: '${expression}' }, ${grant}`,
    });
    const url = 'https://github.acme.example/_services/token';
    const onServer = (expression: string) => messages({ ...when(expression), match: 'ref: a', url });
    expect(onServer('claims.repository == "acme/api"')).toEqual([named('repository')]);
    expect(onServer('claims.repository == "acme/api" && claims.repository_id != ""')).toEqual([named('repository')]);
    expect(onServer('claims.repository == "acme/api" && claims.repository_id == "1"')).toEqual([]);
    expect(messages(when('claims.repository == "acme/api"'))).toEqual([]);
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
