// The KMS key that signs the heads of the audit trail, and nothing else. Calls KMS.
import type { KMSClient } from '@aws-sdk/client-kms';
import type { HeadJwk } from '../audit/head.ts';
import type { HeadSigner } from '../audit/sign-head.ts';
import type { Sign, SigningKey } from '../oauth/jose/keyring.ts';
import { findPublicKey } from './kms.ts';

/** @param keyId or ARN; its public half is asked for once */
export function createTrailKey(keyId: string, client: KMSClient, sign: Sign): Pick<HeadSigner, 'publicJwk' | 'sign'> {
  let found: Promise<SigningKey> | undefined;
  const find = async (): Promise<SigningKey> => {
    const { thumbprint, publicJwk } = await findPublicKey(client, keyId);
    return { kid: thumbprint, publicJwk, keyId, alg: 'ES256', state: 'current' };
  };
  const keyOf = (): Promise<SigningKey> => {
    found ??= find().catch((error: unknown) => {
      found = undefined;
      throw error;
    });
    return found;
  };
  return {
    publicJwk: async () => {
      const { kty, crv, x, y } = (await keyOf()).publicJwk;
      if (kty !== 'EC' || crv !== 'P-256' || !x || !y) throw new TypeError('the trail’s key is no P-256 key');
      return { kty, crv, x, y } satisfies HeadJwk;
    },
    sign: async (input) => sign(await keyOf(), input),
  };
}
