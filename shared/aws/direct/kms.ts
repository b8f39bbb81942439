// Signing with KMS without the SDK's client.
import type { SignMessage } from '../kms.ts';
import { jsonProtocol } from './json-protocol.ts';
import { createService, type DirectOptions } from './service.ts';

const protocol = jsonProtocol({
  name: 'kms',
  contentType: 'application/x-amz-json-1.1',
  targetPrefix: 'TrentService',
  maxBytes: 64 * 1024,
});

/** Connects at once. @throws Error when the environment names no region, or endpoints that cannot be had */
export function signDirectly(options: DirectOptions): SignMessage {
  const { call, open } = createService(protocol, options);
  open();
  return async (keyId, message, spec) => {
    const input = { KeyId: keyId, Message: message.toString('base64'), MessageType: 'RAW', SigningAlgorithm: spec };
    const { Signature } = (await call('Sign', input)) as { readonly Signature?: string };
    return Signature === undefined ? undefined : Buffer.from(Signature, 'base64');
  };
}
