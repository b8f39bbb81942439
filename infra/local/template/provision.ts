// What making the template's tables and keys needs. Pure types and the credentials of whoever deploys.
import { accountId, type Physical, region } from './deployment.ts';
import type { StackState } from './stack-state.ts';
import type { StackTemplate } from './stack-template.ts';

export interface Provisioning {
  readonly template: StackTemplate;
  readonly resolve: (value: unknown) => unknown;
  readonly state: StackState;
  /** What exists, by logical id; filled here. */
  readonly created: Map<string, Physical>;
}

/** Configuration of an AWS SDK client. */
export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** The stack itself signs with this key: the emulators take it for the role that deploys. */
export const deployer = {
  accessKeyId: 'AKIALOCALSTACKDEPLOY',
  secretAccessKey: 'local-stack-secret-access-key',
  arn: `arn:aws:iam::${accountId}:role/cambio-local-deploy`,
} as const;

export function deployerClient(endpoint: string): ClientConfig {
  const { accessKeyId, secretAccessKey } = deployer;
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
}
