// The CI systems that `cambio init` writes a policy and a job for: what it has to know, and which claims say whose job it is.
// Ids are matched, never names, which somebody else may have tomorrow (docs/profiles.md). Pure.

export interface Question {
  /** Of the command line, without its dashes. */
  readonly option: string;
  readonly asks: string;
  readonly shape: RegExp;
  /** What such a value looks like, and where it is found. */
  readonly hint: string;
  readonly default?: string;
}

export type Answers = Readonly<Record<string, string>>;
type Claims = Readonly<Record<string, string | boolean>>;

export interface CiSystem {
  /** Profile of its tokens. */
  readonly profile: string;
  readonly questions: readonly Question[];
  readonly issuer: (answers: Answers) => string;
  /** Of the job's token, where the job cannot choose it. */
  readonly audience?: (answers: Answers) => string;
  /** What only the job that is meant has. */
  readonly match: (answers: Answers) => Claims;
  /** What must get nothing whatever a rule to come says. */
  readonly deny?: Readonly<Record<string, string | boolean | readonly string[]>>;
  /** What the token of the job has beside that. */
  readonly also: (answers: Answers) => Claims;
  /** Jobs that must get nothing, by what their tokens have otherwise. */
  readonly others: Readonly<Record<string, Claims>>;
  /** Where the system looks for jobs. */
  readonly file: string;
  /** @param audience of the job’s token */
  readonly job: (answers: Answers, audience: string) => string;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const number = /^[1-9]\d{0,19}$/;
const slug = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const otherUuid = '00000000-0000-4000-8000-000000000000';

const branch: Question = {
  option: 'branch',
  asks: 'the branch that deploys',
  shape: /^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/,
  hint: 'a name such as main',
  default: 'main',
};

const organization = (asks: string, shape: RegExp, hint: string): Question => ({
  option: 'organization',
  ...{ asks, shape, hint },
});
const repository = (asks: string, shape: RegExp, hint: string): Question => ({
  option: 'repository',
  ...{ asks, shape, hint },
});

const of = (answers: Answers, name: string): string => answers[name] ?? '';
const refOf = (answers: Answers): string => `refs/heads/${of(answers, 'branch')}`;

/** In two lines: where the first fails, `sh -e` ends the job, as it would not inside `eval`. */
const commands = (answers: Answers, more = ''): readonly string[] => [
  `credentials=$(sh cambio.sh aws --role ${of(answers, 'name')}${more})`,
  'eval "$credentials"',
  'aws sts get-caller-identity # here is what deploys',
];

const indented = (lines: readonly string[], by: number, mark = ''): string =>
  lines.map((line) => `${' '.repeat(by)}${mark}${mark === '' ? line : yaml(line)}\n`).join('');

/** A text that YAML reads as this one. */
export function yaml(text: string): string {
  return JSON.stringify(text);
}

export const ciSystems: Readonly<Record<string, CiSystem>> = {
  'github-actions': {
    profile: 'github-actions',
    questions: [
      organization('the id of the organization', number, 'a number: gh api orgs/NAME --jq .id (of a user: users/NAME)'),
      repository('the id of the repository', number, 'a number: gh api repos/OWNER/NAME --jq .id'),
      branch,
    ],
    issuer: () => 'https://token.actions.githubusercontent.com',
    match: (answers) => ({
      repository_owner_id: of(answers, 'organization'),
      repository_id: of(answers, 'repository'),
      ref: refOf(answers),
    }),
    deny: { event_name: ['pull_request', 'pull_request_target'] },
    also: () => ({ sub: 'repo:as@1/it@2:ref:is', event_name: 'push' }),
    others: {
      'another branch': { ref: 'refs/heads/no-such-branch' },
      'another repository, whatever its name,': { repository_id: '0' },
      'a pull request that says it is the branch': { event_name: 'pull_request_target' },
    },
    file: '.github/workflows/cambio-deploy.yaml',
    job: (answers, audience) => `on:
  push: { branches: [${yaml(of(answers, 'branch'))}] }
permissions: { id-token: write, contents: read }
jobs:
  deploy:
    runs-on: ubuntu-latest
    env:
      CAMBIO_URL: ${yaml(of(answers, 'url'))}
      CAMBIO_TOKEN_AUDIENCE: ${yaml(audience)}
    steps:
      - uses: actions/checkout@v5
      - run: |
${indented(commands(answers), 10)}`,
  },
  gitlab: {
    profile: 'gitlab',
    questions: [
      organization('the id of the group', number, 'a number: on the page of the group, behind the three dots'),
      repository('the id of the project', number, 'a number: on the page of the project, behind the three dots'),
      branch,
      {
        option: 'issuer',
        asks: 'the URL of GitLab',
        shape: /^https:\/\/[a-z0-9.-]+$/,
        hint: 'https://HOST, as its tokens have it in iss',
        default: 'https://gitlab.com',
      },
    ],
    issuer: (answers) => of(answers, 'issuer'),
    match: (answers) => ({
      namespace_id: of(answers, 'organization'),
      project_id: of(answers, 'repository'),
      ref_type: 'branch',
      ref: of(answers, 'branch'),
      ref_protected: 'true',
    }),
    deny: { pipeline_source: 'merge_request_event' },
    also: () => ({ sub: 'project_path:as/it/is:ref_type:branch:ref:is', pipeline_source: 'push' }),
    others: {
      'another branch': { ref: 'no-such-branch' },
      'a tag that is named like the branch': { ref_type: 'tag' },
      'another project, whatever its name,': { project_id: '0' },
      'a merge request': { pipeline_source: 'merge_request_event', ref_protected: 'false' },
    },
    file: '.gitlab-ci.yml',
    job: (answers, audience) => `deploy:
  rules:
    - if: $CI_COMMIT_BRANCH == ${yaml(of(answers, 'branch'))}
  id_tokens:
    CAMBIO_ID_TOKEN: { aud: ${yaml(audience)} }
  variables:
    CAMBIO_URL: ${yaml(of(answers, 'url'))}
  script:
${indented(commands(answers), 4, '- ')}`,
  },
  circleci: {
    profile: 'circleci',
    questions: [
      organization('the id of the organization', uuid, 'a UUID: Organization Settings, Overview'),
      repository('the id of the project', uuid, 'a UUID: Project Settings, Overview'),
      {
        option: 'origin',
        asks: 'where the repository is',
        shape: /^[a-z0-9.-]+\/[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/,
        hint: 'as github.com/acme/api: the token of a fork names the fork',
      },
      branch,
    ],
    issuer: (answers) => `https://oidc.circleci.com/org/${of(answers, 'organization')}`,
    audience: (answers) => of(answers, 'organization'),
    match: (answers) => ({
      'oidc.circleci.com/project-id': of(answers, 'repository'),
      'oidc.circleci.com/vcs-origin': of(answers, 'origin'),
      'oidc.circleci.com/vcs-ref': refOf(answers),
      'oidc.circleci.com/ssh-rerun': false,
    }),
    also: () => ({ sub: 'org/as/project/it/user/is' }),
    others: {
      'another branch': { 'oidc.circleci.com/vcs-ref': 'refs/heads/no-such-branch' },
      'another project': { 'oidc.circleci.com/project-id': otherUuid },
      'the same branch of a fork': { 'oidc.circleci.com/vcs-origin': 'github.com/somebody/fork' },
      'a job that somebody re-ran with SSH': { 'oidc.circleci.com/ssh-rerun': true },
    },
    file: '.circleci/config.yml',
    job: (answers) => `version: 2.1
jobs:
  deploy:
    docker: [{ image: cimg/aws:2024.03 }]
    environment:
      CAMBIO_URL: ${yaml(of(answers, 'url'))}
    steps:
      - checkout
      - run: |
${indented(commands(answers), 10)}workflows:
  deploy:
    jobs:
      - deploy: { filters: { branches: { only: [${yaml(of(answers, 'branch'))}] } } }
`,
  },
  buildkite: {
    profile: 'buildkite',
    questions: [
      organization(
        'the id of the organization',
        uuid,
        'a UUID: organization_id of a token with --claim organization_id',
      ),
      repository('the id of the pipeline', uuid, 'a UUID: Pipeline Settings, API integration'),
      branch,
    ],
    issuer: () => 'https://agent.buildkite.com',
    match: (answers) => ({
      organization_id: of(answers, 'organization'),
      pipeline_id: of(answers, 'repository'),
      build_branch: of(answers, 'branch'),
    }),
    also: () => ({ sub: 'organization:as:pipeline:it:ref:refs/heads/is:commit:0:step:is' }),
    others: {
      'another branch': { build_branch: 'no-such-branch' },
      'a branch of a fork, which the pipeline prefixes,': { build_branch: 'somebody:main' },
      'another pipeline, whatever its name,': { pipeline_id: otherUuid },
    },
    file: '.buildkite/pipeline.yml',
    job: (answers, audience) => `# In the settings of the pipeline: prefix the branches of forks, where it builds them.
steps:
  - label: deploy
    if: build.branch == ${yaml(of(answers, 'branch'))}
    env:
      CAMBIO_URL: ${yaml(of(answers, 'url'))}
    commands:
${indented(
  [
    'umask 077',
    'token_file=$$(mktemp)',
    `buildkite-agent oidc request-token --audience ${audience} --claim organization_id,pipeline_id > "$$token_file"`,
    ...commands(answers, ' --token-file "$$token_file"').map((line) => line.replace(/\$(?=\(|c)/g, '$$$$')),
  ],
  6,
  '- ',
)}`,
  },
  bitbucket: {
    profile: 'bitbucket',
    questions: [
      organization('the name of the workspace', slug, 'as in the URL of its repositories'),
      repository('the UUID of the repository', uuid, 'without braces: Repository settings, OpenID Connect'),
      {
        option: 'environment',
        asks: 'the UUID of the deployment environment',
        shape: uuid,
        hint: 'without braces: Repository settings, OpenID Connect; let only the branch that is meant deploy to it',
      },
    ],
    issuer: (answers) =>
      `https://api.bitbucket.org/2.0/workspaces/${of(answers, 'organization')}/pipelines-config/identity/oidc`,
    match: (answers) => ({
      repositoryUuid: `{${of(answers, 'repository')}}`,
      deploymentEnvironmentUuid: `{${of(answers, 'environment')}}`,
    }),
    also: () => ({ sub: '{as}:{it}:{is}' }),
    others: {
      'another environment': { deploymentEnvironmentUuid: `{${otherUuid}}` },
      'another repository': { repositoryUuid: `{${otherUuid}}` },
    },
    file: 'bitbucket-pipelines.yml',
    job: (answers, audience) => `pipelines:
  branches:
    main:
      - step:
          name: deploy
          deployment: production # the environment whose UUID the policy has
          oidc: true
          audiences: [${yaml(audience)}]
          script:
            - ${yaml(`export CAMBIO_URL=${of(answers, 'url')}`)}
${indented(commands(answers, ' --token-env BITBUCKET_STEP_OIDC_TOKEN'), 12, '- ')}`,
  },
  'azure-devops': {
    profile: 'azure-devops',
    questions: [
      organization('the id of the organization', uuid, 'a UUID: org_id of a token, or accountId of its profile API'),
      {
        option: 'project',
        asks: 'the id of the project',
        shape: uuid,
        hint: 'a UUID: az devops project show --query id',
      },
      repository('the id of the pipeline', number, 'a number: definitionId in the URL of the pipeline'),
      branch,
    ],
    issuer: (answers) => `https://vstoken.dev.azure.com/${of(answers, 'organization')}`,
    audience: () => 'api://AzureADTokenExchange',
    match: (answers) => ({
      prj_id: of(answers, 'project'),
      def_id: of(answers, 'repository'),
      rpo_ref: refOf(answers),
    }),
    deny: { rpo_ref: 'refs/pull/**' },
    also: () => ({ sub: 'p://as/it/is' }),
    others: {
      'another branch': { rpo_ref: 'refs/heads/no-such-branch' },
      'another pipeline': { def_id: '0' },
      'a run for a pull request': { rpo_ref: 'refs/pull/1/merge' },
    },
    file: 'azure-pipelines.yml',
    job: (answers) => `trigger: { branches: { include: [${yaml(of(answers, 'branch'))}] } }
pr: none
pool: { vmImage: ubuntu-latest }
steps:
  - bash: |
      set -e
${indented(commands(answers, ' --from azure-devops'), 6)}    env:
      CAMBIO_URL: ${yaml(of(answers, 'url'))}
      SYSTEM_ACCESSTOKEN: $(System.AccessToken)
`,
  },
  semaphore: {
    profile: 'semaphore',
    questions: [
      organization('the name of the organization', /^[a-z0-9][a-z0-9-]{0,62}$/, 'as in https://NAME.semaphoreci.com'),
      repository('the id of the project', uuid, 'a UUID: sem get projects NAME'),
      branch,
    ],
    issuer: (answers) => `https://${of(answers, 'organization')}.semaphoreci.com`,
    audience: (answers) => `https://${of(answers, 'organization')}.semaphoreci.com`,
    match: (answers) => ({
      prj_id: of(answers, 'repository'),
      ref_type: 'branch',
      ref: refOf(answers),
      job_type: 'pipeline_job',
    }),
    also: () => ({ sub: 'org:as:project:it:repo:is:ref_type:branch:ref:is' }),
    others: {
      'another branch': { ref: 'refs/heads/no-such-branch' },
      'a pull request into the branch': { ref_type: 'pull-request', ref: 'refs/pull/1/head' },
      'another project, whatever its name,': { prj_id: otherUuid },
      'a person at the shell of a debug job': { job_type: 'debug_job' },
    },
    file: '.semaphore/semaphore.yml',
    job: (answers) => `version: v1.0
name: deploy
agent: { machine: { type: e1-standard-2, os_image: ubuntu2204 } }
blocks:
  - name: deploy
    run: { when: ${yaml(`branch = '${of(answers, 'branch')}'`)} }
    task:
      env_vars:
        - { name: CAMBIO_URL, value: ${yaml(of(answers, 'url'))} }
      jobs:
        - name: deploy
          commands:
            - checkout
${indented(commands(answers, ' --token-env SEMAPHORE_OIDC_TOKEN'), 12, '- ')}`,
  },
};
