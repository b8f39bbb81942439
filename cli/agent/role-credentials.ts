// AWS credentials of roles for the SDKs: kept, renewed in time, and each time with a fresh token. Network, through the
// exchange.

import { type AwsCredentials, fetchForRole } from '../aws/credentials.ts';
import type { RetryLimits } from '../fetch.ts';
import type { FoundToken } from '../token/found-token.ts';
import { type AnswerCache, type CacheOptions, createAnswerCache } from './answer-cache.ts';
import { type Broker, timeoutMs } from './broker.ts';
import { endOf, keyOf } from './token-keeper.ts';

interface WantedRole {
  /** Name in the policy, or ARN. */
  readonly role: string;
  /** Undefined for the workload's own. */
  readonly subject?: FoundToken | undefined;
}

export type CredentialsFor = (wanted: WantedRole, limits?: RetryLimits) => Promise<AwsCredentials>;

export function credentialsKeeper(
  { server, client, findToken, prover, machine }: Broker,
  options: CacheOptions,
): { readonly credentialsFor: CredentialsFor; readonly cache: AnswerCache<AwsCredentials> } {
  const cache = createAnswerCache<AwsCredentials>(options, machine);
  const credentialsFor: CredentialsFor = async ({ role, subject }, limits = { attempts: 1 }) => {
    const { value } = await cache.get(keyOf({ subject, form: { role } }, prover), async () => {
      const presented = subject ?? (await findToken());
      const request = { role, subject: presented, client, prover, limits, timeoutMs };
      const value = await fetchForRole(request, server, machine);
      return { value, expiresAt: Math.min(Date.parse(value.expiration), endOf(subject)) };
    });
    return value;
  };
  return { credentialsFor, cache };
}
