// Credentials to write role policies with: the function's own in its own account, those of an assumed role in another.
import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import { parseRoleArn } from '../policy/role-arn.ts';
import { revocationsRoleIn } from '../policy/session-revocation.ts';
import type { AwsKeys } from './sigv4.ts';

export interface OwnAccount {
  readonly accountId: string;
  readonly keys: () => AwsKeys;
}

/** Finds the keys for the account of a role's ARN. @throws the SDK's error when that account does not let us in */
export function createAccountKeys(client: STSClient, own: OwnAccount): (arn: string) => Promise<AwsKeys> {
  return async (arn) =>
    parseRoleArn(arn)?.accountId === own.accountId ? own.keys() : assumed(client, revocationsRoleIn(arn));
}

async function assumed(client: STSClient, role: string): Promise<AwsKeys> {
  const command = new AssumeRoleCommand({ RoleArn: role, RoleSessionName: 'cambio-revocations', DurationSeconds: 900 });
  const { AccessKeyId, SecretAccessKey, SessionToken } = (await client.send(command)).Credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken) throw new Error('STS answered no credentials');
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}
