// Signs and verifies as KMS does: which algorithm fits which key, RAW and DIGEST, DER for ECDSA. Pure.

import { constants, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { digestLength, hashNameOf, signDigest, verifyDigest } from './digest-signatures.ts';
import { invalidKeyUsage, validationError } from './errors.ts';
import type { KeySpec, KmsKey } from './keys.ts';

const rsaAlgorithms = [
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
] as const;

/** Signing algorithms of each key spec. */
export const signingAlgorithms: Readonly<Record<KeySpec, readonly string[]>> = {
  ECC_NIST_P256: ['ECDSA_SHA_256'],
  ECC_NIST_P384: ['ECDSA_SHA_384'],
  ECC_NIST_EDWARDS25519: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'],
  RSA_2048: rsaAlgorithms,
  RSA_3072: rsaAlgorithms,
  RSA_4096: rsaAlgorithms,
  HMAC_256: [],
  SYMMETRIC_DEFAULT: [],
};

export interface MessageToSign {
  readonly message: Buffer;
  /** Default RAW. */
  readonly messageType?: string | undefined;
  readonly algorithm: string;
}

/**
 * Refuses what KMS would not sign with this key.
 * @throws AwsError InvalidKeyUsageException, ValidationException
 */
export function checkMessage(keySpec: KeySpec, { message, messageType = 'RAW', algorithm }: MessageToSign): void {
  if (!signingAlgorithms[keySpec].includes(algorithm)) {
    throw invalidKeyUsage(`Algorithm ${algorithm} is incompatible with key spec ${keySpec}.`);
  }
  if (!messageTypesOf(algorithm).includes(messageType)) {
    throw validationError(`Message type ${messageType} is incompatible with algorithm ${algorithm}.`);
  }
  if (messageType === 'DIGEST' && message.length !== digestLength(algorithm)) {
    throw validationError(`Digest is invalid length for algorithm ${algorithm}.`);
  }
}

/** EXTERNAL_MU belongs to ML-DSA, which no key here has; each Ed25519 algorithm has one message type. */
function messageTypesOf(algorithm: string): readonly string[] {
  if (algorithm === 'ED25519_SHA_512') return ['RAW'];
  if (algorithm === 'ED25519_PH_SHA_512') return ['DIGEST'];
  return ['RAW', 'DIGEST'];
}

type Signing = (hash: string | null, message: Buffer, key: object) => Promise<Buffer>;
const signRaw = promisify(sign) as unknown as Signing;

/** The signature of a checked message. */
export async function signMessage(key: KmsKey, { message, messageType, algorithm }: MessageToSign): Promise<Buffer> {
  if (messageType === 'DIGEST') return signDigest(key.privateKey, message, algorithm);
  return signRaw(rawHash(algorithm), message, keyInput(key.privateKey, algorithm));
}

/** Whether the signature is one of the checked message under the key. */
export function verifyMessage(
  key: KmsKey,
  { message, messageType, algorithm }: MessageToSign,
  signature: Buffer,
): boolean {
  const publicKey = createPublicKey(key.privateKey);
  if (messageType === 'DIGEST') return verifyDigest({ publicKey, digest: message, algorithm, signature });
  return verify(rawHash(algorithm), message, keyInput(publicKey, algorithm), signature);
}

/** Ed25519 hashes by itself. */
function rawHash(algorithm: string): string | null {
  return algorithm === 'ED25519_SHA_512' ? null : hashNameOf(algorithm);
}

function keyInput(key: KeyObject, algorithm: string) {
  if (algorithm.startsWith('ECDSA')) return { key, dsaEncoding: 'der' as const };
  if (algorithm.startsWith('RSASSA_PKCS1')) return { key, padding: constants.RSA_PKCS1_PADDING };
  if (!algorithm.startsWith('RSASSA_PSS')) return { key };
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}
