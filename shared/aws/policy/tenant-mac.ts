// The MAC of the list of tenants, by an HMAC key of KMS that one function may make MACs with and the others may verify with.
import { callDependency } from '../dependency.ts';
import { callKms } from '../direct/kms.ts';
import type { DirectOptions } from '../direct/service.ts';

/** MACs are base64. */
export interface MacCalls {
  readonly generate: (message: Buffer) => Promise<string>;
  readonly verify: (message: Buffer, mac: string) => Promise<boolean>;
}

/** @param keyId ARN */
export function createMac(keyId: string, options: DirectOptions): MacCalls {
  const call = callKms(options);
  const input = (message: Buffer) => ({
    KeyId: keyId,
    Message: message.toString('base64'),
    MacAlgorithm: 'HMAC_SHA_256',
  });
  return {
    generate: (message) =>
      callDependency('kms', async () => {
        const { Mac } = (await call('GenerateMac', input(message))) as { readonly Mac?: string };
        if (Mac === undefined) throw new Error('KMS answered without a MAC');
        return Mac;
      }),
    verify: (message, mac) =>
      callDependency('kms', async () => {
        try {
          const { MacValid } = (await call('VerifyMac', { ...input(message), Mac: mac })) as {
            readonly MacValid?: boolean;
          };
          return MacValid === true;
        } catch (error) {
          if (error instanceof Error && error.name === 'KMSInvalidMacException') return false;
          throw error;
        }
      }),
  };
}
