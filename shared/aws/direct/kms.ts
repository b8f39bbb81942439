// Signing with KMS, opening what it sealed, and verifying its MACs, without the SDK's client.
import { type CallKms, isInvalidMac } from '../kms.ts';
import { jsonProtocol } from './json-protocol.ts';
import { createService, type DirectOptions } from './service.ts';

const protocol = jsonProtocol({
  name: 'kms',
  contentType: 'application/x-amz-json-1.1',
  targetPrefix: 'TrentService',
  maxBytes: 64 * 1024,
});

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
/** Calls of KMS by name. */
export function callKms(options: DirectOptions) {
  return createService(protocol, options).call;
}

/** Connects at once. @throws Error when the environment names no region, or endpoints that cannot be had */
export function kmsDirectly(options: DirectOptions): CallKms {
  const { call, open } = createService(protocol, options);
  open();
  return {
    signMessage: async (keyId, message, spec) => {
      const input = { KeyId: keyId, Message: base64(message), MessageType: 'RAW', SigningAlgorithm: spec };
      const { Signature } = (await call('Sign', input)) as { readonly Signature?: string };
      return Signature === undefined ? undefined : Buffer.from(Signature, 'base64');
    },
    decrypt: async (keyId, ciphertext, context) => {
      const input = { KeyId: keyId, CiphertextBlob: base64(ciphertext), EncryptionContext: context };
      const { Plaintext } = (await call('Decrypt', input)) as { readonly Plaintext?: string };
      return Plaintext === undefined ? undefined : Buffer.from(Plaintext, 'base64');
    },
    verifyMac: async (keyId, message, mac) => {
      const input = { KeyId: keyId, Message: base64(message), Mac: base64(mac), MacAlgorithm: 'HMAC_SHA_256' };
      const verified = call('VerifyMac', input) as Promise<{ readonly MacValid?: boolean }>;
      return verified.then(({ MacValid }) => MacValid === true, isInvalidMac);
    },
  };
}
