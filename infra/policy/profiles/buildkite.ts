// Buildkite: `build_number` is a number, `sub` holds the commit and is another for each build. Documented by Buildkite.
// https://buildkite.com/docs/agent/v3/cli-oidc
import { randomUUID } from 'node:crypto';
import type { Profile, SampleInput } from './profile.ts';

const claims = {
  agent_id: 'string',
  build_branch: 'string',
  build_commit: 'string',
  build_number: 'int',
  build_source: 'string',
  build_tag: 'string',
  cluster_id: 'string',
  cluster_name: 'string',
  'https://aws.amazon.com/tags': 'object',
  job_id: 'string',
  organization_id: 'string',
  organization_slug: 'string',
  pipeline_id: 'string',
  pipeline_slug: 'string',
  queue_id: 'string',
  queue_key: 'string',
  runner_environment: 'string',
  step_key: 'string',
} as const;

export const buildkite: Profile = {
  name: 'buildkite',
  claims,
  members: { 'https://aws.amazon.com/tags.principal_tags': 'object' },
  optional: [
    'build_tag',
    'cluster_id',
    'cluster_name',
    // Only with `--aws-session-tag`.
    'https://aws.amazon.com/tags',
    'https://aws.amazon.com/tags.principal_tags',
    'jti',
    // Only with `--claim`.
    'organization_id',
    'pipeline_id',
    'queue_id',
    'queue_key',
    'runner_environment',
    // Null for steps without a key.
    'step_key',
  ],
  immutable: {
    cluster_name: 'cluster_id',
    organization_slug: 'organization_id',
    pipeline_slug: 'pipeline_id',
    queue_key: 'queue_id',
    sub: 'pipeline_id',
  },
  run: ['pipeline_slug', 'build_number'],
  algorithms: ['RS256'],
  endsWithSlash: () => false,
  sample,
};

function sample({ issuer, audience, now }: SampleInput): Record<string, unknown> {
  const commit = '9f3182061f1e2cca4702c368cbc039b7dc9d4485';
  return {
    iss: issuer,
    aud: audience,
    sub: `organization:acme-inc:pipeline:super-duper-app:ref:refs/heads/main:commit:${commit}:step:build`,
    jti: randomUUID(),
    iat: now,
    nbf: now,
    exp: now + 300,
    organization_slug: 'acme-inc',
    organization_id: '018c4a1e-7b3d-4f2a-9c65-0d8e1f7a2b34',
    pipeline_slug: 'super-duper-app',
    pipeline_id: '018c4a20-1d5e-4c8b-a7f3-6b9d2e0c4f51',
    build_number: 1,
    build_branch: 'main',
    build_tag: 'v1.0.0',
    build_commit: commit,
    build_source: 'webhook',
    step_key: 'build',
    job_id: '0184990a-477b-4fa8-9968-496074483cee',
    agent_id: '0184990a-4782-42b5-afc1-16715b10b8ff',
    cluster_id: '018c4a22-9e7f-4d16-8b2a-3c5d7f1e0a68',
    cluster_name: 'Default cluster',
    queue_id: '018c4a23-2b8d-4a97-9f4c-5e6a1d3b7c02',
    queue_key: 'default',
    runner_environment: 'self-hosted',
    'https://aws.amazon.com/tags': { principal_tags: { organization_slug: ['acme-inc'], build_branch: ['main'] } },
  };
}
