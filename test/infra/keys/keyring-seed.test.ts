// What the seed is told of the policy, for the audit trail.
import { expect, test } from 'vitest';
import { quotasIn } from '../../../infra/keys/keyring-seed.ts';
import { github, policy } from '../../world.ts';

test('the quotas of a policy are told by whom they are for; of very many, how many there are', () => {
  const quota = { count: 100, seconds: 60, burst: 5, per: 'subject' } as const;
  expect(quotasIn(policy)).toBe('{"clients":{},"issuers":{}}');
  expect(JSON.parse(quotasIn({ ...policy, issuers: { github: { ...github, quota }, other: github } }))).toEqual({
    clients: {},
    issuers: { github: quota },
  });
  const many = Array.from({ length: 100 }, (_, index) => [`issuer-${index}`, { ...github, quota }] as const);
  expect(JSON.parse(quotasIn({ ...policy, issuers: Object.fromEntries(many) }))).toEqual({ count: 100 });
});
