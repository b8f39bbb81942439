// HCP Terraform and Terraform Enterprise: workload identity of a run; names hold spaces, also in `sub`. Documented by HashiCorp.
// https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/workload-identity-tokens
import { randomUUID } from 'node:crypto';
import type { Profile, SampleInput } from './profile.ts';

const claims = {
  terraform_full_workspace: 'string',
  terraform_organization_id: 'string',
  terraform_organization_name: 'string',
  terraform_project_id: 'string',
  terraform_project_name: 'string',
  terraform_run_id: 'string',
  terraform_run_phase: 'string',
  terraform_workspace_id: 'string',
  terraform_workspace_name: 'string',
} as const;

/** Not on the tokens of module tests. */
const ofWorkspaces = [
  'terraform_full_workspace',
  'terraform_project_id',
  'terraform_project_name',
  'terraform_run_id',
  'terraform_run_phase',
  'terraform_workspace_id',
  'terraform_workspace_name',
] as const;

export const hcpTerraform: Profile = {
  name: 'hcp-terraform',
  claims,
  optional: ofWorkspaces,
  immutable: {
    sub: 'terraform_workspace_id',
    terraform_full_workspace: 'terraform_workspace_id',
    terraform_organization_name: 'terraform_organization_id',
    terraform_project_name: 'terraform_project_id',
    terraform_workspace_name: 'terraform_workspace_id',
  },
  run: ['terraform_run_id'],
  algorithms: ['RS256'],
  endsWithSlash: () => false,
  sample,
};

function sample({ issuer, audience, now }: SampleInput): Record<string, unknown> {
  const workspace = 'organization:my-org:project:Default Project:workspace:my-workspace';
  return {
    iss: issuer,
    aud: audience,
    sub: `${workspace}:run_phase:apply`,
    jti: randomUUID(),
    iat: now,
    nbf: now - 5,
    exp: now + 7200,
    terraform_full_workspace: workspace,
    terraform_organization_id: 'org-GRNbCjYNpBB6NEBH',
    terraform_organization_name: 'my-org',
    terraform_project_id: 'prj-vegSA59s1XPwMr2t',
    terraform_project_name: 'Default Project',
    terraform_run_id: 'run-UUwNKz74hEdPWLhq',
    terraform_run_phase: 'apply',
    terraform_workspace_id: 'ws-mbsd5E3Ktt5Rg2Xm',
    terraform_workspace_name: 'my-workspace',
  };
}

/** What a run of a module's tests gets instead: no project, no workspace, no run. */
export function testRunSample({ issuer, audience, now }: SampleInput): Record<string, unknown> {
  const token = Object.entries(sample({ issuer, audience, now })).filter(
    ([name]) => !(ofWorkspaces as readonly string[]).includes(name),
  );
  return {
    ...Object.fromEntries(token),
    sub: 'organization:my-org:module:my-module:operation:test_run',
    nbf: now - 30,
    exp: now + 600,
  };
}
