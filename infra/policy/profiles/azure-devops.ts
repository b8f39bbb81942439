// Azure DevOps: tokens of pipelines (`p://`) and of service connections (`sc://`). Captured by Teleport.
// https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create
import { randomUUID } from 'node:crypto';
import type { Profile, SampleInput } from './profile.ts';

const claims = {
  def_id: 'string',
  org_id: 'string',
  prj_id: 'string',
  rpo_id: 'string',
  rpo_ref: 'string',
  rpo_uri: 'string',
  rpo_ver: 'string',
  run_id: 'string',
} as const;

export const azureDevops: Profile = {
  name: 'azure-devops',
  claims,
  // `rpo_id` is no id where the repository is on GitHub: `owner/repo`.
  immutable: { sub: 'def_id' },
  run: ['run_id'],
  algorithms: ['RS256'],
  endsWithSlash: () => false,
  sample,
};

function sample({ issuer, audience, now }: SampleInput): Record<string, unknown> {
  return {
    iss: issuer,
    aud: audience,
    sub: 'p://acme/Payments Team/payments-ci',
    jti: randomUUID(),
    iat: now,
    nbf: now - 600,
    exp: now + 600,
    org_id: '0ca3ddd9-f0b0-4635-a98c-5866526961b6',
    prj_id: '271ef6f7-5998-4b0f-86fb-4b54d9129990',
    def_id: '1',
    rpo_id: 'b4f8c1d2-6e3a-4b95-8d07-f1a2c3e4d5b6',
    rpo_uri: 'https://dev.azure.com/acme/Payments%20Team/_git/payments',
    rpo_ver: 'c291ea713801eb300054d353d279e7b02331f671',
    rpo_ref: 'refs/heads/main',
    run_id: '5',
  };
}
