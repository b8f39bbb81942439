// Which way the functions call AWS on the hot path: signed by hand, or by the SDK's clients, which are loaded only then.
import type { AwsClients } from '../config.ts';
import { callDirectly } from './direct/dynamodb.ts';
import type { DirectOptions } from './direct/json-service.ts';
import { signDirectly } from './direct/kms.ts';
import type { CallDynamoDb } from './dynamodb.ts';
import type { SignMessage } from './kms.ts';

export interface ClientsOptions extends DirectOptions {
  /** `direct` where it is not said. */
  readonly awsClients: AwsClients | undefined;
}

export function createCallDynamoDb(options: ClientsOptions): CallDynamoDb {
  if (options.awsClients !== 'sdk') return callDirectly(options);
  const loading = import('./sdk/dynamodb.ts').then(({ callBySdk }) => callBySdk());
  return async (operation, input) => (await loading)(operation, input);
}

export function createSignMessage(options: ClientsOptions): SignMessage {
  if (options.awsClients !== 'sdk') return signDirectly(options);
  const loading = import('./sdk/kms.ts').then(({ signBySdk }) => signBySdk());
  return async (...message) => (await loading)(...message);
}
