// Traps of the vendors' tokens: what a `match` fits, and the token or the `match` that differs in one thing and does not.
import { describe, expect, test } from 'vitest';
import { classicSample } from '../../../../infra/policy/profiles/github-actions.ts';
import { testRunSample } from '../../../../infra/policy/profiles/hcp-terraform.ts';
import type { Claims } from '../../../../shared/policy/claims.ts';
import { audience, fits, type Match, now, tokenOf } from './profile-world.ts';

interface Trap {
  readonly match: Match;
  /** Changes of the sample that the match fits. */
  readonly token?: Claims;
  /** Further changes, each with which it does not. */
  readonly not?: readonly Claims[];
  /** A match that does not fit the same token. */
  readonly notMatch?: Match;
}

type Traps = Readonly<Record<string, Trap>>;

const input = { issuer: 'https://ci.example', audience, now };
const deploy = 'acme/api/.github/workflows/deploy.yaml';

const githubActions: Traps = {
  'ids are strings': {
    match: { repository_id: '456789' },
    not: [{ repository_id: 456789 }, { repository_id: '45678' }],
  },
  'booleans are strings': {
    match: { ref_protected: 'true' },
    not: [{ ref_protected: 'false' }, { ref_protected: true }],
  },
  'head_ref is empty outside pull requests': {
    match: { head_ref: 'feature/**' },
    token: { head_ref: 'feature/x' },
    not: [{ head_ref: '' }],
  },
  'ref is empty in deployments by commit': { match: { ref: 'refs/heads/*' }, not: [{ ref: '' }] },
  'environment is absent without one': { match: { environment: 'prod' }, not: [{ environment: undefined }] },
  'an environment takes the place of the ref in sub': {
    match: { sub: 'repo:acme@1/api@456789:ref:refs/heads/main' },
    token: { sub: 'repo:acme@1/api@456789:ref:refs/heads/main' },
    not: [{ sub: 'repo:acme@1/api@456789:environment:prod' }],
  },
  'sub has two forms': {
    match: { sub: 'repo:acme/api:environment:prod' },
    token: { sub: classicSample(input)['sub'] },
    not: [{ sub: 'repo:acme@1/api@456789:environment:prod' }],
  },
  'colons in names are escaped, so that a star does not reach over them': {
    match: { sub: 'repo:acme@1/api@456789:environment:*' },
    token: { sub: 'repo:acme@1/api@456789:environment:prod%3Aeu' },
    not: [{ sub: 'repo:acme@1/api@456789:environment:prod:eu' }],
  },
  'an environment may hold spaces': {
    match: { sub: 'repo:acme@1/api@456789:environment:my prod (eu)' },
    token: { sub: 'repo:acme@1/api@456789:environment:my prod (eu)' },
    not: [{ sub: 'repo:acme@1/api@456789:environment:my prod' }],
  },
  'job_workflow_ref may end with a commit': {
    match: { job_workflow_ref: `${deploy}@refs/heads/*` },
    not: [{ job_workflow_ref: `${deploy}@9f31a7c04be2f8ad15c60b7e1d94d2a6ccf0e853` }],
  },
  'a branch or a file may have @ in its name': {
    match: { job_workflow_ref: 'acme/api/.github/workflows/*@refs/heads/main' },
    not: [
      { job_workflow_ref: `${deploy}@refs/heads/x@refs/heads/main` },
      { job_workflow_ref: 'acme/api/.github/workflows/x@refs/heads/main.yaml@refs/heads/dev' },
    ],
  },
  'names keep their case': { match: { repository: 'acme/api' }, not: [{ repository: 'Acme/api' }] },
  'an alternation is literal': {
    match: { ref: 'refs/heads/main|refs/heads/dev' },
    token: { ref: 'refs/heads/main|refs/heads/dev' },
    not: [{ ref: 'refs/heads/main' }, { ref: 'refs/heads/dev' }, { ref: 'refs/heads/dev-or-any' }],
  },
  'patterns are anchored at both ends': {
    match: { ref: 'refs/heads/main' },
    not: [{ ref: 'refs/heads/main2' }, { ref: 'x/refs/heads/main' }, { ref: 'refs/heads/main\n' }],
  },
  'properties of a repository are claims of the organization’s own': {
    match: { repo_property_tier: 'gold' },
    token: { repo_property_tier: 'gold' },
    not: [{ repo_property_tier: undefined }],
  },
};

