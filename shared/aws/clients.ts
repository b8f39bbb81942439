// Which way the functions call AWS: signed by hand on the hot path, or by the SDK's clients. What is imported here by `import()`
// lies in files of its own beside a bundle (infra/function-code.ts): it is loaded during init, and only where it is called for.
import type { AwsClients } from '../config.ts';
import type { CallSts } from './assume-role.ts';
import { callDirectly } from './direct/dynamodb.ts';
import { kmsDirectly } from './direct/kms.ts';
import type { DirectOptions } from './direct/service.ts';
import { stsDirectly } from './direct/sts.ts';
import type { CallDynamoDb } from './dynamodb.ts';
import type { CallKms } from './kms.ts';

export interface ClientsOptions extends DirectOptions {
  /** `direct` where it is not said. */
  readonly awsClients: AwsClients | undefined;
}

export async function createCallDynamoDb(options: ClientsOptions): Promise<CallDynamoDb> {
  return options.awsClients === 'sdk' ? (await import('./sdk/dynamodb.ts')).callBySdk() : callDirectly(options);
}

export async function createCallKms(options: ClientsOptions): Promise<CallKms> {
  return options.awsClients === 'sdk' ? (await import('./sdk/kms.ts')).kmsBySdk() : kmsDirectly(options);
}

export async function createCallSts(options: ClientsOptions): Promise<CallSts> {
  return options.awsClients === 'sdk' ? (await import('./sdk/sts.ts')).stsBySdk() : stsDirectly(options);
}
