// Making signing keys whose private half KMS encrypts and nobody sees: it lies beside the public one. Two calls to KMS for each.
import { createPublicKey } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { GenerateDataKeyPairWithoutPlaintextCommand, type KMSClient, ReEncryptCommand } from '@aws-sdk/client-kms';
import { calculateJwkThumbprint } from 'jose';
import { kidFor, type PublicJwk } from '../../oauth/jose/keyring.ts';
import type { KmsKeys } from '../../oauth/keys/rotate.ts';
import type { MadeKey } from '../../oauth/keys/rotation.ts';
import { type KeyPurpose, keySpecs } from '../../policy/key-purposes.ts';
import { callDependency, isThrottling } from '../dependency.ts';
import { retryWhile } from '../retry-while.ts';
import { endOfKmsKeys } from './kms-keys.ts';
import { contextOf, sealedKeyId } from './sealed-keys.ts';

/** Of a pair that has no name yet: its name is made of its public half. */
const unnamed = 'unnamed';

/**
 * A key pair for a purpose. Its ciphertext is bound to its use from the first, and to its name once it has one.
 * @param wrappingKey ARN of a symmetric KMS key
 */
export async function makeSealedKey(
  client: KMSClient,
  wrappingKey: string,
  { use, alg }: KeyPurpose,
): Promise<MadeKey> {
  const before = { use, kid: unnamed };
  const { PublicKey, PrivateKeyCiphertextBlob } = await retryWhile(
    () =>
      client.send(
        new GenerateDataKeyPairWithoutPlaintextCommand({
          ...{ KeyId: wrappingKey, KeyPairSpec: keySpecs[alg], EncryptionContext: before },
        }),
      ),
    { passes: isThrottling, waits, wait: (seconds) => delay(seconds * 1_000) },
  );
  if (!PublicKey || !PrivateKeyCiphertextBlob) throw new TypeError('KMS answered without a key pair');
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  const publicJwk = key.export({ format: 'jwk' }) as PublicJwk;
  const thumbprint = await calculateJwkThumbprint(publicJwk);
  const { CiphertextBlob } = await client.send(
    new ReEncryptCommand({
      ...{ CiphertextBlob: PrivateKeyCiphertextBlob, SourceKeyId: wrappingKey, SourceEncryptionContext: before },
      ...{ DestinationKeyId: wrappingKey, DestinationEncryptionContext: contextOf({ kid: kidFor(use, thumbprint) }) },
    }),
  );
  if (!CiphertextBlob) throw new TypeError('KMS answered without a ciphertext');
  const sealed = Buffer.from(CiphertextBlob).toString('base64');
  return { keyId: sealedKeyId(wrappingKey, thumbprint), thumbprint, publicJwk, sealed };
}

/** Seconds: of RSA pairs KMS makes one a second for an account, whoever asks. */
const waits = [1, 2, 4, 8];

/** A sealed key ends with the keyring that has it; keys that an earlier mode made end as they would have. */
export function createSealedKeys(
  client: KMSClient,
  wrappingKey: string,
  ofKms: Omit<KmsKeys, 'make'> = endOfKmsKeys(client),
): KmsKeys {
  const isSealed = (keyId: string): boolean => keyId.includes('#');
  return {
    make: (purpose) => callDependency('kms', () => makeSealedKey(client, wrappingKey, purpose)),
    disable: async (keyId) => (isSealed(keyId) ? undefined : ofKms.disable(keyId)),
    scheduleDeletion: async (keyId) => (isSealed(keyId) ? undefined : ofKms.scheduleDeletion(keyId)),
  };
}
