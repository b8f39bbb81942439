// AWS outbound identity federation (`sts:GetWebIdentityToken`): all but the registered claims in one object, whose name
// is a URL that ends with a slash. Documented by AWS.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_token_claims.html
import { randomUUID } from 'node:crypto';
import type { Profile, SampleInput } from './profile.ts';

const namespace = 'https://sts.amazonaws.com/';

const optionalMembers = {
  ec2_source_instance_arn: 'string',
  lambda_source_function_arn: 'string',
  org_id: 'string',
  ou_path: 'string',
  principal_tags: 'object',
  request_tags: 'object',
  source_identity: 'string',
} as const;

const members = { aws_account: 'string', source_region: 'string', ...optionalMembers } as const;

export const aws: Profile = {
  name: 'aws',
  claims: { [namespace]: 'object' },
  members: Object.fromEntries(Object.entries(members).map(([name, type]) => [`${namespace}.${name}`, type])),
  optional: ['nbf', ...Object.keys(optionalMembers).map((name) => `${namespace}.${name}`)],
  // The caller names one of the two in its request.
  algorithms: ['RS256', 'ES384'],
  endsWithSlash: () => false,
  sample,
};

function sample({ issuer, audience, now }: SampleInput): Record<string, unknown> {
  return {
    iss: issuer,
    aud: audience,
    sub: 'arn:aws:iam::123456789012:role/DataProcessingRole',
    jti: randomUUID(),
    iat: now,
    exp: now + 300,
    [namespace]: {
      aws_account: '123456789012',
      source_region: 'eu-west-1',
      org_id: 'o-a1b2c3d4e5',
      ou_path: 'o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/',
      principal_tags: { environment: 'production', 'cost.center': '4711' },
      request_tags: { team: 'data' },
      lambda_source_function_arn: 'arn:aws:lambda:eu-west-1:123456789012:function:process-data',
    },
  };
}
