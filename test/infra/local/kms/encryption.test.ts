// Keys that encrypt: key pairs whose private half leaves KMS encrypted, under a context that has to be said again.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import {
  CreateKeyCommand,
  type DataKeyPairSpec,
  DecryptCommand,
  type DecryptCommandInput,
  DescribeKeyCommand,
  DisableKeyCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  ReEncryptCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorName, kmsWorld } from '../emulators.ts';

let world: Awaited<ReturnType<typeof kmsWorld>>;
let KeyId: string;
const context = { use: 'token', kid: 'a' };

beforeAll(async () => {
  world = await kmsWorld({});
  KeyId = await newKey();
});
afterAll(() => world.close());

async function newKey(): Promise<string> {
  return (await world.client.send(new CreateKeyCommand({}))).KeyMetadata?.KeyId ?? '';
}

async function pair(KeyPairSpec: DataKeyPairSpec = 'ECC_NIST_P256') {
  const command = new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec, EncryptionContext: context });
  const { PublicKey = new Uint8Array(), PrivateKeyCiphertextBlob = new Uint8Array() } =
    await world.client.send(command);
  return { PublicKey: Buffer.from(PublicKey), PrivateKeyCiphertextBlob };
}

const decrypt = (input: DecryptCommandInput) => world.client.send(new DecryptCommand(input));

test('a key without spec and usage is one for encryption', async () => {
  const { KeyMetadata } = await world.client.send(new DescribeKeyCommand({ KeyId }));
  expect(KeyMetadata).toMatchObject({
    KeySpec: 'SYMMETRIC_DEFAULT',
    KeyUsage: 'ENCRYPT_DECRYPT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
  });
});

test.each<DataKeyPairSpec>([
  'ECC_NIST_P256',
  'ECC_NIST_P384',
  'ECC_NIST_EDWARDS25519',
  'RSA_2048',
])('a pair of %s: what is decrypted is the private half of what was said', async (spec) => {
  const { PublicKey, PrivateKeyCiphertextBlob } = await pair(spec);
  const { Plaintext = new Uint8Array() } = await decrypt({
    ...{ KeyId, CiphertextBlob: PrivateKeyCiphertextBlob, EncryptionContext: { kid: 'a', use: 'token' } },
  });
  const privateKey = createPrivateKey({ key: Buffer.from(Plaintext), format: 'der', type: 'pkcs8' });
  expect(createPublicKey(privateKey).export({ format: 'der', type: 'spki' })).toEqual(PublicKey);
});

test('another context, another key, or other bytes decrypt nothing', async () => {
  const { PrivateKeyCiphertextBlob: CiphertextBlob } = await pair();
  const refusal = (changes: Partial<DecryptCommandInput>) =>
    errorName(decrypt({ KeyId, CiphertextBlob, EncryptionContext: context, ...changes }));
  expect(await decrypt({ CiphertextBlob, EncryptionContext: context })).toMatchObject({
    EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
  });
  for (const EncryptionContext of [{}, { use: 'token' }, { ...context, kid: 'b' }, { ...context, more: 'x' }]) {
    expect(await refusal({ EncryptionContext })).toBe('InvalidCiphertextException');
  }
  const changed = Uint8Array.from(CiphertextBlob);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  expect(await refusal({ CiphertextBlob: changed })).toBe('InvalidCiphertextException');
  expect(await refusal({ CiphertextBlob: Uint8Array.of(1, 2) })).toBe('IncorrectKeyException');
  expect(await refusal({ KeyId: await newKey() })).toBe('IncorrectKeyException');
});

test('encrypted again under another context, it is decrypted by that one alone; each side is a call of its own', async () => {
  const { PrivateKeyCiphertextBlob: CiphertextBlob } = await pair();
  const other = { use: 'token', kid: 'b' };
  const before = world.calls.length;
  const again = await world.client.send(
    new ReEncryptCommand({
      ...{ CiphertextBlob, SourceKeyId: KeyId, SourceEncryptionContext: context },
      ...{ DestinationKeyId: KeyId, DestinationEncryptionContext: other },
    }),
  );
  expect(
    world.calls.slice(before).map(({ action, context: said }) => [action, said['kms:EncryptionContext:kid']]),
  ).toEqual([
    ['kms:ReEncryptFrom', 'a'],
    ['kms:ReEncryptTo', 'b'],
  ]);
  const input = { KeyId, CiphertextBlob: again.CiphertextBlob };
  expect((await decrypt({ ...input, EncryptionContext: other })).Plaintext?.length).toBeGreaterThan(100);
  expect(await errorName(decrypt({ ...input, EncryptionContext: context }))).toBe('InvalidCiphertextException');
});

test('a key that signs encrypts nothing, and one that is disabled decrypts nothing', async () => {
  const { KeyMetadata } = await world.client.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
  );
  const command = { KeyPairSpec: 'ECC_NIST_P256', EncryptionContext: context } as const;
  const generate = (id?: string) =>
    world.client.send(new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId: id, ...command }));
  expect(await errorName(generate(KeyMetadata?.KeyId))).toBe('InvalidKeyUsageException');
  const ending = await newKey();
  const { PrivateKeyCiphertextBlob: CiphertextBlob } = await generate(ending);
  await world.client.send(new DisableKeyCommand({ KeyId: ending }));
  expect(await errorName(decrypt({ KeyId: ending, CiphertextBlob, EncryptionContext: context }))).toBe(
    'DisabledException',
  );
});