const gitlab: Traps = {
  'runner_id alone is a number': { match: { runner_id: 12270831 }, not: [{ runner_id: '12270831' }] },
  'other ids are strings': { match: { project_id: '20' }, not: [{ project_id: 20 }] },
  'booleans are strings': {
    match: { ref_protected: 'true' },
    not: [{ ref_protected: 'false' }, { ref_protected: true }],
  },
  'groups are a list, left out when there are too many': {
    match: { groups_direct: 'my-group/backend' },
    not: [{ groups_direct: ['my-group'] }, { groups_direct: undefined }, { groups_direct: { 0: 'my-group/backend' } }],
  },
  'ci_config_ref_uri is null for configuration elsewhere': {
    match: { ci_config_ref_uri: 'gitlab.com/my-group/backend/my-project//.gitlab-ci.yml@refs/heads/main' },
    not: [{ ci_config_ref_uri: null }],
  },
  'ref is short, ref_path is full': { match: { ref: 'main' }, notMatch: { ref: 'refs/heads/main' } },
  'a tag can have the name of a branch': { match: { ref: 'main', ref_type: 'branch' }, not: [{ ref_type: 'tag' }] },
  'groups nest': { match: { project_path: 'my-group/**' }, notMatch: { project_path: 'my-group/*' } },
  'identities are objects and match nothing': {
    match: { user_identities: 'github' },
    token: { user_identities: ['github'] },
    not: [{ user_identities: [{ provider: 'github' }] }],
  },
};

const circle = 'oidc.circleci.com';
const circleProject = 'ecc458d2-fbdc-4d9a-93c4-ac065ed3c3ca';
const circleSub = `org/1e6f5b2a-7c3d-4a98-b1f0-52d9c8e7a643/project/${circleProject}/user/3f2a8d10-96c4-4e57-8b0d-7a1c5e9f2b36`;

const circleci: Traps = {
  'claim names hold dots and slashes': {
    match: { [`${circle}/project-id`]: circleProject },
    not: [
      { [`${circle}/project-id`]: 'another' },
      { [`${circle}/project-id`]: undefined, [circle]: { 'project-id': circleProject } },
    ],
  },
  'contexts are a list': {
    match: { [`${circle}/context-ids`]: '0b7c2f6e-5d41-4a83-9e28-c6d1f3a0b5e7' },
    not: [
      { [`${circle}/context-ids`]: [] },
      { [`${circle}/context-ids`]: { 0: '0b7c2f6e-5d41-4a83-9e28-c6d1f3a0b5e7' } },
    ],
  },
  'ssh-rerun is a boolean': {
    match: { [`${circle}/ssh-rerun`]: false },
    not: [
      { [`${circle}/ssh-rerun`]: true },
      { [`${circle}/ssh-rerun`]: 'false' },
      { [`${circle}/ssh-rerun`]: undefined },
    ],
  },
  'webhooks have no vcs-origin': {
    match: { [`${circle}/vcs-origin`]: 'github.com/acme/api' },
    not: [{ [`${circle}/vcs-origin`]: undefined }, { [`${circle}/vcs-origin`]: 'github.com/fork/api' }],
  },
  'sub has two versions': {
    match: { sub: `org/*/project/${circleProject}/user/*/vcs-origin/github.com/acme/api/vcs-ref/refs/heads/main` },
    not: [{ sub: circleSub }],
  },
  'the first version names no branch': {
    match: { sub: `org/*/project/${circleProject}/user/*` },
    token: { sub: circleSub },
    not: [{ sub: `${circleSub}/vcs-origin/github.com/acme/api/vcs-ref/refs/heads/main` }],
  },
};

