// GitHub Actions: the claims of its OIDC tokens, all of them strings, ids and booleans too. Captured from public runs.
// https://docs.github.com/en/actions/reference/security/oidc
import { randomUUID } from 'node:crypto';
import type { Profile, SampleInput } from './profile.ts';

const claims = {
  actor: 'string',
  actor_id: 'string',
  base_ref: 'string',
  check_run_id: 'string',
  enterprise: 'string',
  enterprise_id: 'string',
  environment: 'string',
  environment_node_id: 'string',
  event_name: 'string',
  head_ref: 'string',
  job_workflow_ref: 'string',
  job_workflow_sha: 'string',
  ref: 'string',
  ref_protected: 'string',
  ref_type: 'string',
  repository: 'string',
  repository_id: 'string',
  repository_owner: 'string',
  repository_owner_id: 'string',
  repository_visibility: 'string',
  run_attempt: 'string',
  run_id: 'string',
  run_number: 'string',
  runner_environment: 'string',
  sha: 'string',
  workflow: 'string',
  workflow_ref: 'string',
  workflow_sha: 'string',
} as const;

export const githubActions: Profile = {
  name: 'github-actions',
  claims,
  prefixes: { repo_property_: 'string' },
  optional: ['check_run_id', 'enterprise', 'enterprise_id', 'environment', 'environment_node_id'],
  immutable: {
    actor: 'actor_id',
    enterprise: 'enterprise_id',
    repository: 'repository_id',
    repository_owner: 'repository_owner_id',
  },
  run: ['run_id'],
  algorithms: ['RS256'],
  endsWithSlash: () => false,
  sample: (input) => payload(input, 'repo:acme@1/api@456789:environment:prod'),
};

/** The same token as repositories created before 2026-07-15 get it: names without ids in `sub`. */
export function classicSample(input: SampleInput): Record<string, unknown> {
  return payload(input, 'repo:acme/api:environment:prod');
}

function payload({ issuer, audience, now }: SampleInput, sub: string): Record<string, unknown> {
  const commit = '9f31a7c04be2f8ad15c60b7e1d94d2a6ccf0e853';
  const workflow = 'acme/api/.github/workflows/deploy.yaml@refs/heads/main';
  return {
    iss: issuer,
    aud: audience,
    sub,
    jti: randomUUID(),
    // GitHub dates `nbf` five minutes back.
    nbf: now - 300,
    iat: now,
    exp: now + 300,
    actor: 'octocat',
    actor_id: '583231',
    base_ref: '',
    check_run_id: '57816563539',
    enterprise: 'acme',
    enterprise_id: '42',
    environment: 'prod',
    environment_node_id: 'EN_kwDOABCD1M8AAAABH0nD3Q',
    event_name: 'push',
    head_ref: '',
    job_workflow_ref: workflow,
    job_workflow_sha: commit,
    ref: 'refs/heads/main',
    ref_protected: 'true',
    ref_type: 'branch',
    repository: 'acme/api',
    repository_id: '456789',
    repository_owner: 'acme',
    repository_owner_id: '1',
    repository_visibility: 'private',
    run_attempt: '1',
    run_id: '20154986327',
    run_number: '117',
    runner_environment: 'github-hosted',
    sha: commit,
    workflow: 'deploy',
    workflow_ref: workflow,
    workflow_sha: commit,
  };
}
