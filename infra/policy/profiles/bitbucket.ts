// Bitbucket Pipelines: every id is a UUID in braces. Documented by its consumers, not captured.
// https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/
import { randomUUID } from 'node:crypto';
import type { Profile, SampleInput } from './profile.ts';

const claims = {
  accountUuid: 'string',
  branchName: 'string',
  deploymentEnvironmentUuid: 'string',
  pipelineUuid: 'string',
  repositoryUuid: 'string',
  stepUuid: 'string',
  workspaceUuid: 'string',
} as const;

export const bitbucket: Profile = {
  name: 'bitbucket',
  claims,
  // Sources disagree on whether there is a branch.
  optional: ['accountUuid', 'branchName', 'deploymentEnvironmentUuid', 'jti', 'nbf'],
  run: ['pipelineUuid'],
  algorithms: ['RS256'],
  endsWithSlash: () => false,
  sample,
};

const repository = '{9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d}';
const environment = '{4d3c2b1a-0f9e-4d8c-b7a6-5f4e3d2c1b0a}';

function sample({ issuer, audience, now }: SampleInput): Record<string, unknown> {
  const step = `{${randomUUID()}}`;
  return {
    iss: issuer,
    aud: audience,
    // The step is another for each token: `sub` never repeats.
    sub: `${repository}:${environment}:${step}`,
    iat: now,
    exp: now + 3600,
    accountUuid: '{c1d2e3f4-a5b6-4c7d-8e9f-0a1b2c3d4e5f}',
    branchName: 'main',
    deploymentEnvironmentUuid: environment,
    pipelineUuid: '{7f6e5d4c-3b2a-4190-8f7e-6d5c4b3a2918}',
    repositoryUuid: repository,
    stepUuid: step,
    workspaceUuid: '{2b3c4d5e-6f70-4812-93a4-b5c6d7e8f901}',
  };
}
