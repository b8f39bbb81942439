import { describe, expect, test } from 'vitest';
import { unreviewedRuns } from '../../../../infra/policy/profiles/unreviewed-runs.ts';
import { findingsOf } from '../policy-world.ts';

const grant = 'grant: { audience: api, scopes: [read] }';

/** Messages of a policy of one rule, without places and hints. */
function messages(claims: string, match: string, more = '', outcome = grant): readonly string[] {
  const text = `version: 1
issuers: { ci: { url: "https://ci.example", audience: a, claims: ${claims} } }
audiences: { api: { scopes: [read] }, other: { scopes: [read] } }
rules:
  - { id: r, from: ci, match: { ${match} }, ${outcome} }
${more}`;
  return findingsOf(text).map((finding) => finding.replace(/^\d+:\d+: /, '').replace(/ \| .*$/, ''));
}

const deny = (match: string, outcome = 'deny: true') => `  - { id: d, from: ci, match: { ${match} }, ${outcome} }\n`;
const denyWhen = (expression: string) => `  - { id: d, from: ci, when: { it: '${expression}' }, deny: true }\n`;

interface Vendor {
  readonly claims: string;
  /** Says whose runs are meant, and nothing of what kind. */
  readonly whose: string;
  readonly what: string;
  /** What does not keep such runs out, and what does. */
  readonly pairs: readonly (readonly [bad: string, good: string])[];
  /** A rule that keeps them out of another's way, and one that looks alike. */
  readonly denials: readonly (readonly [bad: string, good: string])[];
}

const vendors: readonly Vendor[] = [
  {
    claims: 'github-actions',
    whose: 'repository_id: "1"',
    what: 'a pull request, from a fork too where the repository lets it,',
    pairs: [
      ['', 'ref: refs/heads/main'],
      ['ref: "refs/**"', 'ref: "refs/heads/**"'],
      ['event_name: "p*"', 'event_name: push'],
      ['actor_id: "7"', 'actor_id: "7", environment: prod'],
      ['ref_type: branch', 'ref_type: tag'],
      ['ref_protected: "false"', 'ref_protected: "true"'],
      ['sub: "repo:acme@1/api@2:*"', 'sub: "repo:acme@1/api@2:ref:*"'],
      ['workflow_ref: "acme/api/**"', 'workflow_ref: "acme/api/**@refs/heads/main"'],
    ],
    denials: [
      [deny('event_name: push'), deny('event_name: [pull_request, pull_request_target]')],
      [deny('event_name: pull_request, actor_id: "7"'), deny('event_name: pull_request')],
      [deny('event_name: pull_request', 'deny: { audience: other }'), deny('event_name: "pull_request**"')],
      [denyWhen('claims.actor_id == "7"'), denyWhen('claims.event_name.startsWith("pull_request")')],
    ],
  },
  {
    claims: 'gitlab',
    whose: 'job_project_id: "1"',
    what: 'a merge request pipeline, of a fork too,',
    pairs: [
      ['ref: main', 'ref: main, project_id: "1"'],
      ['ref_protected: "false"', 'ref_protected: "true"'],
      ['environment: prod', 'environment_protected: "true"'],
      ['ref_type: branch', 'ref_type: tag'],
      ['pipeline_source: "m**"', 'pipeline_source: push'],
      ['project_id: "1", sub: "project_path:**"', 'project_id: "1", sub: "project_path:a/b:ref_type:branch:ref:*"'],
    ],
    denials: [[deny('pipeline_source: push'), deny('pipeline_source: merge_request_event')]],
  },
  {
    claims: 'circleci',
    whose: '"oidc.circleci.com/project-id": a, "oidc.circleci.com/ssh-rerun": false',
    what: 'a build of a fork, where the project builds them,',
    pairs: [
      ['"oidc.circleci.com/vcs-ref": refs/heads/main', '"oidc.circleci.com/vcs-origin": github.com/acme/api'],
      ['"oidc.circleci.com/vcs-origin": "github.com/**"', '"oidc.circleci.com/vcs-origin": "github.com/acme/*"'],
      ['sub: "org/o/project/p/**"', 'sub: "org/o/project/p/user/*/vcs-origin/github.com/acme/api/**"'],
    ],
    denials: [],
  },
  {
    claims: 'circleci',
    whose: '"oidc.circleci.com/project-id": a, "oidc.circleci.com/vcs-origin": github.com/acme/api',
    what: 'a job that somebody re-ran with SSH',
    pairs: [['', '"oidc.circleci.com/ssh-rerun": false']],
    denials: [[deny('"oidc.circleci.com/ssh-rerun": false'), deny('"oidc.circleci.com/ssh-rerun": true')]],
  },
  {
    claims: 'buildkite',
    whose: 'pipeline_id: a',
    what: 'a build of a pull request, of a fork too where the pipeline builds them,',
    pairs: [
      ['', 'build_branch: main'],
      ['build_branch: "**main"', 'build_branch: "release/*"'],
      ['build_source: webhook', 'build_source: schedule'],
      ['step_key: deploy', 'build_tag: v1'],
      ['sub: "organization:a:pipeline:b:**"', 'sub: "organization:a:pipeline:b:ref:refs/heads/main:**"'],
    ],
    denials: [[denyWhen('claims.job_id == "1"'), denyWhen('claims.build_branch.contains(":")')]],
  },
  {
    claims: 'hcp-terraform',
    whose: 'terraform_workspace_id: ws-1',
    what: 'a speculative plan, of a pull request too,',
    pairs: [
      ['', 'terraform_run_phase: apply'],
      ['terraform_run_phase: "*l*"', 'terraform_run_phase: "a*"'],
      ['terraform_run_id: "run-*"', 'terraform_run_phase: [plan, apply]'],
      ['sub: "organization:a:**"', 'sub: "organization:a:project:*:workspace:*:run_phase:apply"'],
    ],
    denials: [],
  },
  {
    claims: 'bitbucket',
    whose: 'repositoryUuid: "{a}"',
    what: 'a pull request',
    pairs: [
      ['', 'branchName: main'],
      ['branchName: "f*"', 'deploymentEnvironmentUuid: "{b}"'],
      ['sub: "{a}:*"', 'sub: "{a}:{b}:*"'],
    ],
    denials: [],
  },
  {
    claims: 'azure-devops',
    whose: 'def_id: "1"',
    what: 'a run for a pull request',
    pairs: [
      ['', 'rpo_ref: refs/heads/main'],
      ['rpo_ref: "refs/**"', 'rpo_ref: "refs/heads/*"'],
    ],
    denials: [[deny('rpo_ref: refs/pull/1/merge'), deny('rpo_ref: "refs/pull/**"')]],
  },
  {
    claims: 'semaphore',
    whose: 'prj_id: a',
    what: 'a pull request, from a fork too where the project builds them,',
    pairs: [
      ['branch: main', 'ref: refs/heads/main'],
      ['ref_type: "*r*"', 'ref_type: branch'],
      ['sub: "org:a:project:b:**"', 'sub: "org:a:project:b:repo:c:ref_type:branch:ref:*/**"'],
    ],
    denials: [[deny('ref_type: branch'), deny('ref_type: [pr, pull-request]')]],
  },
  {
    claims: 'spacelift',
    whose: 'callerId: a',
    what: 'a proposed run, of a pull request too,',
    pairs: [
      ['', 'runType: TRACKED'],
      ['runType: "*P*"', 'runType: "T*"'],
      ['scope: read', 'scope: write'],
      ['sub: "space:a:stack:b:**"', 'sub: "space:a:stack:b:run_type:TRACKED:**"'],
    ],
    denials: [[deny('runType: TASK'), deny('runType: PROPOSED')]],
  },
  {
    claims: 'vercel',
    whose: 'project_id: a',
    what: 'a preview deployment, of a pull request too,',
    pairs: [
      ['', 'environment: production'],
      ['environment: "pr*"', 'environment: "pro*"'],
      ['sub: "owner:a:project:b:**"', 'sub: "owner:a:project:b:environment:production"'],
    ],
    denials: [[deny('environment: development'), deny('environment: preview')]],
  },
  {
    claims: 'codefresh',
    whose: 'pipeline_id: a',
    what: 'a build of a pull request',
    pairs: [['scm_ref: main', 'scm_pull_request_target_branch: main']],
    denials: [[denyWhen('claims.pipeline_name == "a"'), denyWhen('has(claims.scm_pull_request_target_branch)')]],
  },
];

