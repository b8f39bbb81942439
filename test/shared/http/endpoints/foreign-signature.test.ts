// Signatures by others as CloudTrail tells of them: which of them are with a key of the keyring, however it is named.
import { expect, test } from 'vitest';
import { foreignSignatureTask, type SignatureEvent } from '../../../../shared/http/endpoints/foreign-signature.ts';
import type { SigningKey } from '../../../../shared/oauth/jose/keyring.ts';

const id = '11111111-2222-4333-8444-555555555555';
const arn = `arn:aws:kms:eu-west-1:111122223333:key/${id}`;
const made: SigningKey = { kid: 'token.made', alg: 'ES256', keyId: arn, state: 'next', publicJwk: {} };
const principal = 'arn:aws:iam::111122223333:role/admin';
const session = {
  arn: 'arn:aws:sts::111122223333:assumed-role/admin/mallory@acme.example',
  sessionContext: { sessionIssuer: { arn: principal } },
};

async function heard(detail: SignatureEvent['detail']): Promise<readonly unknown[]> {
  const lines: unknown[] = [];
  const write = (...line: unknown[]) => void lines.push(line);
  const readKeyring = async () => ({ keys: [made] });
  await foreignSignatureTask({ readKeyring, clock: () => 0, write })({ ...(detail && { detail }) });
  return lines;
}

test('a signature with a key that rotation made is logged and counted, by whatever name; with any other it is not', async () => {
  const by = { eventID: 'e1', userIdentity: session };
  const line = (refused?: string) => [
    ['error', 'foreign_signature', { kid: 'token.made', principal, event_id: 'e1', refused }, { foreign_signature: 1 }],
  ];
  const resources = [{ ARN: arn }];
  expect(await heard({ ...by, requestParameters: { keyId: id } })).toEqual(line());
  expect(await heard({ ...by, requestParameters: { keyId: arn } })).toEqual(line());
  expect(await heard({ ...by, requestParameters: { keyId: 'alias/own' }, resources })).toEqual(line());
  const user = { arn: 'arn:aws:iam::111122223333:user/mallory' };
  expect(await heard({ ...by, userIdentity: user, requestParameters: { keyId: id } })).toMatchObject([
    ['error', 'foreign_signature', { principal: user.arn }, {}],
  ]);
  const refused = { errorCode: 'AccessDenied', requestParameters: { keyId: id } };
  expect(await heard({ ...by, ...refused })).toEqual(line('AccessDenied'));
  const others = ['alias/own', id.replace('1', '2'), arn.replace('5555', '5556'), '', undefined, 7];
  for (const keyId of others) expect(await heard({ ...by, requestParameters: { keyId } })).toEqual([]);
  expect(await heard({ ...by, requestParameters: null })).toEqual([]);
  expect(await heard(undefined)).toEqual([]);
});

test('a keyring is looked into for a minute, but for a key that may have been made since it was read', async () => {
  const lines: unknown[] = [];
  const write = (...[, , { kid }]: readonly [unknown, unknown, Readonly<Record<string, unknown>>]) =>
    void lines.push(kid);
  const state: { keys: readonly SigningKey[]; reads: number; now: number; fails: boolean } = {
    ...{ keys: [made], reads: 0, now: Date.parse('2027-01-01T12:00:00Z'), fails: false },
  };
  const readKeyring = async () => {
    state.reads += 1;
    if (state.fails) throw new Error('no keyring');
    return { keys: state.keys };
  };
  const task = foreignSignatureTask({ readKeyring, clock: () => state.now, write });
  /** @param ago seconds since the call */
  const hear = async (keyId: string, ago: number | undefined) => {
    const eventTime = ago === undefined ? {} : { eventTime: new Date(state.now - ago * 1_000).toISOString() };
    const before = state.reads;
    await task({ detail: { ...eventTime, requestParameters: { keyId } } });
    return state.reads - before;
  };
  expect(await hear('theirs', 90)).toBe(1);
  // Of a call long before the keyring was read, whatever key it was.
  expect(await hear('theirs', 90)).toBe(0);
  expect(await hear(id, 90)).toBe(0);
  expect(lines).toEqual(['token.made']);
  state.now += 30_000;
  expect(await hear('theirs', 40)).toBe(0);
  // One that was made meanwhile is found, and so is one whose call has no time.
  const [later, last] = ['2', '3'].map((digit) => ({ ...made, kid: `token.${digit}`, keyId: arn.replace('1', digit) }));
  if (!later || !last) throw new Error('two keys');
  state.keys = [made, later];
  expect(await hear(later.keyId, 39)).toBe(1);
  state.keys = [made, later, last];
  expect(await hear(last.keyId, undefined)).toBe(1);
  expect(lines).toEqual(['token.made', 'token.2', 'token.3']);
  // Known keys need no read, an old keyring and one of a clock that was set back say nothing of others.
  state.now += 59_999;
  expect(await hear('theirs', 3_600)).toBe(0);
  state.now += 1;
  expect(await hear(id, 0)).toBe(0);
  expect(await hear('theirs', 3_600)).toBe(1);
  state.now -= 1;
  expect(await hear('theirs', 3_600)).toBe(1);
  // Lambda calls again what has failed.
  state.fails = true;
  await expect(hear('theirs', 0)).rejects.toThrow('no keyring');
  expect(await hear(id, 0)).toBe(0);
});
