// What reads tenants that were put at run time, in a file of its own beside a bundle: loaded only where the policy lets there be
// any (infra/function-code.ts). I/O by what it is handed, and by a connection of its own to KMS.
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import type { DirectOptions } from '../direct/service.ts';
import type { CallDynamoDb } from '../dynamodb.ts';
import { type CurrentPolicyOptions, createCurrentPolicy } from './current-policy.ts';
import { createMac } from './tenant-mac.ts';
import { createReadParts, refusedBy, type WriteFault } from './tenant-store.ts';

export interface RunTimePolicyOptions extends Pick<CurrentPolicyOptions, 'deployed' | 'clock'> {
  readonly call: CallDynamoDb;
  readonly table: string;
  /** ARN of the MAC's key. */
  readonly keyId: string;
  readonly kms: DirectOptions;
  readonly write: WriteFault;
}

/** Its failures are errors of its own, whatever they are called: this file shares nothing with the functions. */
export function createRunTimePolicy({
  call,
  table,
  keyId,
  kms,
  write,
  ...options
}: RunTimePolicyOptions): () => Promise<CompiledPolicy> {
  return createCurrentPolicy({
    ...options,
    readParts: createReadParts({ call, table, mac: createMac(keyId, kms), onFault: refusedBy(write) }),
    onLeft: (tenants) => write('error', 'tenants_left_out', { tenants }, { tenants_left_out: tenants.length }),
    onUnread: (cause) => write('error', 'tenants_unread', { cause }, { dependency_errors: 1, dependency: 'dynamodb' }),
  });
}
