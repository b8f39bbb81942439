// Which way the functions call AWS: signed by hand on the hot path, or by the SDK's clients, which are loaded only then. What
// is imported here by `import()` lies in files of its own beside a bundle, see infra/bundle.ts.
import type { AwsClients } from '../config.ts';
import { callDirectly } from './direct/dynamodb.ts';
import type { DirectOptions } from './direct/json-service.ts';
import { signDirectly } from './direct/kms.ts';
import type { CallDynamoDb } from './dynamodb.ts';
import type { SignMessage } from './kms.ts';
import type { CallSts } from './sts.ts';

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

/** By the SDK always. Its client is loaded at once where the policy has roles, that the first session need not wait for it. */
export function createCallSts(hasRoles: boolean): CallSts {
  const load = () => import('./sdk/sts.ts').then(({ stsBySdk }) => stsBySdk());
  let loading = hasRoles ? load() : undefined;
  const loaded = (): Promise<CallSts> => {
    loading ??= load();
    return loading;
  };
  return {
    assumeRole: async (request) => (await loaded()).assumeRole(request),
    assumeRoleWithWebIdentity: async (request) => (await loaded()).assumeRoleWithWebIdentity(request),
  };
}
