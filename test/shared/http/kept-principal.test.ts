import { expect, test } from 'vitest';
import { keptPrincipal } from '../../../shared/http/kept-principal.ts';
import type { CompiledPolicy, RoleGrant } from '../../../shared/policy/compiled-policy.ts';
import { github, ordersRule, policy } from '../../world.ts';

const role = { via: 'assume-role', ttl: 3_600, maxTtl: 3_600 } as const;
const grant: RoleGrant = { role: 'ops', ttl: 3_600, tags: [], transitive: [], policyArns: [] };
const withRoles = (issuer: Partial<typeof github>): CompiledPolicy => ({
  ...policy,
  issuers: { github: { ...github, ...issuer } },
  roles: {
    ops: { ...role, name: 'ops', arn: 'arn:aws:iam::111122223333:role/team/on-call' },
    other: { ...role, name: 'other', arn: 'arn:aws:iam::111122223333:role/other' },
  },
  rules: [{ ...ordersRule, id: 'ops', grant }],
});
const secret = withRoles({ private: ['sub'] });
const session = (name: string) => `arn:aws:sts::111122223333:assumed-role/${name}`;

test('a session that Cambio made for a private subject has a hash for its name, one caller the same', () => {
  const kept = keptPrincipal(session('on-call/alice'), secret);
  expect(kept).toMatch(/^arn:aws:sts::111122223333:assumed-role\/on-call\/sha256:[\w-]{43}$/);
  expect(keptPrincipal(session('on-call/alice'), secret)).toBe(kept);
  expect(keptPrincipal(session('on-call/bob'), secret)).not.toBe(kept);
});

test.each([
  [session('on-call/alice'), withRoles({ private: ['email'] }), 'whose subject is nobody’s secret'],
  [session('other/alice'), secret, 'of a role that no token of the issuer reaches'],
  [session('team/alice'), secret, 'of a role of another name'],
  ['arn:aws:sts::444455556666:assumed-role/on-call/alice', secret, 'of another account'],
  ['arn:aws:iam::111122223333:user/on-call', secret, 'that is no session'],
  ['unknown', secret, 'that is unknown'],
])('%s is kept as it is: a caller %s', (arn, at) => {
  expect(keptPrincipal(arn, at)).toBe(arn);
});