const buildkiteSub = 'organization:acme-inc:pipeline:super-duper-app:ref:refs/heads/main';

const buildkite: Traps = {
  'build_number is a number': { match: { build_number: 1 }, not: [{ build_number: '1' }] },
  'step_key may be null': { match: { step_key: 'build' }, not: [{ step_key: null }] },
  'build_tag is absent without a tag': { match: { build_tag: 'v*' }, not: [{ build_tag: undefined }] },
  'sub holds the commit': {
    match: { sub: `${buildkiteSub}:commit:*:step:build` },
    notMatch: { sub: `${buildkiteSub}:step:build` },
  },
  'ids are opt-in': {
    match: { pipeline_id: '018c4a20-1d5e-4c8b-a7f3-6b9d2e0c4f51' },
    not: [{ pipeline_id: undefined }],
  },
  'session tags are below a URL': {
    match: { 'https://aws.amazon.com/tags.principal_tags.team': 'data' },
    token: { 'https://aws.amazon.com/tags': { principal_tags: { team: 'data' } } },
    not: [{ 'https://aws.amazon.com/tags': { principal_tags: {} } }],
  },
};

const terraformSub = 'organization:my-org:project:Default Project:workspace:my-workspace:run_phase';

const hcpTerraform: Traps = {
  'sub holds spaces': { match: { sub: `${terraformSub}:apply` }, not: [{ sub: `${terraformSub}:plan` }] },
  'a star matches spaces': {
    match: { sub: 'organization:my-org:project:*:workspace:my-workspace:run_phase:apply' },
    not: [{ sub: 'organization:my-org:project:a:b:workspace:my-workspace:run_phase:apply' }],
  },
  'ids outlive names': {
    match: { terraform_workspace_id: 'ws-mbsd5E3Ktt5Rg2Xm' },
    token: { terraform_workspace_name: 'renamed' },
    not: [{ terraform_workspace_id: 'ws-another' }],
  },
  'test runs have another sub': {
    match: { sub: 'organization:my-org:module:*:operation:test_run' },
    token: { sub: testRunSample(input)['sub'] },
    not: [{ sub: `${terraformSub}:apply` }],
  },
  'test runs have no workspace': {
    match: { terraform_workspace_id: 'ws-mbsd5E3Ktt5Rg2Xm' },
    not: [Object.fromEntries(Object.keys(tokenOf('hcp-terraform')).map((name) => [name, testRunSample(input)[name]]))],
  },
};

