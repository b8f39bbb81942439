// Runs of code, or at the commands, of somebody nobody has reviewed: pull requests, forks, speculative plans, shells. By
// profile, what their tokens have that the vendor's sample has not. Pure data.

/** A text of a shape: one of its kind, and what tells the others. */
export interface Shape {
  readonly like: string;
  readonly shape: RegExp;
}

/** What a claim of such a run has; `null`: it lacks the claim. */
export type RunClaim = string | boolean | null | Shape;

export interface UnreviewedRun {
  /** For messages: `a pull request`. */
  readonly what: string;
  /** Claims that only such runs have so: a rule that writes one of them out means these runs. */
  readonly only: Readonly<Record<string, RunClaim>>;
  /** Claims they have like others, and cannot have otherwise. */
  readonly also?: Readonly<Record<string, RunClaim>>;
  /** How a pattern says which refs it means, where a `sub` does not tell such runs. */
  readonly meant?: { readonly claim: string; readonly pattern: RegExp };
  /** A claim that no other runs have at all: a denial asks whether it is there. */
  readonly onlyThere?: readonly string[];
  readonly hint: string;
}

const commit = '0123456789abcdef0123456789abcdef01234567';

/** Since 18.2.2 GitLab names the fork in these when a fork's merge request runs in its parent, and not in `job_project_*`. */
const ofFork = {
  project_id: '987654321',
  project_path: 'somebody/fork',
  namespace_id: '987654321',
  namespace_path: 'somebody',
  sub: { like: 'project_path:somebody/fork:ref_type:branch:ref:main', shape: /^project_path:somebody\/fork:/ },
};

const ofMergeRequest = { ref_protected: 'false', ref_type: 'branch', environment_protected: 'false' };
const gitlabHint = 'match project_id with ref, or ref_protected: "true", or deny pipeline_source: merge_request_event';

