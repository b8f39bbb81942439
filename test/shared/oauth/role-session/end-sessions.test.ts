// Each role's policy becomes what the table says: from nothing, from something else, from a run that stopped half-way.
import { describe, expect, test } from 'vitest';
import {
  type RevokeSessionsCapabilities,
  type RolePolicy,
  revokeSessions,
} from '../../../../shared/oauth/role-session/end-sessions.ts';
import { denialPolicy, sessionDenials } from '../../../../shared/oauth/role-session/session-denials.ts';
import type { Role } from '../../../../shared/policy/compiled-policy.ts';
import { now } from '../../../world.ts';

const role = (name: string): Role => ({
  name,
  arn: `arn:aws:iam::111122223333:role/${name}`,
  via: 'assume-role',
  ttl: 900,
  maxTtl: 900,
  revocable: true,
});
const known = {
  at: now,
  revocations: ['a', 'b'].map((hash, index) => ({
    key: `run#${hash}`,
    issuedBefore: now - index,
    expiresAt: now + 1_000,
  })),
};
const wanted = denialPolicy(sessionDenials(known, 'any', new Map()));
const merged = denialPolicy(sessionDenials(known, 'any', new Map()), 0);

/** Roles with the policies they have; `room` is what each still takes. */
function worldOf(texts: Readonly<Record<string, string | undefined>>, room = 8_192) {
  const policies = new Map(Object.entries(texts));
  const writes: string[] = [];
  const policyOf = async ({ name }: Role): Promise<RolePolicy> => {
    if (name === 'closed') throw new Error('not let in');
    return {
      read: async () => policies.get(name),
      write: async (text) => {
        if (text.length > room) return false;
        writes.push(name);
        policies.set(name, text);
        return true;
      },
      remove: async () => {
        writes.push(name);
        policies.set(name, undefined);
      },
    };
  };
  const cambio: RevokeSessionsCapabilities = {
    roles: Object.keys(texts).map(role),
    reaching: new Map(),
    listRevocations: async () => known,
    policyOf,
  };
  return { cambio, policies, writes };
}

const changesOf = async (cambio: RevokeSessionsCapabilities) =>
  (await revokeSessions(cambio)).map((outcome) => ('error' in outcome ? 'failed' : outcome.change));

describe('revoking sessions', () => {
  test('writes where another text is or none, and nothing where it is there already', async () => {
    const { cambio, policies, writes } = worldOf({ none: undefined, other: '{}', same: wanted });
    expect(await changesOf(cambio)).toEqual(['written', 'written', 'unchanged']);
    expect([...policies.values()]).toEqual([wanted, wanted, wanted]);
    expect(await changesOf(cambio)).toEqual(['unchanged', 'unchanged', 'unchanged']);
    expect(writes).toEqual(['none', 'other']);
  });

  test('removes the policy when nothing is left to deny', async () => {
    const { cambio, policies, writes } = worldOf({ one: wanted, none: undefined });
    const nothing = { ...cambio, listRevocations: async () => ({ at: now + 86_400, revocations: known.revocations }) };
    expect(await changesOf(nothing)).toEqual(['removed', 'unchanged']);
    expect([policies.get('one'), writes]).toEqual([undefined, ['one']]);
  });

  test('tries every role, whichever of them fails', async () => {
    const { cambio, policies } = worldOf({ one: undefined, closed: undefined, two: undefined });
    expect(await changesOf(cambio)).toEqual(['written', 'failed', 'written']);
    expect([policies.get('one'), policies.get('two')]).toEqual([wanted, wanted]);
  });

  test('denies more rather than nothing where the role’s own policies leave little room', async () => {
    const { cambio, policies, writes } = worldOf({ full: undefined }, merged?.length);
    expect(await changesOf(cambio)).toEqual(['merged']);
    expect(policies.get('full')).toBe(merged);
    expect(await changesOf(cambio)).toEqual(['unchanged']);
    expect(writes).toEqual(['full']);
  });

  test('fails where there is no room at all', async () => {
    expect(await changesOf(worldOf({ full: undefined }, 10).cambio)).toEqual(['failed']);
  });

  test('fails as a whole when the table cannot be read, and changes nothing', async () => {
    const { cambio, writes } = worldOf({ one: '{}' });
    const failing = { ...cambio, listRevocations: () => Promise.reject(new Error('down')) };
    await expect(revokeSessions(failing)).rejects.toThrow('down');
    expect(writes).toEqual([]);
  });
});