const kubernetes: Traps = {
  'claims nest below a name with a dot': {
    match: { 'kubernetes.io.namespace': 'shop', 'kubernetes.io.serviceaccount.name': 'orders' },
    not: [{ 'kubernetes.io': { namespace: 'office', serviceaccount: { name: 'orders' } } }],
  },
  'legacy tokens have flat claims': {
    match: { 'kubernetes.io.namespace': 'shop' },
    not: [{ 'kubernetes.io': undefined, 'kubernetes.io/serviceaccount/namespace': 'shop' }],
  },
  'aud is a list': { match: { aud: audience }, not: [{ aud: ['other'] }] },
  'a service account that was made anew has another uid': {
    match: { 'kubernetes.io.serviceaccount.uid': 'e2a9f1c3-3f6d-4f8a-8f0b-5a4b9d3c2e17' },
    not: [{ 'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'orders', uid: 'another' } } }],
  },
  'tokens of no pod name none': {
    match: { 'kubernetes.io.pod.uid': 'b9f0e7a2-7f55-4d13-8d25-2f6f1c8f3a90' },
    not: [{ 'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'orders' } } }],
  },
  'a namespace cannot reach into another part of sub': {
    match: { sub: 'system:serviceaccount:*:orders' },
    not: [{ sub: 'system:serviceaccount:shop:x:orders' }],
  },
};

const bitbucketRepository = '{9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d}';

const bitbucket: Traps = {
  'ids are in braces': {
    match: { repositoryUuid: bitbucketRepository },
    notMatch: { repositoryUuid: bitbucketRepository.slice(1, -1) },
  },
  'sub holds braces, and a step that never comes again': {
    match: { sub: `${bitbucketRepository}:{4d3c2b1a-0f9e-4d8c-b7a6-5f4e3d2c1b0a}:*` },
    not: [{ sub: `${bitbucketRepository}:{77777777-8888-4999-8000-111122223333}` }],
  },
  'there may be no branch': { match: { branchName: 'main' }, not: [{ branchName: undefined }] },
  'there may be no environment': {
    match: { deploymentEnvironmentUuid: '{4d3c2b1a-0f9e-4d8c-b7a6-5f4e3d2c1b0a}' },
    not: [{ deploymentEnvironmentUuid: undefined }],
  },
};

const azureDevops: Traps = {
  'sub holds spaces': {
    match: { sub: 'p://acme/Payments Team/payments-ci' },
    not: [{ sub: 'p://acme/Payments/payments-ci' }],
  },
  'service connections have another scheme': {
    match: { sub: 'p://acme/Payments Team/*' },
    not: [{ sub: 'sc://acme/Payments Team/payments-ci' }],
  },
  'ids are strings': { match: { def_id: '1' }, not: [{ def_id: 1 }] },
  'rpo_id is a name for repositories on GitHub': {
    match: { rpo_id: 'acme/api' },
    token: { rpo_id: 'acme/api' },
    not: [{ rpo_id: 'b4f8c1d2-6e3a-4b95-8d07-f1a2c3e4d5b6' }],
  },
};

const semaphore: Traps = {
  'branch of a pull request is its target': {
    match: { branch: 'main', ref_type: 'branch' },
    not: [{ ref_type: 'pull-request', pr: '7', pr_branch: 'evil', ref: 'refs/pull/7/head' }],
  },
  'repo lacks the owner': { match: { repo: 'web', repo_slug: 'acme/web' }, not: [{ repo_slug: 'fork/web' }] },
  'debug jobs get tokens too': { match: { job_type: 'pipeline_job' }, not: [{ job_type: 'debug_job' }] },
};

const spacelift: Traps = {
  'names are in camel case': {
    match: { spaceId: 'production-01HQ7XW4Z2', runType: 'TRACKED' },
    not: [{ runType: 'PROPOSED' }],
  },
  'scope says read or write': { match: { scope: 'write' }, not: [{ scope: 'read' }] },
  'a module can have the name of a stack': {
    match: { sub: 'space:*:stack:core-infra:run_type:TRACKED:scope:write' },
    not: [{ sub: 'space:production-01HQ7XW4Z2:module:core-infra:run_type:TRACKED:scope:write' }],
  },
};

const vercel: Traps = {
  'ids outlive names': {
    match: { project_id: 'prj_7Gw5ZMBpQA8h9GF832KGp7nwbuh3', environment: 'production' },
    token: { project: 'renamed', sub: 'owner:acme:project:renamed:environment:production' },
    not: [{ environment: 'preview' }],
  },
  'the global issuer serves every team': {
    match: { owner_id: 'team_7Gw5ZMzpQA8h90F832KGp7nwbuh3' },
    token: { iss: 'https://oidc.vercel.com' },
    not: [{ owner_id: 'team_another' }],
  },
};

const codefresh: Traps = {
  'scm_* come only with git triggers': {
    match: { pipeline_id: '65e6d5551e47e5bc243ca93f', scm_ref: 'feature' },
    not: [{ scm_ref: undefined, scm_repo_url: undefined, scm_user_name: undefined }],
  },
  'initiator comes only with runs by hand': { match: { initiator: 'octocat' }, not: [{ initiator: undefined }] },
  'sub grows with the trigger': {
    match: { sub: 'account:628a80b693a15c0f9c13ab75:pipeline:65e6d5551e47e5bc243ca93f:**' },
    not: [{ sub: 'account:628a80b693a15c0f9c13ab75:pipeline:65e6d5551e47e5bc243ca93f' }],
  },
};

const sts = 'https://sts.amazonaws.com/';

const aws: Traps = {
  'claims nest below a URL that ends with a slash': {
    match: { [`${sts}.aws_account`]: '123456789012' },
    not: [{ [sts]: { aws_account: '210987654321' } }, { [sts]: undefined, aws_account: '123456789012' }],
  },
  'tags nest deeper, and their keys may hold dots': {
    match: { [`${sts}.principal_tags.cost.center`]: '4711', [`${sts}.request_tags.team`]: 'data' },
    not: [{ [sts]: { principal_tags: { 'cost.center': 4711 }, request_tags: { team: 'data' } } }],
  },
  'a request tag is not a principal tag': {
    match: { [`${sts}.principal_tags.environment`]: 'production' },
    not: [{ [sts]: { request_tags: { environment: 'production' } } }],
  },
  'only functions have a function': {
    match: { [`${sts}.lambda_source_function_arn`]: 'arn:aws:lambda:eu-west-1:123456789012:function:*' },
    not: [{ [sts]: { aws_account: '123456789012' } }],
  },
  'sub is the ARN of a role, of this account': {
    match: { sub: 'arn:aws:iam::123456789012:role/DataProcessingRole' },
    not: [{ sub: 'arn:aws:iam::210987654321:role/DataProcessingRole' }],
  },
};

const google: Traps = {
  'email_verified is a boolean': {
    match: { email: 'deployer@acme-prod.iam.gserviceaccount.com', email_verified: true },
    not: [{ email_verified: false }, { email_verified: 'true' }, { email_verified: undefined }],
  },
  'sub is a number in a string': { match: { sub: '113475438248934895348' }, not: [{ sub: '113475438248934895349' }] },
  'google is there on Compute Engine only': {
    match: { 'google.compute_engine.instance_id': '152986662232938449' },
    not: [{ google: undefined }],
  },
  'the project number is a number, the instance id is not': {
    match: { 'google.compute_engine.project_number': 739_419_398_126 },
    not: [{ google: { compute_engine: { project_number: '739419398126' } } }],
  },
};

const spiffe: Traps = {
  'sub is a URL': {
    match: { sub: 'spiffe://acme.example/ns/shop/sa/*' },
    not: [
      { sub: 'spiffe://acme.example.evil/ns/shop/sa/orders' },
      { sub: 'spiffe://acme.example/ns/shop/sa/orders/x' },
    ],
  },
  'aud is a list': { match: { aud: audience }, not: [{ aud: ['other'] }] },
};

describe.each(
  Object.entries({
    'github-actions': githubActions,
    gitlab,
    circleci,
    buildkite,
    'hcp-terraform': hcpTerraform,
    kubernetes,
    bitbucket,
    'azure-devops': azureDevops,
    semaphore,
    spacelift,
    vercel,
    codefresh,
    aws,
    google,
    spiffe,
  }),
)('%s', (name, traps) => {
  test.each(Object.entries(traps))('%s', (_, { match, token = {}, not = [], notMatch }) => {
    expect(fits(name, match, tokenOf(name, token))).toBe(true);
    for (const change of not)
      expect([change, fits(name, match, tokenOf(name, { ...token, ...change }))]).toEqual([change, false]);
    if (notMatch !== undefined) expect(fits(name, notMatch, tokenOf(name, token))).toBe(false);
    expect(not.length > 0 || notMatch !== undefined).toBe(true);
  });
});
