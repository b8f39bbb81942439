// CircleCI: claims named like URLs, no `jti`, no `nbf`. Documented by CircleCI and by PyPI, which accepts its tokens.
// https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/
import type { Profile, SampleInput } from './profile.ts';

const claims = {
  'oidc.circleci.com/context-ids': 'list',
  'oidc.circleci.com/job-id': 'string',
  'oidc.circleci.com/org-id': 'string',
  'oidc.circleci.com/pipeline-definition-id': 'string',
  'oidc.circleci.com/pipeline-id': 'string',
  'oidc.circleci.com/project-id': 'string',
  'oidc.circleci.com/ssh-rerun': 'bool',
  'oidc.circleci.com/vcs-origin': 'string',
  'oidc.circleci.com/vcs-ref': 'string',
  'oidc.circleci.com/workflow-id': 'string',
} as const;

export const circleci: Profile = {
  name: 'circleci',
  claims,
  // Pipelines of custom webhooks have no `vcs-*`.
  optional: [
    'jti',
    'nbf',
    'oidc.circleci.com/context-ids',
    'oidc.circleci.com/vcs-origin',
    'oidc.circleci.com/vcs-ref',
  ],
  run: ['oidc.circleci.com/workflow-id'],
  algorithms: ['RS256'],
  endsWithSlash: () => false,
  sample,
};

const organization = '1e6f5b2a-7c3d-4a98-b1f0-52d9c8e7a643';
const project = 'ecc458d2-fbdc-4d9a-93c4-ac065ed3c3ca';

/** As in `CIRCLE_OIDC_TOKEN_V2`, whose `sub` goes on where the first version ends after the user. */
function sample({ issuer, audience, now }: SampleInput): Record<string, unknown> {
  const user = '3f2a8d10-96c4-4e57-8b0d-7a1c5e9f2b36';
  return {
    iss: issuer,
    aud: audience,
    sub: `org/${organization}/project/${project}/user/${user}/vcs-origin/github.com/acme/api/vcs-ref/refs/heads/main`,
    iat: now,
    exp: now + 3600,
    'oidc.circleci.com/context-ids': ['58bef0c1-399d-49ca-a5ba-2f4317e4224d', '0b7c2f6e-5d41-4a83-9e28-c6d1f3a0b5e7'],
    'oidc.circleci.com/job-id': 'a3c1b7d9-2e4f-4c60-8d5a-91f0e6b2c748',
    'oidc.circleci.com/org-id': organization,
    'oidc.circleci.com/pipeline-definition-id': '961ae4b1-070b-4134-ae64-1328a3ae3862',
    'oidc.circleci.com/pipeline-id': 'd7e9a012-4b3c-4f85-a6d1-0c8e2f7b9135',
    'oidc.circleci.com/project-id': project,
    'oidc.circleci.com/ssh-rerun': false,
    'oidc.circleci.com/vcs-origin': 'github.com/acme/api',
    'oidc.circleci.com/vcs-ref': 'refs/heads/main',
    'oidc.circleci.com/workflow-id': 'f54b0c27-8a1d-4e36-b9c2-6d7f1a3e5084',
  };
}
