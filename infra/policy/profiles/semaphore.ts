// Semaphore: one issuer for each organization. Documented, also by its consumers; not captured.
// https://docs.semaphore.io/reference/openid
import { randomUUID } from 'node:crypto';
import type { Profile, SampleInput } from './profile.ts';

const claims = {
  branch: 'string',
  job_id: 'string',
  job_type: 'string',
  org: 'string',
  org_id: 'string',
  ppl_id: 'string',
  pr: 'string',
  pr_branch: 'string',
  prj: 'string',
  prj_id: 'string',
  ref: 'string',
  ref_type: 'string',
  repo: 'string',
  repo_slug: 'string',
  sub127: 'string',
  tag: 'string',
  trg: 'string',
  wf_id: 'string',
} as const;

export const semaphore: Profile = {
  name: 'semaphore',
  claims,
  optional: ['branch', 'pr', 'pr_branch', 'sub127', 'tag'],
  immutable: { org: 'org_id', prj: 'prj_id', repo: 'prj_id', repo_slug: 'prj_id' },
  run: ['wf_id'],
  algorithms: ['RS256'],
  endsWithSlash: () => false,
  sample,
};

function sample({ issuer, audience, now }: SampleInput): Record<string, unknown> {
  const project = '936a5312-a3b8-4921-8b3f-2cec8baac574';
  return {
    iss: issuer,
    aud: audience,
    sub: `org:acme:project:${project}:repo:web:ref_type:branch:ref:refs/heads/main`,
    sub127: `acme:${project}:web:branch:heads/main`,
    jti: randomUUID().replaceAll('-', ''),
    iat: now,
    nbf: now,
    exp: now + 3600,
    org: 'acme',
    org_id: 'd7dd33ad-9317-498c-9cc6-51c250749be7',
    prj: 'web',
    prj_id: project,
    repo: 'web',
    repo_slug: 'acme/web',
    wf_id: '1be81412-6ab8-4fc0-9d0d-7af33335a6ec',
    ppl_id: '1e1fcfb5-09c0-487e-b051-2d0b5514c42a',
    job_id: 'c117e453-1189-4eaf-b03a-dd6538eb49b2',
    job_type: 'pipeline_job',
    // Of a pull request, the branch it wants to be merged into.
    branch: 'main',
    pr: '',
    pr_branch: '',
    ref: 'refs/heads/main',
    ref_type: 'branch',
    tag: '',
    trg: 'h:f-i:f',
  };
}
