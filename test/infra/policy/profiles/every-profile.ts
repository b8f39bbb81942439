// A policy with an issuer of every profile, and for each a rule, a claim that breaks it, and what is special of its tokens.
import type { Claims } from '../../../../shared/policy/claims.ts';
import { audience, issuerUrls, type Match } from './profile-world.ts';

export interface ProfileCase {
  /** Two or three claims of the sample. */
  readonly match: Match;
  /** One claim with which the rule no longer fits. */
  readonly other: Claims;
}

const circle = 'oidc.circleci.com';
const sts = 'https://sts.amazonaws.com/';

/** By profile, which is the issuer's name too. */
export const profileCases: Readonly<Record<string, ProfileCase>> = {
  'github-actions': {
    match: { repository_id: '456789', ref: 'refs/heads/main', ref_protected: 'true' },
    other: { ref_protected: 'false' },
  },
  gitlab: {
    match: { project_id: '20', runner_id: 12270831, groups_direct: 'my-group' },
    other: { groups_direct: ['my-group/backend'] },
  },
  circleci: {
    match: {
      [`${circle}/project-id`]: 'ecc458d2-fbdc-4d9a-93c4-ac065ed3c3ca',
      [`${circle}/ssh-rerun`]: false,
      [`${circle}/vcs-origin`]: 'github.com/acme/api',
    },
    other: { [`${circle}/ssh-rerun`]: true },
  },
  buildkite: {
    match: { pipeline_id: '018c4a20-1d5e-4c8b-a7f3-6b9d2e0c4f51', build_branch: 'main', step_key: 'build' },
    other: { step_key: null },
  },
  'hcp-terraform': {
    match: {
      terraform_workspace_id: 'ws-mbsd5E3Ktt5Rg2Xm',
      sub: 'organization:my-org:project:Default Project:workspace:my-workspace:run_phase:apply',
    },
    other: { sub: 'organization:my-org:project:Default Project:workspace:my-workspace:run_phase:plan' },
  },
  kubernetes: {
    match: {
      'kubernetes.io.namespace': 'shop',
      'kubernetes.io.serviceaccount.uid': 'e2a9f1c3-3f6d-4f8a-8f0b-5a4b9d3c2e17',
    },
    other: { 'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'orders', uid: 'made anew' } } },
  },
  bitbucket: {
    match: {
      repositoryUuid: '{9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d}',
      deploymentEnvironmentUuid: '{4d3c2b1a-0f9e-4d8c-b7a6-5f4e3d2c1b0a}',
    },
    other: { deploymentEnvironmentUuid: null },
  },
  'azure-devops': {
    match: { prj_id: '271ef6f7-5998-4b0f-86fb-4b54d9129990', def_id: '1', rpo_ref: 'refs/heads/main' },
    other: { rpo_ref: 'refs/pull/1/merge' },
  },
  semaphore: {
    match: { prj_id: '936a5312-a3b8-4921-8b3f-2cec8baac574', ref_type: 'branch', branch: 'main' },
    other: { ref_type: 'pull-request' },
  },
  spacelift: {
    match: { spaceId: 'production-01HQ7XW4Z2', callerId: 'core-infra', runType: 'TRACKED' },
    other: { runType: 'PROPOSED' },
  },
  vercel: {
    match: {
      owner_id: 'team_7Gw5ZMzpQA8h90F832KGp7nwbuh3',
      project_id: 'prj_7Gw5ZMBpQA8h9GF832KGp7nwbuh3',
      environment: 'production',
    },
    other: { environment: 'preview' },
  },
  codefresh: {
    match: {
      account_id: '628a80b693a15c0f9c13ab75',
      pipeline_id: '65e6d5551e47e5bc243ca93f',
      scm_repo_url: 'https://github.com/acme/api',
    },
    other: { scm_repo_url: null },
  },
  aws: {
    match: { [`${sts}.aws_account`]: '123456789012', [`${sts}.principal_tags.cost.center`]: '4711' },
    other: { [sts]: { aws_account: '123456789012' } },
  },
  google: {
    match: { sub: '113475438248934895348', email_verified: true },
    other: { email_verified: false },
  },
  spiffe: {
    match: { sub: 'spiffe://acme.example/ns/shop/sa/*', iss: issuerUrls['spiffe'] ?? '' },
    other: { sub: 'spiffe://acme.example/ns/office/sa/orders' },
  },
};

/** A policy file: for every profile an issuer of its name and a rule that grants `orders-api`. */
export const everyProfilePolicy = JSON.stringify({
  version: 1,
  issuers: Object.fromEntries(
    Object.entries(issuerUrls).map(([name, url]) => [name, { url, audience, claims: name }] as const),
  ),
  audiences: { 'orders-api': { scopes: ['orders:read'] } },
  rules: Object.entries(profileCases).map(([name, { match }]) => ({
    id: `from-${name}`,
    from: name,
    match,
    grant: { audience: 'orders-api', scopes: ['orders:read'] },
  })),
});
