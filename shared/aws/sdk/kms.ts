// Signing with KMS by the client of the AWS SDK.
import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { clientOptions } from '../client-options.ts';
import type { SignMessage } from '../kms.ts';

export function signBySdk(client: KMSClient = new KMSClient(clientOptions)): SignMessage {
  return async (keyId, message, spec) => {
    const command = { KeyId: keyId, Message: message, MessageType: 'RAW', SigningAlgorithm: spec } as const;
    return (await client.send(new SignCommand(command))).Signature;
  };
}
