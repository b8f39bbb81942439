// Codefresh: `sub` and claims grow with the trigger. Documented by its consumers, not captured.
// https://codefresh.io/docs/docs/integrations/oidc-pipelines/
import type { Profile, SampleInput } from './profile.ts';

const claims = {
  account_id: 'string',
  account_name: 'string',
  initiator: 'string',
  pipeline_id: 'string',
  pipeline_name: 'string',
  platform_url: 'string',
  runner_environment: 'string',
  scm_pull_request_target_branch: 'string',
  scm_ref: 'string',
  scm_repo_url: 'string',
  scm_user_name: 'string',
  workflow_id: 'string',
} as const;

export const codefresh: Profile = {
  name: 'codefresh',
  claims,
  optional: [
    // Only when somebody pressed Run.
    'initiator',
    'jti',
    'nbf',
    'platform_url',
    'runner_environment',
    // Only with a git trigger; the target branch only for pull requests.
    'scm_pull_request_target_branch',
    'scm_ref',
    'scm_repo_url',
    'scm_user_name',
  ],
  immutable: { account_name: 'account_id', pipeline_name: 'pipeline_id' },
  run: ['workflow_id'],
  algorithms: ['RS256'],
  endsWithSlash: () => false,
  sample,
};

const account = '628a80b693a15c0f9c13ab75';
const pipeline = '65e6d5551e47e5bc243ca93f';

/** A pull request of a repository, run by hand: the one kind of run that has every claim. */
function sample({ issuer, audience, now }: SampleInput): Record<string, unknown> {
  const scm = 'scm_repo_url:https://github.com/acme/api:scm_user_name:octocat:scm_ref:feature';
  return {
    iss: issuer,
    aud: audience,
    sub: `account:${account}:pipeline:${pipeline}:initiator:octocat:${scm}:scm_pull_request_target_branch:main`,
    iat: now,
    exp: now + 300,
    account_id: account,
    account_name: 'acme',
    pipeline_id: pipeline,
    pipeline_name: 'api/release',
    workflow_id: '65e6ebe0bfbfa1782876165e',
    initiator: 'octocat',
    scm_user_name: 'octocat',
    scm_repo_url: 'https://github.com/acme/api',
    scm_ref: 'feature',
    scm_pull_request_target_branch: 'main',
    runner_environment: 'hybrid',
    platform_url: 'https://g.codefresh.io',
  };
}
