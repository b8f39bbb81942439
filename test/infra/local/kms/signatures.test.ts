// Signatures of the local KMS, checked by node:crypto over the whole message, whichever way they were made.

import { constants, createHash, createPublicKey, verify } from 'node:crypto';
import {
  CreateKeyCommand,
  GetPublicKeyCommand,
  type KeySpec,
  SignCommand,
  type SigningAlgorithmSpec,
  VerifyCommand,
} from '@aws-sdk/client-kms';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorName, kmsWorld } from '../emulators.ts';

let world: Awaited<ReturnType<typeof kmsWorld>>;
const keyIds = new Map<KeySpec, string>();

beforeAll(async () => {
  world = await kmsWorld();
  for (const spec of ['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_EDWARDS25519', 'RSA_2048', 'RSA_3072'] as const) {
    keyIds.set(spec, await newKey(spec));
  }
});
afterAll(() => world.close());

async function newKey(KeySpec: KeySpec): Promise<string> {
  const { KeyMetadata } = await world.client.send(new CreateKeyCommand({ KeySpec, KeyUsage: 'SIGN_VERIFY' }));
  return KeyMetadata?.KeyId ?? '';
}

async function publicKeyOf(KeyId: string) {
  const { PublicKey, ...answer } = await world.client.send(new GetPublicKeyCommand({ KeyId }));
  return { ...answer, key: createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' }) };
}

const hashOf = (algorithm: string) => `sha${algorithm.slice(-3)}`;
const digestOf = (algorithm: string, message: Buffer) => createHash(hashOf(algorithm)).update(message).digest();

/** The signature in the key's usual form, judged without the emulator. */
async function isGenuine(KeyId: string, algorithm: string, message: Buffer, signature: Buffer): Promise<boolean> {
  const { key } = await publicKeyOf(KeyId);
  if (algorithm.startsWith('ED25519')) return verify(null, message, key, signature);
  if (algorithm.startsWith('ECDSA')) return verify(hashOf(algorithm), message, { key, dsaEncoding: 'der' }, signature);
  const isPss = algorithm.startsWith('RSASSA_PSS');
  const padding = isPss ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  const salt = isPss ? { saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {};
  return verify(hashOf(algorithm), message, { key, padding, ...salt }, signature);
}

async function sign(KeyId: string, SigningAlgorithm: SigningAlgorithmSpec, type: 'RAW' | 'DIGEST', message: Buffer) {
  const Message = type === 'RAW' ? message : digestOf(SigningAlgorithm, message);
  const command = new SignCommand({ KeyId, SigningAlgorithm, MessageType: type, Message });
  const { Signature } = await world.client.send(command);
  return Buffer.from(Signature ?? []);
}

interface Verified {
  readonly KeyId: string;
  readonly SigningAlgorithm: SigningAlgorithmSpec;
  readonly type: 'RAW' | 'DIGEST';
  readonly message: Buffer;
  readonly Signature: Buffer;
}

function verifyByKms({ KeyId, SigningAlgorithm, type, message, Signature }: Verified): Promise<string> {
  const Message = type === 'RAW' ? message : digestOf(SigningAlgorithm, message);
  return errorName(
    world.client.send(new VerifyCommand({ KeyId, SigningAlgorithm, MessageType: type, Message, Signature })),
  );
}

const rsa: readonly SigningAlgorithmSpec[] = [
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
];
const pairs: readonly (readonly [KeySpec, SigningAlgorithmSpec])[] = [
  ['ECC_NIST_P256', 'ECDSA_SHA_256'],
  ['ECC_NIST_P384', 'ECDSA_SHA_384'],
  ...rsa.map((algorithm) => ['RSA_2048', algorithm] as const),
  ...rsa.map((algorithm) => ['RSA_3072', algorithm] as const),
];

describe('a signature by the local KMS', () => {
  it.each(pairs)('of %s with %s is genuine, of a message and of its digest', async (spec, SigningAlgorithm) => {
    const KeyId = keyIds.get(spec) ?? '';
    const message = Buffer.from('header.payload');
    const other = Buffer.from('header.payloae');
    for (const type of ['RAW', 'DIGEST'] as const) {
      const Signature = await sign(KeyId, SigningAlgorithm, type, message);
      expect(await isGenuine(KeyId, SigningAlgorithm, message, Signature)).toBe(true);
      expect(await isGenuine(KeyId, SigningAlgorithm, other, Signature)).toBe(false);
      const verified = { KeyId, SigningAlgorithm, message, Signature };
      for (const as of ['RAW', 'DIGEST'] as const) {
        expect(await verifyByKms({ ...verified, type: as })).toBe('none');
        expect(await verifyByKms({ ...verified, type: as, message: other })).toBe('KMSInvalidSignatureException');
      }
    }
  });

  it.each(pairs)('of %s with %s does not verify when a bit of it is turned', async (spec, SigningAlgorithm) => {
    const KeyId = keyIds.get(spec) ?? '';
    const message = Buffer.from('header.payload');
    const Signature = await sign(KeyId, SigningAlgorithm, 'RAW', message);
    const turned = Buffer.from(Signature);
    turned[turned.length - 1] = (turned.at(-1) ?? 0) ^ 1;
    for (const type of ['RAW', 'DIGEST'] as const) {
      const verified = { KeyId, SigningAlgorithm, type, message };
      expect(await verifyByKms({ ...verified, Signature })).toBe('none');
      expect(await verifyByKms({ ...verified, Signature: turned })).toBe('KMSInvalidSignatureException');
    }
  });

  it('by Ed25519 is genuine, and that of a digest is another one', async () => {
    const KeyId = keyIds.get('ECC_NIST_EDWARDS25519') ?? '';
    const message = Buffer.from('header.payload');
    const plain = await sign(KeyId, 'ED25519_SHA_512', 'RAW', message);
    const prehashed = await sign(KeyId, 'ED25519_PH_SHA_512', 'DIGEST', message);
    expect(await isGenuine(KeyId, 'ED25519_SHA_512', message, plain)).toBe(true);
    expect(await isGenuine(KeyId, 'ED25519_SHA_512', message, prehashed)).toBe(false);
    const [raw, digest] = [
      { KeyId, SigningAlgorithm: 'ED25519_SHA_512', type: 'RAW', message } as const,
      { KeyId, SigningAlgorithm: 'ED25519_PH_SHA_512', type: 'DIGEST', message } as const,
    ];
    expect(await verifyByKms({ ...raw, Signature: plain })).toBe('none');
    expect(await verifyByKms({ ...digest, Signature: prehashed })).toBe('none');
    expect(await verifyByKms({ ...raw, Signature: prehashed })).toBe('KMSInvalidSignatureException');
    expect(await verifyByKms({ ...digest, Signature: plain })).toBe('KMSInvalidSignatureException');
  });

  it('is genuine for any message', async () => {
    const KeyId = keyIds.get('ECC_NIST_P256') ?? '';
    const { key } = await publicKeyOf(KeyId);
    const messages = fc.uint8Array({ minLength: 1, maxLength: 4096 }).map((bytes) => Buffer.from(bytes));
    const property = fc.asyncProperty(
      messages,
      fc.constantFrom('RAW' as const, 'DIGEST' as const),
      async (message, type) => {
        const signature = await sign(KeyId, 'ECDSA_SHA_256', type, message);
        return verify('sha256', message, { key, dsaEncoding: 'der' }, signature);
      },
    );
    await fc.assert(property, { numRuns: 50 });
  });
});

describe('a public key of the local KMS', () => {
  it.each([
    ['ECC_NIST_P256', { namedCurve: 'prime256v1' }],
    ['ECC_NIST_P384', { namedCurve: 'secp384r1' }],
    ['ECC_NIST_EDWARDS25519', {}],
    ['RSA_2048', { modulusLength: 2048 }],
    ['RSA_3072', { modulusLength: 3072 }],
    ['RSA_4096', { modulusLength: 4096 }],
  ] as const)('of %s is of that kind', async (spec, details) => {
    const { key, KeySpec, KeyUsage } = await publicKeyOf(keyIds.get(spec) ?? (await newKey(spec)));
    expect({ KeySpec, KeyUsage }).toEqual({ KeySpec: spec, KeyUsage: 'SIGN_VERIFY' });
    expect(key.asymmetricKeyDetails).toMatchObject(details);
  });
});
