// A key that was revoked a moment ago, met by an instance that has a moment's old keyring: its successor signs.
import { decodeProtectedHeader } from 'jose';
import { expect, test } from 'vitest';
import { Refused } from '../../../../shared/oauth/denial.ts';
import type { Keyring, SigningKey } from '../../../../shared/oauth/jose/keyring.ts';
import { signFor } from '../../../../shared/oauth/jose/signed-jwt.ts';
import { formBody, makeWorld, now, run } from '../../../world.ts';

const key = (kid: string): SigningKey => ({ kid, alg: 'ES256', keyId: kid, state: 'current', publicJwk: {} });
const before: Keyring = { keys: [key('token.old'), key('status.old')] };
const after: Keyring = { keys: [key('token.new'), key('status.new')] };

/** As the functions keep it: old, until somebody asks again. */
function staleKeyring() {
  let known = before;
  const asked: string[] = [];
  const readKeyring = async (again?: 'again') => {
    asked.push(again ?? 'cached');
    if (again) known = after;
    return known;
  };
  return { readKeyring, asked };
}

test('an exchange finds the revocation of its signing key in the read that it makes anyway, and signs with the successor', async () => {
  const kidOf = async (revoked: readonly string[]) => {
    const { readKeyring, asked } = staleKeyring();
    const reads: number[] = [];
    const world = makeWorld({ readKeyring });
    for (const value of revoked) {
      world.revocations.push({ by: 'key', value, issuedBefore: now + 3_600, expiresAt: now + 10_000 } as never);
    }
    const { findHolds } = world.cambio;
    const counting = {
      ...world.cambio,
      findHolds: (holds: Parameters<typeof findHolds>[0]) => {
        reads.push(holds.parts.length);
        return findHolds(holds);
      },
    };
    const outcome = await run(formBody(), { ...world, cambio: counting });
    if (!('granted' in outcome)) return expect.fail(outcome.reason);
    return {
      kid: decodeProtectedHeader(outcome.granted.access_token).kid,
      asked: asked.includes('again'),
      reads: reads.length,
    };
  };
  expect(await kidOf([])).toEqual({ kid: 'token.old', asked: false, reads: 1 });
  expect(await kidOf(['token.old'])).toEqual({ kid: 'token.new', asked: true, reads: 1 });
  expect(await kidOf(['status.old', 'token.new'])).toEqual({ kid: 'token.old', asked: false, reads: 1 });
});

test('what else is signed is signed again by the successor where the key is disabled, and fails where there is none', async () => {
  const disabled = new Refused({ kind: 'unavailable', dependency: 'kms' });
  const signed = async (readKeyring: (again?: 'again') => Promise<Keyring>) => {
    const sign = async ({ kid }: SigningKey) => {
      if (kid.endsWith('.old')) throw disabled;
      return new Uint8Array(3);
    };
    return signFor({ use: 'status', alg: 'ES256' }, ({ kid }) => `for ${kid}`, { readKeyring, sign });
  };
  expect(await signed(staleKeyring().readKeyring)).toBe('for status.new.AAAA');
  await expect(signed(async () => before)).rejects.toBe(disabled);
});
