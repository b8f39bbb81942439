// Vercel: deployments and functions, by team issuer or the global one. Documented, also by its consumers; not captured.
// https://vercel.com/docs/oidc/reference
import type { Profile, SampleInput } from './profile.ts';

const claims = {
  environment: 'string',
  external_sub: 'string',
  owner: 'string',
  owner_id: 'string',
  project: 'string',
  project_id: 'string',
} as const;

export const vercel: Profile = {
  name: 'vercel',
  claims,
  optional: ['external_sub', 'jti', 'owner', 'project'],
  immutable: { owner: 'owner_id', project: 'project_id', sub: 'project_id' },
  algorithms: ['RS256'],
  endsWithSlash: () => false,
  sample,
};

function sample({ issuer, audience, now }: SampleInput): Record<string, unknown> {
  return {
    iss: issuer,
    aud: audience,
    sub: 'owner:acme:project:acme_website:environment:production',
    iat: now,
    nbf: now,
    exp: now + 3600,
    owner: 'acme',
    owner_id: 'team_7Gw5ZMzpQA8h90F832KGp7nwbuh3',
    project: 'acme_website',
    project_id: 'prj_7Gw5ZMBpQA8h9GF832KGp7nwbuh3',
    environment: 'production',
    external_sub: 'acme-website-production',
  };
}
