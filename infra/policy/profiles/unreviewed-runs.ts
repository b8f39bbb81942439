// Runs of code, or at the commands, of somebody nobody has reviewed: pull requests, forks, speculative plans, shells. By
// profile, what of a token tells them from others. Pure data.
import { matchesGlob } from '../../../shared/policy/glob.ts';
import type { MatchEntry } from '../schema/schema.ts';

/** Whether a wanted value keeps such runs out, or means them by name. */
type Tells = (value: string, match: MatchEntry) => boolean;

export interface UnreviewedRun {
  /** For messages: `a pull request`. */
  readonly what: string;
  /** Claims that tell such a run. */
  readonly told: Readonly<Record<string, Tells>>;
  /** A claim that only such runs have with these values: what a denial of them names. */
  readonly denied?: { readonly claim: string; readonly values: readonly string[] };
  /** Claims that no other runs have at all: a denial asks whether they are there. */
  readonly onlyThere?: readonly string[];
  readonly hint: string;
}

const any: Tells = () => true;
const exact: Tells = (value) => !value.includes('*');
const only =
  (...values: readonly string[]): Tells =>
  (value) =>
    values.includes(value);
/** Written out, or a glob that fits none of these. */
const besides =
  (...values: readonly string[]): Tells =>
  (value) =>
    !value.includes('*') || !values.some((each) => matchesGlob(value, each));
const says =
  (pattern: RegExp): Tells =>
  (value) =>
    pattern.test(value) || !value.includes('*');

/** Since 18.2.2 GitLab names the fork in these when a fork's merge request runs in its parent, and not in `job_project_*`. */
const ofSource = ['project_id', 'project_path', 'namespace_id', 'namespace_path', 'sub'];
const besideSource: Tells = (_, match) => ofSource.some((claim) => Object.hasOwn(match, claim));

export const unreviewedRuns: ReadonlyMap<string, readonly UnreviewedRun[]> = new Map(
  Object.entries<readonly UnreviewedRun[]>({
    'github-actions': [
      {
        what: 'a pull request, from a fork too where the repository lets it,',
        told: {
          environment: any,
          environment_node_id: any,
          ref_protected: only('true'),
          ref_type: only('tag'),
          ref: besides('refs/pull/1/merge'),
          event_name: besides('pull_request'),
          workflow_ref: says(/@refs\//),
          sub: says(/:(ref|environment):/),
        },
        denied: { claim: 'event_name', values: ['pull_request'] },
        hint: 'match ref, environment or event_name, or deny event_name: pull_request',
      },
    ],
    gitlab: [
      {
        what: 'a merge request pipeline, of a fork too,',
        told: {
          ref_protected: only('true'),
          environment_protected: only('true'),
          ref_type: only('tag'),
          pipeline_source: besides('merge_request_event'),
          ref: besideSource,
          ref_path: besideSource,
          sub: says(/:ref_type:[^*]+:ref:/),
        },
        denied: { claim: 'pipeline_source', values: ['merge_request_event'] },
        hint: 'match project_id with ref, or ref_protected: "true", or deny pipeline_source: merge_request_event',
      },
    ],
    circleci: [
      {
        what: 'a build of a fork, where the project builds them,',
        told: {
          'oidc.circleci.com/vcs-origin': besides('github.com/somebody/fork'),
          sub: says(/\/vcs-origin\/[^*/]+\/[^*/]+\//),
        },
        hint: 'match "oidc.circleci.com/vcs-origin": a fork’s token names the fork',
      },
      {
        what: 'a job that somebody re-ran with SSH',
        told: { 'oidc.circleci.com/ssh-rerun': any },
        denied: { claim: 'oidc.circleci.com/ssh-rerun', values: ['true'] },
        hint: 'match "oidc.circleci.com/ssh-rerun": false, or deny true',
      },
    ],
    buildkite: [
      {
        what: 'a build of a pull request, of a fork too where the pipeline builds them,',
        told: {
          build_branch: besides('somebody:main'),
          build_commit: exact,
          build_source: (value) => value !== 'webhook' && !value.includes('*'),
          build_tag: any,
          sub: says(/:ref:refs\/[^*]/),
        },
        hint: 'match build_branch, and let the pipeline prefix the branches of forks',
      },
    ],
    'hcp-terraform': [
      {
        what: 'a speculative plan, of a pull request too,',
        told: { terraform_run_phase: besides('plan'), sub: says(/:run_phase:[^*]/) },
        denied: { claim: 'terraform_run_phase', values: ['plan'] },
        hint: 'match terraform_run_phase: apply',
      },
    ],
    bitbucket: [
      {
        what: 'a pull request',
        told: { branchName: exact, deploymentEnvironmentUuid: any, sub: says(/^[^*:]+:[^*:]+:/) },
        hint: 'match deploymentEnvironmentUuid or branchName',
      },
    ],
    'azure-devops': [
      {
        what: 'a run for a pull request',
        told: { rpo_ref: besides('refs/pull/1/merge'), rpo_ver: exact },
        denied: { claim: 'rpo_ref', values: ['refs/pull/1/merge', 'refs/pull/23/merge'] },
        hint: 'match rpo_ref, or deny rpo_ref: "refs/pull/**"',
      },
    ],
    semaphore: [
      {
        what: 'a pull request, from a fork too where the project builds them,',
        told: {
          ref: besides('refs/pull/1/head'),
          ref_type: besides('pr', 'pull-request'),
          tag: any,
          sub: says(/:ref_type:[^*]/),
        },
        denied: { claim: 'ref_type', values: ['pr'] },
        hint: 'match ref_type: branch with ref; the branch of a pull request is the one it wants to be merged into',
      },
    ],
    spacelift: [
      {
        what: 'a proposed run, of a pull request too,',
        told: { runType: besides('PROPOSED'), scope: only('write'), sub: says(/:run_type:[^*]|:scope:write/) },
        denied: { claim: 'runType', values: ['PROPOSED'] },
        hint: 'match runType: TRACKED, or deny runType: PROPOSED',
      },
    ],
    vercel: [
      {
        what: 'a preview deployment, of a pull request too,',
        told: { environment: besides('preview'), sub: says(/:environment:[^*]/) },
        denied: { claim: 'environment', values: ['preview'] },
        hint: 'match environment: production',
      },
    ],
    codefresh: [
      {
        what: 'a build of a pull request',
        told: { scm_pull_request_target_branch: any },
        onlyThere: ['scm_pull_request_target_branch'],
        hint: 'deny it with the condition has(claims.scm_pull_request_target_branch)',
      },
    ],
  }),
);
