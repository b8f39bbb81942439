// Signing with KMS, opening what it sealed, and verifying its MACs, by the client of the AWS SDK.
import { DecryptCommand, KMSClient, SignCommand, VerifyMacCommand } from '@aws-sdk/client-kms';
import { clientOptions } from '../client-options.ts';
import { type CallKms, isInvalidMac } from '../kms.ts';

export function kmsBySdk(client: KMSClient = new KMSClient(clientOptions)): CallKms {
  return {
    signMessage: async (keyId, message, spec) => {
      const command = { KeyId: keyId, Message: message, MessageType: 'RAW', SigningAlgorithm: spec } as const;
      return (await client.send(new SignCommand(command))).Signature;
    },
    decrypt: async (keyId, ciphertext, context) => {
      const command = { KeyId: keyId, CiphertextBlob: ciphertext, EncryptionContext: context };
      return (await client.send(new DecryptCommand(command))).Plaintext;
    },
    verifyMac: async (keyId, message, mac) => {
      const input = { KeyId: keyId, Message: message, Mac: mac, MacAlgorithm: 'HMAC_SHA_256' } as const;
      return client.send(new VerifyMacCommand(input)).then(({ MacValid }) => MacValid === true, isInvalidMac);
    },
  };
}
