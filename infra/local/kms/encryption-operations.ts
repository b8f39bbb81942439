// KMS operations that encrypt under a key: key pairs whose private half nobody sees, Decrypt, ReEncrypt. Pure but for the store.

import { createCipheriv, createDecipheriv, createPublicKey, randomBytes } from 'node:crypto';
import { AwsError } from '../protocol/aws-error.ts';
import { dryRun, incorrectKey, invalidCiphertext, invalidKeyUsage, unsupported } from './errors.ts';
import { type Kms, keyArn } from './identifiers.ts';
import { generatePair, type KeyPairSpec, type KmsKey, keySpecs, usageOf } from './keys.ts';
import { type KeyUse, usableKey } from './signing-operations.ts';

type EncryptionContext = Readonly<Record<string, string>>;

interface PairInput extends KeyUse {
  readonly KeyPairSpec: string;
  readonly EncryptionContext?: EncryptionContext;
  readonly DryRun?: boolean;
}

export async function generateDataKeyPairWithoutPlaintext(kms: Kms, input: PairInput) {
  const key = encryptingKey(kms, input);
  const spec = keySpecs.find(
    (known): known is KeyPairSpec => known === input.KeyPairSpec && usageOf(known) === 'SIGN_VERIFY',
  );
  if (spec === undefined) throw unsupported(`The local KMS makes no key pairs of spec ${input.KeyPairSpec}.`);
  if (input.DryRun) throw dryRun();
  const pair = await generatePair(spec);
  const privateKey = pair.export({ format: 'der', type: 'pkcs8' });
  return {
    KeyId: keyArn(kms, key.id),
    KeyPairSpec: spec,
    PublicKey: createPublicKey(pair).export({ format: 'der', type: 'spki' }).toString('base64'),
    PrivateKeyCiphertextBlob: encrypted(key, privateKey, input.EncryptionContext).toString('base64'),
  };
}

interface DecryptInput extends Partial<KeyUse> {
  readonly CiphertextBlob: string;
  readonly EncryptionContext?: EncryptionContext;
  readonly EncryptionAlgorithm?: string;
  readonly DryRun?: boolean;
}

export function decrypt(
  kms: Kms,
  { CiphertextBlob, EncryptionContext, EncryptionAlgorithm, DryRun, ...use }: DecryptInput,
) {
  requireSymmetric(EncryptionAlgorithm);
  const { key, plaintext } = decrypted(kms, { blob: CiphertextBlob, context: EncryptionContext, use });
  if (DryRun) throw dryRun();
  return {
    KeyId: keyArn(kms, key.id),
    Plaintext: plaintext.toString('base64'),
    EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
  };
}

interface ReEncryptInput {
  readonly CiphertextBlob: string;
  readonly SourceEncryptionContext?: EncryptionContext;
  readonly SourceKeyId?: string;
  readonly SourceEncryptionAlgorithm?: string;
  readonly DestinationKeyId: string;
  readonly DestinationEncryptionContext?: EncryptionContext;
  readonly DestinationEncryptionAlgorithm?: string;
  readonly GrantTokens?: readonly string[];
  readonly DryRun?: boolean;
}

export function reEncrypt(kms: Kms, input: ReEncryptInput) {
  const { CiphertextBlob, SourceKeyId, SourceEncryptionContext, DestinationKeyId, GrantTokens = [] } = input;
  requireSymmetric(input.SourceEncryptionAlgorithm);
  requireSymmetric(input.DestinationEncryptionAlgorithm);
  const to = encryptingKey(kms, { KeyId: DestinationKeyId, GrantTokens });
  const use = { GrantTokens, ...(SourceKeyId !== undefined && { KeyId: SourceKeyId }) };
  const { key: from, plaintext } = decrypted(kms, { blob: CiphertextBlob, context: SourceEncryptionContext, use });
  if (input.DryRun) throw dryRun();
  return {
    CiphertextBlob: encrypted(to, plaintext, input.DestinationEncryptionContext).toString('base64'),
    SourceKeyId: keyArn(kms, from.id),
    KeyId: keyArn(kms, to.id),
    SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
  };
}

function requireSymmetric(algorithm = 'SYMMETRIC_DEFAULT'): void {
  if (algorithm !== 'SYMMETRIC_DEFAULT') throw invalidKeyUsage(`Algorithm ${algorithm} is incompatible with the key.`);
}

function encryptingKey(kms: Kms, use: KeyUse): KmsKey {
  const key = usableKey(kms, use);
  if (usageOf(key.keySpec) !== 'ENCRYPT_DECRYPT') {
    throw invalidKeyUsage(`${keyArn(kms, key.id)} key usage is ${usageOf(key.keySpec)} which is not valid here.`);
  }
  return key;
}

// A ciphertext says which key made it, as those of KMS do: 36 bytes of the key's id, 12 of nonce, 16 of tag, and the rest.
const [idBytes, nonceBytes, tagBytes] = [36, 12, 16];

function encrypted(key: KmsKey, plaintext: Buffer, context: EncryptionContext = {}): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key.privateKey, nonce).setAAD(associated(context));
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.from(key.id, 'ascii'), nonce, cipher.getAuthTag(), sealed]);
}

interface ToDecrypt {
  readonly blob: string;
  readonly context: EncryptionContext | undefined;
  readonly use: Partial<KeyUse>;
}

function decrypted(
  kms: Kms,
  { blob, context = {}, use }: ToDecrypt,
): { readonly key: KmsKey; readonly plaintext: Buffer } {
  const bytes = Buffer.from(blob, 'base64');
  const id = bytes.subarray(0, idBytes).toString('ascii');
  const key = encryptingKey(kms, { ...use, KeyId: use.KeyId ?? ownerOf(kms, id) });
  if (key.id !== id) throw incorrectKey();
  const nonce = bytes.subarray(idBytes, idBytes + nonceBytes);
  const tag = bytes.subarray(idBytes + nonceBytes, idBytes + nonceBytes + tagBytes);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.privateKey, nonce).setAAD(associated(context)).setAuthTag(tag);
    const rest = bytes.subarray(idBytes + nonceBytes + tagBytes);
    return { key, plaintext: Buffer.concat([decipher.update(rest), decipher.final()]) };
  } catch (error) {
    if (error instanceof AwsError) throw error;
    throw invalidCiphertext();
  }
}

/** A ciphertext that names no key of ours is none. */
function ownerOf(kms: Kms, id: string): string {
  if (!kms.store.findKey(id)) throw invalidCiphertext();
  return id;
}

/** Whatever the order of its members. */
function associated(context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).sort(([one], [other]) => (one < other ? -1 : 1));
  return Buffer.from(JSON.stringify(pairs));
}
