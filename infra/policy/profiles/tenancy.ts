// Issuers that sign for everybody: what of a token says whose it is, by profile. Pure data.

export interface Tenancy {
  /** The shared issuers; others of the profile belong to one organisation. */
  readonly url: RegExp;
  /** Claims that name the organisation, or something only it has, by path; the first group is the part that does. */
  readonly owners: Readonly<Record<string, RegExp>>;
}

const whole = /^(.*)$/s;
/** `acme` of `acme/api`. */
const beforeSlash = /^([^/]*)\//;

function all(pattern: RegExp, ...paths: readonly string[]): Readonly<Record<string, RegExp>> {
  return Object.fromEntries(paths.map((path) => [path, pattern]));
}

export const tenancies: ReadonlyMap<string, Tenancy> = new Map(
  Object.entries<Tenancy>({
    // A reusable workflow (`job_workflow_ref`) and a person (`actor`) run in repositories of other organisations too.
    'github-actions': {
      url: /^https:\/\/token\.actions\.githubusercontent\.com$/,
      owners: {
        ...all(beforeSlash, 'repository', 'workflow_ref'),
        ...all(whole, 'repository_id', 'repository_owner', 'repository_owner_id'),
        ...all(whole, 'enterprise', 'enterprise_id', 'environment_node_id'),
        sub: /^(?:repo:([^/]*)\/|repository(?:_owner)?(?:_id)?:([^:/]*)[:/])/,
      },
    },
    gitlab: {
      url: /^https:\/\/gitlab\.com$/,
      owners: {
        ...all(/^([^/]*)(?:\/|$)/, 'namespace_path', 'project_path', 'job_namespace_path', 'job_project_path'),
        ...all(whole, 'namespace_id', 'project_id', 'job_namespace_id', 'job_project_id'),
        sub: /^project_path:([^/]*)\//,
      },
    },
    circleci: {
      url: /^https:\/\/oidc\.circleci\.com$/,
      owners: {
        ...all(
          whole,
          'oidc.circleci.com/org-id',
          'oidc.circleci.com/project-id',
          'oidc.circleci.com/context-ids',
          'oidc.circleci.com/pipeline-definition-id',
        ),
        sub: /^org\/([^/]*)\//,
      },
    },
    buildkite: {
      url: /^https:\/\/agent\.buildkite\.com$/,
      owners: {
        ...all(whole, 'organization_slug', 'organization_id', 'pipeline_id', 'cluster_id', 'queue_id'),
        sub: /^organization:([^:]*):/,
      },
    },
    'hcp-terraform': {
      url: /^https:\/\/app\.terraform\.io$/,
      owners: {
        ...all(whole, 'terraform_organization_id', 'terraform_organization_name', 'terraform_project_id'),
        terraform_workspace_id: whole,
        terraform_full_workspace: /^organization:([^:]*):/,
        sub: /^organization:([^:]*):/,
      },
    },
    vercel: {
      url: /^https:\/\/oidc\.vercel\.com$/,
      owners: { ...all(whole, 'owner', 'owner_id', 'project_id'), sub: /^owner:([^:]*):/ },
    },
    codefresh: {
      url: /^https:\/\/oidc\.codefresh\.io$/,
      owners: { ...all(whole, 'account_id', 'account_name', 'pipeline_id'), sub: /^account:([^:]*):/ },
    },
    google: {
      url: /^https:\/\/accounts\.google\.com$/,
      owners: {
        ...all(whole, 'email', 'azp', 'google.compute_engine.project_id', 'google.compute_engine.project_number'),
        sub: whole,
      },
    },
  }),
);
