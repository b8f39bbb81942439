// Spacelift: runs of stacks and modules; its `scope` says read or write and is none of OAuth's. Documented by its
// consumers, not captured. https://docs.spacelift.io/integrations/cloud-providers/oidc
import { randomUUID } from 'node:crypto';
import type { Profile, SampleInput } from './profile.ts';

const claims = {
  callerId: 'string',
  callerType: 'string',
  runId: 'string',
  runType: 'string',
  scope: 'string',
  spaceId: 'string',
} as const;

export const spacelift: Profile = {
  name: 'spacelift',
  claims,
  run: ['runId'],
  algorithms: ['RS256'],
  endsWithSlash: () => false,
  sample,
};

function sample({ issuer, audience, now }: SampleInput): Record<string, unknown> {
  return {
    iss: issuer,
    aud: audience,
    sub: 'space:production-01HQ7XW4Z2:stack:core-infra:run_type:TRACKED:scope:write',
    jti: randomUUID(),
    iat: now,
    nbf: now,
    exp: now + 3600,
    spaceId: 'production-01HQ7XW4Z2',
    callerType: 'stack',
    callerId: 'core-infra',
    runType: 'TRACKED',
    runId: '01HQ7Y2M8K4N6P0R3S5T7V9WXZ',
    scope: 'write',
  };
}
