// The registered claims of a token, rehearsed and presented: what the commands say of them is what the server does.
import { describe, expect, test } from 'vitest';
import { createRehearse } from '../../../../infra/policy/rehearse/rehearse.ts';
import type { Claims } from '../../../../shared/policy/claims.ts';
import { formBody, makeWorld, now, policy, run, subjectClaims, subjectToken, verdict } from '../../../world.ts';

const rehearse = createRehearse(policy);

function rehearsed(changes: Claims): string {
  const claims = Object.fromEntries(
    Object.entries({ ...subjectClaims, ...changes }).filter(([, value]) => value !== undefined),
  );
  const answer = rehearse({
    subject: { issuer: 'github', claims },
    client: '',
    audiences: ['orders-api'],
    resources: [],
    scope: undefined,
    now,
  });
  return answer.outcome === 'granted' ? 'granted' : `${answer.error}/${answer.reason}`;
}

async function presented(changes: Claims): Promise<string> {
  return verdict(await run(formBody({ subject_token: subjectToken(changes) }), makeWorld()));
}

describe('a token whose', () => {
  test.each<[string, unknown, string]>([
    ['scope', ['openid', 'orders'], 'granted'],
    ['scope', '', 'granted'],
    ['client_id', null, 'granted'],
    ['azp', ['x'], 'invalid_request/malformed'],
    ['azp', 'x', 'granted'],
    ['jti', 7, 'invalid_request/malformed'],
    ['act', 'x', 'invalid_request/malformed'],
    ['may_act', null, 'invalid_request/malformed'],
    ['cnf', 'x', 'invalid_request/malformed'],
    ['sub', undefined, 'invalid_request/malformed'],
    ['aud', [], 'invalid_request/malformed'],
    ['aud', ['https://sts.acme.example', 'x'], 'invalid_request/audience'],
    ['exp', String(now + 60), 'invalid_request/malformed'],
    ['exp', now + 60.5, 'granted'],
    ['exp', now + 0.5, 'invalid_request/expired'],
    ['nbf', -1, 'invalid_request/malformed'],
    ['iat', now + 61, 'invalid_request/not_yet_valid'],
    ['iat', now + 60.5, 'granted'],
  ])('%s is %j: %s, rehearsed and presented', async (claim, value, expected) => {
    expect(await presented({ [claim]: value })).toBe(expected);
    expect(rehearsed({ [claim]: value })).toBe(expected);
  });
});
