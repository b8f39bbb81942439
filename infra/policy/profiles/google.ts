// Google: ID tokens of service accounts, by the metadata server or `generateIdToken`. Documented by Google.
// https://cloud.google.com/compute/docs/instances/verifying-instance-identity
import type { Profile, SampleInput } from './profile.ts';

const instance = 'google.compute_engine';

const members = {
  instance_confidentiality: 'int',
  instance_creation_timestamp: 'int',
  instance_id: 'string',
  instance_name: 'string',
  project_id: 'string',
  project_number: 'int',
  zone: 'string',
} as const;

const instanceMembers = Object.fromEntries(
  Object.entries(members).map(([name, type]) => [`${instance}.${name}`, type]),
);

export const google: Profile = {
  name: 'google',
  claims: { azp: 'string', email: 'string', email_verified: 'bool', google: 'object' },
  members: { [instance]: 'object', ...instanceMembers },
  // `google` only from Compute Engine with `format=full`; `email` only when it was asked for.
  optional: ['email', 'email_verified', 'google', instance, ...Object.keys(instanceMembers), 'jti', 'nbf'],
  // An address can be given to a new account once the old one is deleted; the numeric `sub` cannot.
  immutable: {
    email: 'sub',
    [`${instance}.instance_name`]: `${instance}.instance_id`,
    [`${instance}.project_id`]: `${instance}.project_number`,
  },
  jwksUri: 'https://www.googleapis.com/oauth2/v3/certs',
  algorithms: ['RS256'],
  endsWithSlash: () => false,
  sample,
};

function sample({ issuer, audience, now }: SampleInput): Record<string, unknown> {
  const account = '113475438248934895348';
  return {
    iss: issuer,
    aud: audience,
    sub: account,
    azp: account,
    iat: now,
    exp: now + 3600,
    email: 'deployer@acme-prod.iam.gserviceaccount.com',
    email_verified: true,
    google: {
      compute_engine: {
        instance_confidentiality: 1,
        instance_creation_timestamp: 1_704_067_200,
        instance_id: '152986662232938449',
        instance_name: 'deployer-1',
        project_id: 'acme-prod',
        project_number: 739_419_398_126,
        zone: 'europe-west1-b',
      },
    },
  };
}
