// Signing with KMS, and verifying its MACs, by the client of the AWS SDK.
import { KMSClient, SignCommand, VerifyMacCommand } from '@aws-sdk/client-kms';
import { clientOptions } from '../client-options.ts';
import { type CallKms, isInvalidMac } from '../kms.ts';

export function kmsBySdk(client: KMSClient = new KMSClient(clientOptions)): CallKms {
  return {
    signMessage: async (keyId, message, spec) => {
      const command = { KeyId: keyId, Message: message, MessageType: 'RAW', SigningAlgorithm: spec } as const;
      return (await client.send(new SignCommand(command))).Signature;
    },
    verifyMac: async (keyId, message, mac) => {
      const input = { KeyId: keyId, Message: message, Mac: mac, MacAlgorithm: 'HMAC_SHA_256' } as const;
      return client.send(new VerifyMacCommand(input)).then(({ MacValid }) => MacValid === true, isInvalidMac);
    },
  };
}
