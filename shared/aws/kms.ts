// Signing and public keys by AWS KMS. One call to KMS each.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { GetPublicKeyCommand, type KMSClient, type SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import { calculateJwkThumbprint } from 'jose';
import { loadedOnce } from '../loaded-once.ts';
import { derToJoseSignature } from '../oauth/jose/ecdsa-signature.ts';
import type { PublicJwk, Sign, SigningKey } from '../oauth/jose/keyring.ts';
import { verifiesDer } from '../oauth/jose/signature.ts';
import type { SigningAlgorithm } from '../policy/compiled-policy.ts';
import { callDependency } from './dependency.ts';
import type { Decrypt } from './keys/sealed-keys.ts';

/**
 * KMS's `Sign` over a whole message.
 * @param keyId or ARN
 * @throws Error named as KMS names what is wrong, or of a call without an answer
 */
export type SignMessage = (
  keyId: string,
  message: Buffer,
  spec: SigningAlgorithmSpec,
) => Promise<Uint8Array | undefined>;

/** What the functions ask of KMS. */
export interface CallKms {
  readonly signMessage: SignMessage;
  readonly decrypt: Decrypt;
  /** Whether the MAC is one of the message, by a key for HMAC_SHA_256. */
  readonly verifyMac: (keyId: string, message: Uint8Array, mac: Uint8Array) => Promise<boolean>;
}

/** False for what KMS says is no MAC of the message; whatever else is wrong goes on. */
export function isInvalidMac(error: unknown): false {
  if (error instanceof Error && error.name === 'KMSInvalidMacException') return false;
  throw error;
}

interface KmsAlgorithm {
  readonly spec: SigningAlgorithmSpec;
  /** Bytes of r and of s, for the algorithms whose signatures KMS answers in DER. */
  readonly integerSize?: number;
}

const algorithms: Readonly<Record<SigningAlgorithm, KmsAlgorithm>> = {
  ES256: { spec: 'ECDSA_SHA_256', integerSize: 32 },
  ES384: { spec: 'ECDSA_SHA_384', integerSize: 48 },
  RS256: { spec: 'RSASSA_PKCS1_V1_5_SHA_256' },
  PS256: { spec: 'RSASSA_PSS_SHA_256' },
  Ed25519: { spec: 'ED25519_SHA_512' },
};

/**
 * Signs with the key's one algorithm, in KMS, and verifies with the key that is published: a signature nobody could verify is a
 * failure of KMS or of the keyring, and never leaves. A sealed key signs here, and is compared with what is published when it is opened.
 */
export function createSign({ signMessage, decrypt }: Pick<CallKms, 'signMessage' | 'decrypt'>): Sign {
  const publicKeyOf = createPublicKeys();
  // A file of its own beside a bundle (infra/function-code.ts): the first sealed key loads it.
  const signSealed = loadedOnce(async () => (await import('./keys/envelope.ts')).createSignSealed(decrypt));
  return (key, input) =>
    callDependency('kms', async () => {
      const { spec, integerSize } = algorithms[key.alg];
      const message = Buffer.from(input, 'ascii');
      if (key.sealed !== undefined) return (await signSealed())({ ...key, sealed: key.sealed }, message);
      const signature = await signMessage(key.keyId, message, spec);
      if (!signature || !verifiesDer(message, publicKeyOf(key), key.alg, signature)) {
        throw new Error('the signature of KMS does not verify with the published key');
      }
      return integerSize === undefined ? signature : derToJoseSignature(signature, integerSize);
    });
}

/** Public keys by `kid`, parsed once. */
function createPublicKeys(): (key: SigningKey) => KeyObject {
  const parsed = new Map<string, KeyObject>();
  return ({ kid, publicJwk }) => {
    const key = parsed.get(kid) ?? createPublicKey({ key: { ...publicJwk }, format: 'jwk' });
    parsed.set(kid, key);
    return key;
  };
}

/** A KMS key's public half as JWK, and its RFC 7638 thumbprint. */
export async function findPublicKey(
  client: KMSClient,
  keyId: string,
): Promise<{ readonly thumbprint: string; readonly publicJwk: PublicJwk }> {
  const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyId }));
  if (!PublicKey) throw new TypeError('KMS answered without a public key');
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  const publicJwk = key.export({ format: 'jwk' }) as PublicJwk;
  return { thumbprint: await calculateJwkThumbprint(publicJwk), publicJwk };
}
