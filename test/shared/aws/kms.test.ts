// Signing with KMS: every algorithm gives a signature that jose verifies, on the embedded KMS and, where it is right, on moto.
import { CreateKeyCommand, DisableKeyCommand, type KeySpec, KMSClient } from '@aws-sdk/client-kms';
import { compactVerify, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startKms } from '../../../infra/local/kms/kms.ts';
import type { Fault } from '../../../infra/local/protocol/calls.ts';
import { kmsDirectly } from '../../../shared/aws/direct/kms.ts';
import { createMakeMac } from '../../../shared/aws/keys/kms-keys.ts';
import { type CallKms, createSign, findPublicKey, type SignMessage } from '../../../shared/aws/kms.ts';
import { kmsBySdk } from '../../../shared/aws/sdk/kms.ts';
import { Refused } from '../../../shared/oauth/denial.ts';
import { encodeBase64url } from '../../../shared/oauth/jose/base64url.ts';
import type { SigningAlgorithm } from '../../../shared/policy/compiled-policy.ts';
import { engines } from '../../dynamodb-engines.ts';

const specs: Readonly<Record<SigningAlgorithm, KeySpec>> = {
  ES256: 'ECC_NIST_P256',
  ES384: 'ECC_NIST_P384',
  RS256: 'RSA_2048',
  PS256: 'RSA_2048',
  Ed25519: 'ECC_NIST_EDWARDS25519',
};
/** moto_server answers for every service of AWS. */
const moto = engines.find(({ name }) => name === 'moto') ?? expect.fail('no moto');
const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' };

/** Both ways in which functions sign. */
const ways: Readonly<Record<string, (url: string) => CallKms>> = {
  direct: (url) =>
    kmsDirectly({
      environment: {
        AWS_REGION: 'eu-west-1',
        AWS_ENDPOINT_URL_KMS: url,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      },
      clock: Date.now,
      random: Math.random,
    }),
  sdk: (url) => kmsBySdk(new KMSClient({ endpoint: url, region: 'eu-west-1', credentials, maxAttempts: 1 })),
};

async function signAndVerify(client: KMSClient, signMessage: SignMessage, alg: SigningAlgorithm): Promise<string> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec: specs[alg], KeyUsage: 'SIGN_VERIFY' }));
  const keyId = KeyMetadata?.Arn ?? expect.fail('no key');
  const { thumbprint: kid, publicJwk } = await findPublicKey(client, keyId);
  const header = encodeBase64url(JSON.stringify({ alg, kid }));
  const input = `${header}.${encodeBase64url('{"sub":"x"}')}`;
  const signature = await createSign({ signMessage, decrypt: async () => undefined })(
    { keyId, alg, kid, publicJwk, state: 'current' },
    input,
  );
  const verified = await compactVerify(
    `${input}.${encodeBase64url(signature)}`,
    await importJWK({ ...publicJwk }, alg),
  );
  return Buffer.from(verified.payload).toString();
}

describe('on the embedded KMS', () => {
  let fault: Fault | undefined;
  let service: Awaited<ReturnType<typeof startKms>>;
  let client: KMSClient;
  let calledBy: (way: string) => CallKms;
  const signedBy = (way: string): SignMessage => calledBy(way).signMessage;
  beforeAll(async () => {
    service = await startKms({
      region: 'eu-west-1',
      accountId: '111122223333',
      principalOf: () => 'arn:aws:iam::111122223333:role/test',
      record: () => {},
      fault: ({ action }) => (action === 'kms:Sign' ? fault : undefined),
    });
    client = new KMSClient({ endpoint: service.url, region: 'eu-west-1', credentials, maxAttempts: 1 });
    calledBy = (way) => ways[way]?.(service.url) ?? expect.fail('no such way');
  });
  afterAll(() => service.close());

  describe.each(Object.keys(ways))('signed %s', (way) => {
    test.each(Object.keys(specs) as SigningAlgorithm[])('%s signatures verify with the published key', async (alg) => {
      const sign = signedBy(way);
      for (let round = 0; round < 3; round += 1) expect(await signAndVerify(client, sign, alg)).toBe('{"sub":"x"}');
    });

    test('a MAC is verified, another is none, and another failure is one', async () => {
      const { KeyMetadata } = await client.send(
        new CreateKeyCommand({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }),
      );
      const keyId = KeyMetadata?.Arn ?? expect.fail('no key');
      const message = Buffer.alloc(32, 7);
      const mac = await createMakeMac(client, keyId)(message);
      const { verifyMac } = calledBy(way);
      expect(await verifyMac(keyId, message, mac)).toBe(true);
      expect(await verifyMac(keyId, Buffer.alloc(32, 8), mac)).toBe(false);
      await client.send(new DisableKeyCommand({ KeyId: keyId }));
      await expect(verifyMac(keyId, message, mac)).rejects.toThrow(
        expect.objectContaining({ name: 'DisabledException' }),
      );
    });

    test('a failure of KMS is `unavailable` with its cause, and the same call without it signs', async () => {
      fault = { code: 'KMSInternalException', status: 500 };
      const refused = await signAndVerify(client, signedBy(way), 'ES256').catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(Refused);
      expect(refused).toMatchObject({
        denial: { kind: 'unavailable', dependency: 'kms' },
        cause: { name: 'KMSInternalException' },
      });
      fault = undefined;
      expect(await signAndVerify(client, signedBy(way), 'ES256')).toBe('{"sub":"x"}');
    });
  });

  test('a key is known by its RFC 7638 thumbprint: the same key by the same, another key by another', async () => {
    const make = async (): Promise<string> => {
      const { KeyMetadata } = await client.send(
        new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
      );
      return KeyMetadata?.Arn ?? '';
    };
    const [one, other] = [await make(), await make()];
    const { thumbprint, publicJwk } = await findPublicKey(client, one);
    expect((await findPublicKey(client, one)).thumbprint).toBe(thumbprint);
    expect((await findPublicKey(client, other)).thumbprint).not.toBe(thumbprint);
    expect(Object.keys(publicJwk).sort()).toEqual(['crv', 'kty', 'x', 'y']);
  });
});

describe.skipIf(!moto.available)(`on moto${moto.available ? '' : ' (SKIPPED: not installed)'}`, () => {
  let server: Awaited<ReturnType<typeof moto.start>>;
  beforeAll(async () => {
    server = await moto.start();
  });
  afterAll(() => server.close());

  test.each<SigningAlgorithm>([
    'ES256',
    'ES384',
    'RS256',
  ])('%s signatures verify with the published key', async (alg) => {
    const client = new KMSClient({ endpoint: server.url, region: 'eu-west-1', credentials });
    for (const way of Object.values(ways))
      expect(await signAndVerify(client, way(server.url).signMessage, alg)).toBe('{"sub":"x"}');
  });
});
