// Sealed keys: every algorithm signs as jose verifies, a key is opened once, and what is bound to another name opens nothing.
import { CreateKeyCommand } from '@aws-sdk/client-kms';
import { compactVerify, importJWK } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kmsDirectly } from '../../../../shared/aws/direct/kms.ts';
import { createSealedKeys, makeSealedKey } from '../../../../shared/aws/keys/envelope-keys.ts';
import { createSign } from '../../../../shared/aws/kms.ts';
import { kmsBySdk } from '../../../../shared/aws/sdk/kms.ts';
import { encodeBase64url } from '../../../../shared/oauth/jose/base64url.ts';
import { kidFor, publicKeySet, type SigningKey, signingAlgorithms } from '../../../../shared/oauth/jose/keyring.ts';
import { publishedFor } from '../../../../shared/oauth/keys/key-times.ts';
import type { KmsKeys } from '../../../../shared/oauth/keys/rotate.ts';
import type { SigningAlgorithm } from '../../../../shared/policy/compiled-policy.ts';
import type { KeyUse } from '../../../../shared/policy/key-purposes.ts';
import { admin, kmsWorld, region } from '../../../infra/local/emulators.ts';

let world: Awaited<ReturnType<typeof kmsWorld>>;
let wrapping: string;
beforeAll(async () => {
  world = await kmsWorld();
  wrapping = (await world.client.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
});
afterAll(() => world.close());

async function sealed(
  alg: SigningAlgorithm = 'ES256',
  use: KeyUse = 'token',
): Promise<SigningKey & { sealed: string }> {
  const {
    thumbprint,
    sealed = expect.fail('no ciphertext'),
    ...made
  } = await makeSealedKey(world.client, wrapping, { use, alg });
  return { kid: kidFor(use, thumbprint), alg, ...made, sealed, state: 'current' };
}

const signer = () => createSign(kmsBySdk(world.client));
const opened = () => world.calls.filter(({ action }) => action === 'kms:Decrypt').length;
const input = (alg: string) => `${encodeBase64url(JSON.stringify({ alg }))}.${encodeBase64url('{"sub":"x"}')}`;

test.each(signingAlgorithms)('a signature of %s is one that jose verifies with the published key', async (alg) => {
  const key = await sealed(alg);
  const signature = await signer()(key, input(alg));
  const published = await importJWK({ ...key.publicJwk }, alg);
  const { payload } = await compactVerify(`${input(alg)}.${encodeBase64url(signature)}`, published);
  expect(Buffer.from(payload).toString()).toBe('{"sub":"x"}');
});

test('both ways to call KMS open a key, once for however many signatures', async () => {
  const environment = {
    ...{ AWS_REGION: region, AWS_ENDPOINT_URL_KMS: world.service.url },
    ...{ AWS_ACCESS_KEY_ID: admin.accessKeyId, AWS_SECRET_ACCESS_KEY: admin.secretAccessKey },
  };
  for (const kms of [kmsBySdk(world.client), kmsDirectly({ environment, clock: Date.now, random: Math.random })]) {
    const [key, sign, before] = [await sealed(), createSign(kms), opened()];
    await Promise.all(Array.from({ length: 5 }, () => sign(key, input('ES256'))));
    await sign(key, input('ES256'));
    expect(opened() - before).toBe(1);
  }
});

test('KMS hears for what a key is opened, and signs nothing itself', async () => {
  const key = await sealed('ES256', 'status');
  await signer()(key, input('ES256'));
  const call = world.calls.findLast(({ action }) => action === 'kms:Decrypt');
  expect(call?.context).toMatchObject({ 'kms:EncryptionContext:use': 'status', 'kms:EncryptionContext:kid': key.kid });
  expect(call?.resource).toBe(wrapping);
  expect(world.calls.map(({ action }) => action)).not.toContain('kms:Sign');
});

test('a key of another use or name, or with another’s ciphertext, signs nothing; the one it was signs', async () => {
  const [key, other] = [await sealed(), await sealed()];
  const refusal = { denial: { kind: 'unavailable', dependency: 'kms' } };
  await expect(signer()({ ...key, kid: key.kid.replace('token.', 'status.') }, input('ES256'))).rejects.toMatchObject(
    refusal,
  );
  await expect(signer()({ ...key, kid: other.kid }, input('ES256'))).rejects.toMatchObject(refusal);
  await expect(signer()({ ...key, sealed: other.sealed }, input('ES256'))).rejects.toMatchObject(refusal);
  await expect(signer()({ ...key, publicJwk: other.publicJwk }, input('ES256'))).rejects.toMatchObject(refusal);
  expect(await signer()(key, input('ES256'))).toHaveLength(64);
});

test('a key that could not be opened is opened by the next request', async () => {
  const [key, sign] = [await sealed(), signer()];
  let failures = 1;
  world.faults.inject = ({ action }) =>
    action === 'kms:Decrypt' && failures-- > 0 ? { code: 'KMSInternalException', status: 500 } : undefined;
  await expect(sign(key, input('ES256'))).rejects.toMatchObject({ denial: { kind: 'unavailable' } });
  expect(await sign(key, input('ES256'))).toHaveLength(64);
  world.faults.inject = () => undefined;
});

test('a JWK Set shows nothing of what is sealed', async () => {
  const key = await sealed();
  const text = JSON.stringify(publicKeySet({ keys: [key] }));
  expect(text).toContain(key.kid);
  for (const secret of [key.sealed, 'sealed', key.keyId]) expect(text).not.toContain(secret);
});

test('KMS that makes no more pairs for now is asked again a second later; what it refuses is not', async () => {
  const throttled = { code: 'ThrottlingException', status: 400 } as const;
  const asked = () => world.calls.filter(({ action }) => action === 'kms:GenerateDataKeyPairWithoutPlaintext').length;
  // The client's own tries, all of them within a second.
  let failures = 3;
  world.faults.inject = ({ action }) =>
    action === 'kms:GenerateDataKeyPairWithoutPlaintext' && failures-- > 0 ? throttled : undefined;
  expect((await sealed('RS256')).kid).toMatch(/^token\./);
  expect(failures).toBeLessThan(0);
  const before = asked();
  world.faults.inject = () => ({ code: 'AccessDeniedException', status: 400 });
  await expect(sealed('RS256')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  world.faults.inject = () => undefined;
  expect(asked() - before).toBeLessThanOrEqual(1);
});

test('a sealed key ends with its keyring; a key of KMS from before ends in KMS', async () => {
  const ended: string[] = [];
  const end = async (keyId: string) => void ended.push(keyId);
  const ofKms: KmsKeys = { make: () => Promise.reject(new Error('not here')), disable: end, scheduleDeletion: end };
  const keys = createSealedKeys(world.client, wrapping, ofKms);
  const { keyId } = await keys.make({ use: 'token', alg: 'ES256' });
  for (const id of [keyId, 'arn:aws:kms:eu-west-1:111122223333:key/a']) {
    await keys.disable(id);
    await keys.scheduleDeletion(id);
  }
  expect(ended).toEqual(Array(2).fill('arn:aws:kms:eu-west-1:111122223333:key/a'));
});

test('a day, the shortest life of a key, is longer than three lifetimes of every cache of the keys', () => {
  expect(86_400).toBeGreaterThan(3 * publishedFor);
});
