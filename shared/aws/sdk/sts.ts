// STS by the client of the AWS SDK.
import { AssumeRoleCommand, AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { CallSts } from '../assume-role.ts';
import { clientOptions } from '../client-options.ts';

export function stsBySdk(client: STSClient = new STSClient(clientOptions)): CallSts {
  return {
    assumeRole: (request) => client.send(new AssumeRoleCommand(request)),
    assumeRoleWithWebIdentity: (request) => client.send(new AssumeRoleWithWebIdentityCommand(request)),
  };
}
