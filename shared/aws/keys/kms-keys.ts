// Making and ending signing keys, and the MAC of the keyring, by AWS KMS. One or two calls to KMS each.
import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateKeyCommand,
  DisableKeyCommand,
  GenerateMacCommand,
  type KeySpec,
  type KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import type { KmsKeys } from '../../oauth/keys/rotate.ts';
import type { SigningAlgorithm } from '../../policy/compiled-policy.ts';
import { keySpecs } from '../../policy/key-purposes.ts';
import { signingKeyPolicies } from '../../policy/signing-key-policy.ts';
import { callDependency } from '../dependency.ts';
import { findPublicKey } from '../kms.ts';
import type { MakeMac } from './keyring.ts';

/** How keys are made: as the template makes its own. */
export interface KeyTemplate {
  /** Value of the tag `cambio:keyring`. */
  readonly keyringTag: string;
  /** JSON of whose roles sign for each use. */
  readonly keySigners: string | undefined;
  /** ARN of a key of the same account. */
  readonly keyringMac: string;
}

/** @throws TypeError where nobody is named who signs */
export function createKmsKeys(client: KMSClient, { keyringTag, keySigners = '{}', keyringMac }: KeyTemplate): KmsKeys {
  const policies = signingKeyPolicies(keySigners, keyringMac);
  return {
    ...endOfKmsKeys(client),
    make: ({ use, alg }) =>
      callDependency('kms', async () => {
        const { KeyMetadata } = await client.send(
          new CreateKeyCommand({
            Description: `Cambio signs ${use} with ${alg}`,
            KeySpec: specOf(alg),
            KeyUsage: 'SIGN_VERIFY',
            Policy: policies[use],
            // With the key: IAM sees a tag that is changed later up to five minutes later still.
            Tags: [
              { TagKey: 'cambio:keyring', TagValue: keyringTag },
              { TagKey: 'cambio:use', TagValue: use },
            ],
          }),
        );
        const keyId = KeyMetadata?.Arn;
        if (keyId === undefined) throw new TypeError('KMS answered without a key');
        return { keyId, ...(await findNewKey(client, keyId)) };
      }),
  };
}

/** How keys end, whoever made them. */
export function endOfKmsKeys(client: KMSClient): Omit<KmsKeys, 'make'> {
  return {
    disable: (keyId) =>
      callDependency('kms', () => client.send(new DisableKeyCommand({ KeyId: keyId })).then(nothing, unlessEnding)),
    scheduleDeletion: (keyId) =>
      callDependency('kms', () =>
        client
          .send(new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: 30 }))
          .then(nothing, unlessEnding),
      ),
  };
}

/** Seconds before each further look for a key that was made a moment ago: KMS knows it everywhere a little later. */
const waits = [0.2, 0.5, 1, 2, 4];

async function findNewKey(client: KMSClient, keyId: string): ReturnType<typeof findPublicKey> {
  for (const seconds of waits) {
    const found = await findPublicKey(client, keyId).catch(unlessUnknown);
    if (found) return found;
    await delay(seconds * 1_000);
  }
  return findPublicKey(client, keyId);
}

function unlessUnknown(error: unknown): undefined {
  if (!(error instanceof Error) || error.name !== 'NotFoundException') throw error;
}

function specOf(alg: SigningAlgorithm): KeySpec {
  return keySpecs[alg];
}

const nothing = (): void => {};

/** A key that is about to be deleted, or is gone, has been ended before. */
function unlessEnding(error: unknown): void {
  const isEnding = error instanceof Error && ['KMSInvalidStateException', 'NotFoundException'].includes(error.name);
  if (!isEnding) throw error;
}

/** @param keyId of a key for HMAC_SHA_256 */
export function createMakeMac(client: KMSClient, keyId: string): MakeMac {
  return async (message) => {
    const { Mac } = await client.send(
      new GenerateMacCommand({ KeyId: keyId, Message: message, MacAlgorithm: 'HMAC_SHA_256' }),
    );
    if (!Mac) throw new TypeError('KMS answered without a MAC');
    return Mac;
  };
}
