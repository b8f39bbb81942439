// What `cambio policy explain` says of a session is what an exchange would do: the same room for the same claims.
import { expect, test } from 'vitest';
import { rehearseSession } from '../../../../infra/policy/rehearse/rehearse-session.ts';
import { readRegisteredClaims } from '../../../../shared/oauth/jose/registered-claims.ts';
import { roleSession } from '../../../../shared/oauth/role-session/role-session.ts';
import type { Role, RoleGrant } from '../../../../shared/policy/compiled-policy.ts';
import type { JsonObject } from '../../../../shared/policy/json.ts';
import { github, now, policy, subjectClaims } from '../../../world.ts';

const base: Role = {
  name: 'deploy',
  arn: 'arn:aws:iam::111122223333:role/deploy',
  via: 'assume-role',
  ttl: 900,
  maxTtl: 900,
};
const optional = (key: string) => ({ key, value: [{ claim: key }], required: false, sanitize: false });
const grant: RoleGrant = {
  ...{ role: 'deploy', ttl: 900, transitive: [], policyArns: [] },
  tags: ['a', 'b', 'c', 'd'].map(optional),
};
const issuer = { ...github, run: ['run_id'] };

/** Keys of the policy's tags that are carried, in rehearsal and in earnest, by the size of the last one. */
function carried(size: number, role: Role, more: Readonly<Record<string, string>>) {
  const big = 'x'.repeat(207);
  const claims = { ...subjectClaims, a: big, b: big, c: big, d: 'x'.repeat(size), ...more } as JsonObject;
  const rehearsed = rehearseSession(
    grant,
    { issuer: 'github', claims },
    { ...policy, issuers: { github: issuer }, roles: { deploy: role } },
  );
  const subject = { issuer, registered: readRegisteredClaims(claims), claims, kid: undefined };
  const made = roleSession({ role, rule: { grant }, subject, decisionId: 'd', now });
  if ('refused' in rehearsed) throw new Error('refused');
  return [rehearsed.tags, made.tags.filter(({ key }) => !key.startsWith('cambio-'))].map((tags) =>
    tags.map(({ key }) => key).join(''),
  );
}

test('tags of a revocable role take their room, that of the run where the token has one, and are not shown', () => {
  const revocable: Role = { ...base, revocable: true };
  expect(carried(172, revocable, {})).toEqual(['abcd', 'abcd']);
  expect(carried(173, revocable, {})).toEqual(['abc', 'abc']);
  expect(carried(128, revocable, { run_id: '7' })).toEqual(['abcd', 'abcd']);
  expect(carried(129, revocable, { run_id: '7' })).toEqual(['abc', 'abc']);
  expect(carried(256, base, { run_id: '7' })).toEqual(['abcd', 'abcd']);
});
