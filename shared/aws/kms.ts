// Signing and public keys by AWS KMS. One call to KMS each.
import { createPublicKey } from 'node:crypto';
import { GetPublicKeyCommand, type KMSClient, SignCommand, type SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import { calculateJwkThumbprint } from 'jose';
import { derToJoseSignature } from '../oauth/ecdsa-signature.ts';
import type { ExchangeCapabilities } from '../oauth/exchange.ts';
import type { PublicJwk } from '../oauth/keyring.ts';
import type { JwsAlgorithm } from '../policy/compiled-policy.ts';
import { callDependency } from './dependency.ts';

interface KmsAlgorithm {
  readonly spec: SigningAlgorithmSpec;
  /** Bytes of r and of s, for the algorithms whose signatures KMS answers in DER. */
  readonly integerSize?: number;
}

const algorithms: Readonly<Record<JwsAlgorithm, KmsAlgorithm>> = {
  ES256: { spec: 'ECDSA_SHA_256', integerSize: 32 },
  ES384: { spec: 'ECDSA_SHA_384', integerSize: 48 },
  RS256: { spec: 'RSASSA_PKCS1_V1_5_SHA_256' },
  PS256: { spec: 'RSASSA_PSS_SHA_256' },
  Ed25519: { spec: 'ED25519_SHA_512' },
};

/** Signs with the key's one algorithm. An answer that is no signature of it is a failure of KMS. */
export function createSign(client: KMSClient): ExchangeCapabilities['sign'] {
  return ({ keyId, alg }, input) =>
    callDependency('kms', async () => {
      const { spec, integerSize } = algorithms[alg];
      const message = { KeyId: keyId, Message: Buffer.from(input, 'ascii'), MessageType: 'RAW' } as const;
      const { Signature } = await client.send(new SignCommand({ ...message, SigningAlgorithm: spec }));
      if (!Signature) throw new TypeError('KMS answered without a signature');
      return integerSize === undefined ? Signature : derToJoseSignature(Signature, integerSize);
    });
}

/** A KMS key's public half as JWK, and its RFC 7638 thumbprint. */
export async function findPublicKey(
  client: KMSClient,
  keyId: string,
): Promise<{ readonly kid: string; readonly publicJwk: PublicJwk }> {
  const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyId }));
  if (!PublicKey) throw new TypeError('KMS answered without a public key');
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  const publicJwk = key.export({ format: 'jwk' }) as PublicJwk;
  return { kid: await calculateJwkThumbprint(publicJwk), publicJwk };
}
