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
  await foreignSignatureTask({ readKeyring: async () => ({ keys: [made] }), write })({ ...(detail && { detail }) });
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