export const unreviewedRuns: ReadonlyMap<string, readonly UnreviewedRun[]> = new Map(
  Object.entries<readonly UnreviewedRun[]>({
    'github-actions': [
      {
        what: 'a pull request, from a fork too where the repository lets it,',
        only: {
          event_name: 'pull_request',
          ref: 'refs/pull/1/merge',
          sub: { like: 'repo:acme@1/api@456789:pull_request', shape: /^[^:]+:[^:]+:pull_request$/ },
        },
        also: {
          environment: null,
          environment_node_id: null,
          ref_protected: 'false',
          ref_type: 'branch',
          workflow_ref: {
            like: 'acme/api/.github/workflows/test.yaml@refs/pull/1/merge',
            shape: /@refs\/pull\/1\/merge$/,
          },
        },
        hint: 'match ref, environment or event_name, or deny event_name: pull_request',
      },
    ],
    gitlab: [
      {
        what: 'a merge request pipeline, of a fork too,',
        only: { pipeline_source: 'merge_request_event' },
        also: { ...ofMergeRequest, ...ofFork },
        hint: gitlabHint,
      },
      {
        what: 'a merge request pipeline, of a fork too,',
        only: { pipeline_source: 'merge_request_event' },
        also: {
          ...ofMergeRequest,
          ref: 'feature-1',
          ref_path: 'refs/heads/feature-1',
          sub: {
            like: 'project_path:my-group/backend/my-project:ref_type:branch:ref:feature-1',
            shape: /^project_path:[^:]+:ref_type:branch:ref:feature-1$/,
          },
        },
        meant: { claim: 'sub', pattern: /:ref_type:[^*]+:ref:/ },
        hint: gitlabHint,
      },
    ],
    circleci: [
      {
        what: 'a build of a fork, where the project builds them,',
        only: {
          'oidc.circleci.com/vcs-origin': 'github.com/somebody/fork',
          sub: {
            like: 'org/1e6f5b2a/project/ecc458d2/user/3f2a8d10/vcs-origin/github.com/somebody/fork/vcs-ref/refs/heads/main',
            shape: /^org\/[^/]+\/project\/[^/]+\/user\/[^/]+\/vcs-origin\/github\.com\/somebody\/fork(\/|$)/,
          },
        },
        hint: 'match "oidc.circleci.com/vcs-origin": a fork’s token names the fork',
      },
      {
        what: 'a job that somebody re-ran with SSH',
        only: { 'oidc.circleci.com/ssh-rerun': true },
        hint: 'match "oidc.circleci.com/ssh-rerun": false, or deny true',
      },
    ],
    buildkite: [
      {
        what: 'a build of a pull request, of a fork too where the pipeline builds them,',
        only: { build_branch: 'somebody:main' },
        also: {
          build_source: 'webhook',
          build_commit: commit,
          build_tag: null,
          sub: {
            like: `organization:acme-inc:pipeline:super-duper-app:ref:refs/heads/somebody:main:commit:${commit}:step:build`,
            shape: /^organization:[^:]+:pipeline:[^:]+:ref:refs\/heads\/somebody:main:/,
          },
        },
        hint: 'match build_branch, and let the pipeline prefix the branches of forks',
      },
    ],
    'hcp-terraform': [
      {
        what: 'a speculative plan, of a pull request too,',
        only: {
          terraform_run_phase: 'plan',
          sub: {
            like: 'organization:my-org:project:Default Project:workspace:my-workspace:run_phase:plan',
            shape: /^organization:[^:]+:project:[^:]+:workspace:[^:]+:run_phase:plan$/,
          },
        },
        hint: 'match terraform_run_phase: apply',
      },
    ],
    bitbucket: [
      {
        what: 'a pull request',
        only: {},
        also: {
          branchName: 'feature',
          deploymentEnvironmentUuid: null,
          // Two parts where a deployment's has three.
          sub: { like: '{repository}:{step}', shape: /^[^:]+:[^:]+$/ },
        },
        hint: 'match deploymentEnvironmentUuid or branchName',
      },
    ],
    'azure-devops': ['refs/pull/1/merge', 'refs/pull/23/merge'].map((ref) => ({
      what: 'a run for a pull request',
      only: { rpo_ref: ref },
      also: { rpo_ver: commit },
      hint: 'match rpo_ref, or deny rpo_ref: "refs/pull/**"',
    })),
    semaphore: ['pr', 'pull-request'].map((type) => ({
      what: 'a pull request, from a fork too where the project builds them,',
      only: {
        ref: 'refs/pull/1/head',
        ref_type: type,
        sub: {
          like: `org:acme:project:936a5312:repo:web:ref_type:${type}:ref:refs/pull/1/head`,
          shape: /^org:[^:]+:project:[^:]+:repo:[^:]+:ref_type:(pr|pull-request):/,
        },
      },
      also: { tag: '' },
      hint: 'match ref_type: branch with ref; the branch of a pull request is the one it wants to be merged into',
    })),
    spacelift: [
      {
        what: 'a proposed run, of a pull request too,',
        only: {
          runType: 'PROPOSED',
          sub: {
            like: 'space:production:stack:core-infra:run_type:PROPOSED:scope:read',
            shape: /^space:[^:]+:[^:]+:[^:]+:run_type:PROPOSED:scope:read$/,
          },
        },
        also: { scope: 'read' },
        hint: 'match runType: TRACKED, or deny runType: PROPOSED',
      },
    ],
    vercel: [
      {
        what: 'a preview deployment, of a pull request too,',
        only: {
          environment: 'preview',
          sub: {
            like: 'owner:acme:project:acme_website:environment:preview',
            shape: /^owner:[^:]+:project:[^:]+:environment:preview$/,
          },
        },
        hint: 'match environment: production',
      },
    ],
    codefresh: [
      {
        what: 'a build of a pull request',
        only: { scm_pull_request_target_branch: 'main' },
        onlyThere: ['scm_pull_request_target_branch'],
        hint: 'deny it with the condition has(claims.scm_pull_request_target_branch)',
      },
    ],
  }),
);
