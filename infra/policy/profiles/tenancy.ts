// Issuers that sign for everybody: what of a token says whose it is, by profile. Pure data.

export interface Tenancy {
  /** The shared issuers; others of the profile belong to one organisation. */
  readonly url: RegExp;
  /** Claims that name the organisation, or something only it has. */
  readonly owners: readonly string[];
  /** What a `sub` that names the organisation begins with. */
  readonly sub: RegExp;
}

export const tenancies: ReadonlyMap<string, Tenancy> = new Map(
  Object.entries({
    'github-actions': {
      url: /^https:\/\/token\.actions\.githubusercontent\.com$/,
      owners: [
        ...['repository', 'repository_id', 'repository_owner', 'repository_owner_id', 'workflow_ref'],
        ...['enterprise', 'enterprise_id', 'environment_node_id'],
      ],
      sub: /^(repo:[^*/]+\/|repository(_owner)?(_id)?:[^*:/]+[:/])/,
    },
    gitlab: {
      url: /^https:\/\/gitlab\.com$/,
      owners: ['namespace_id', 'namespace_path', 'project_id', 'project_path'],
      sub: /^project_path:[^*/]+\//,
    },
    circleci: {
      url: /^https:\/\/oidc\.circleci\.com$/,
      owners: ['oidc.circleci.com/org-id', 'oidc.circleci.com/project-id', 'oidc.circleci.com/context-ids'],
      sub: /^org\/[^*/]+\//,
    },
    buildkite: {
      url: /^https:\/\/agent\.buildkite\.com$/,
      owners: ['organization_slug', 'organization_id', 'pipeline_id'],
      sub: /^organization:[^*:]+:/,
    },
    'hcp-terraform': {
      url: /^https:\/\/app\.terraform\.io$/,
      owners: [
        ...['terraform_organization_id', 'terraform_organization_name', 'terraform_project_id'],
        ...['terraform_workspace_id', 'terraform_full_workspace'],
      ],
      sub: /^organization:[^*:]+:/,
    },
    vercel: {
      url: /^https:\/\/oidc\.vercel\.com$/,
      owners: ['owner', 'owner_id', 'project_id'],
      sub: /^owner:[^*:]+:/,
    },
    codefresh: {
      url: /^https:\/\/oidc\.codefresh\.io$/,
      owners: ['account_id', 'account_name', 'pipeline_id'],
      sub: /^account:[^*:]+:/,
    },
    google: {
      url: /^https:\/\/accounts\.google\.com$/,
      owners: ['email', 'azp', 'google.compute_engine.project_id', 'google.compute_engine.project_number'],
      sub: /^[0-9]{6,}$/,
    },
  }),
);