describe.each(vendors)('$claims: a rule that $what could satisfy', ({ claims, whose, what, pairs, denials }) => {
  const warning = `warning: ${what} could satisfy rule "r"`;

  test.each(pairs)('is one with %s, and not one with %s', (bad, good) => {
    const match = (more: string) => [whose, more].filter((part) => part !== '').join(', ');
    expect(messages(claims, match(bad))).toContain(warning);
    expect(messages(claims, match(good))).not.toContain(warning);
  });

  test.skipIf(denials.length === 0).each(denials)('is one beside %s, and not one beside %s', (bad, good) => {
    expect(messages(claims, whose, bad)).toContain(warning);
    expect(messages(claims, whose, good)).toEqual([]);
  });
});

test('each vendor whose tokens tell such runs is above', () => {
  expect([...new Set(vendors.map(({ claims }) => claims))].sort()).toEqual([...unreviewedRuns.keys()].sort());
});

test('a condition keeps out what it refuses, not what it reads', () => {
  const when = (expression: string) =>
    messages('vercel', 'project_id: a', '', `when: { it: '${expression}' }, ${grant}`);
  expect(when('claims.environment == "production"')).toEqual([]);
  expect(when('claims.owner_id == "a"')).toEqual([expect.stringContaining('a preview deployment')]);
  expect(when('claims.environment != ""')).toEqual([expect.stringContaining('a preview deployment')]);
  expect(when('claims.environment != "preview"')).toEqual([]);
  // Who writes it out means it.
  expect(when('claims.environment in ["preview", "production"]')).toEqual([]);
  expect(when('claims.environment != "" && size(request.scopes) == 0')).toEqual([
    expect.stringContaining('could satisfy rule "r", which request.scopes decides: not decided here'),
  ]);
});
