// A deployment with `signing: 'envelope'`: the same tokens, keys and documents, and no call to KMS for a token.
import { createLocalJWKSet, createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resourcesOfType } from '../../infra/local/template/stack-template.ts';
import { type LocalStack, startLocalStack } from '../local-stack.ts';
import { allows, statementsOf } from './iam-statements.ts';

let stack: LocalStack;
beforeAll(async () => {
  stack = await startLocalStack({ signing: 'envelope', environments: 1 });
});
afterAll(() => stack.close());

async function exchange(): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await stack.tokenFor('github'),
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    audience: 'orders-api',
  });
  const answer = await fetch(`${stack.url}/token`, { method: 'POST', body });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { access_token: string }).access_token;
}

test('tokens verify with the published keys; their key is opened once, within the rights of the function, and KMS signs none', async () => {
  const keys = createRemoteJWKSet(new URL(`${stack.url}/.well-known/jwks.json`));
  for (let count = 0; count < 3; count += 1) {
    const { protectedHeader } = await jwtVerify(await exchange(), keys, { issuer: stack.url });
    expect(protectedHeader.kid).toMatch(/^token\./);
  }
  const opened = stack.calls.filter(({ action }) => action === 'kms:Decrypt');
  expect(opened).toHaveLength(1);
  expect(stack.calls.map(({ action }) => action)).not.toContain('kms:Sign');
  const statements = statementsOf(stack);
  const calls = stack.calls.filter(
    ({ principal, action }) => action.startsWith('kms:') && statements.some(({ role }) => role === principal),
  );
  expect(new Set(calls.map(({ action }) => action))).toEqual(
    new Set([
      ...['kms:GenerateDataKeyPairWithoutPlaintext', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:Decrypt'],
      ...['kms:GenerateMac', 'kms:VerifyMac'],
    ]),
  );
  expect(calls.filter((call) => !allows(statements, call))).toEqual([]);
  for (const call of opened) {
    const context = { ...call.context, 'kms:EncryptionContext:use': 'status' };
    expect(allows(statements, { ...call, context })).toBe(false);
  }
});

test('a sealed key that is revoked is gone, and its successor, sealed as well, signs at once; none is ended in KMS', async () => {
  const authorization = 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/x, SignedHeaders=host, Signature=00';
  const kidOf = (token: string) => decodeProtectedHeader(token).kid ?? '';
  const published = async () =>
    ((await (await fetch(`${stack.url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }).keys;
  const before = kidOf(await exchange());
  const post = (path: string) =>
    fetch(`${stack.url}/admin/keys/${path}`, { method: 'POST', headers: { authorization } });
  expect((await post('rotate')).status).toBe(200);
  const revoked = await post(`${before}/revoke`);
  const { successor } = (await revoked.json()) as { successor: string };
  expect(revoked.status).toBe(200);
  const after = await exchange();
  expect([kidOf(after), successor === before]).toEqual([successor, false]);
  const keys = await published();
  expect(keys.map(({ kid }) => kid)).toContain(successor);
  expect(keys.map(({ kid }) => kid)).not.toContain(before);
  await jwtVerify(after, createLocalJWKSet({ keys }), { issuer: stack.url });
  const statements = statementsOf(stack);
  const own = stack.calls.filter(
    ({ principal, action }) => action.startsWith('kms:') && statements.some(({ role }) => role === principal),
  );
  for (const action of ['kms:Sign', 'kms:CreateKey', 'kms:DisableKey', 'kms:ScheduleKeyDeletion']) {
    expect(own.map((call) => call.action)).not.toContain(action);
  }
  expect(own.filter((call) => !allows(statements, call))).toEqual([]);
});

test('the template has a key that seals, one for the MAC, and none that signs tokens', () => {
  const specs = resourcesOfType(stack.template, 'AWS::KMS::Key').map(([id, { Properties }]) => [
    id.replace(/^TokenExchange|[0-9A-F]{8}$/g, ''),
    Properties?.KeySpec ?? 'SYMMETRIC_DEFAULT',
  ]);
  expect(Object.fromEntries(specs)).toMatchObject({
    SigningKeysWrapping: 'SYMMETRIC_DEFAULT',
    SigningKeysKeyringMac: 'HMAC_256',
  });
  expect(specs.filter(([id]) => String(id).startsWith('SigningKeys'))).toHaveLength(2);
});
