// AWS credentials of roles for the SDKs' container provider: kept, renewed in time, and each time with a fresh token.

import { type AwsCredentials, fetchForRole } from '../aws-credentials.ts';
import type { RetryLimits } from '../fetch.ts';
import { type AnswerCache, type CacheOptions, createAnswerCache } from './answer-cache.ts';
import { type Broker, timeoutMs } from './broker.ts';

export type CredentialsFor = (role: string, limits?: RetryLimits) => Promise<AwsCredentials>;

export function credentialsKeeper(
  { server, client, findToken, machine }: Broker,
  options: CacheOptions,
): { readonly credentialsFor: CredentialsFor; readonly cache: AnswerCache<AwsCredentials> } {
  const cache = createAnswerCache<AwsCredentials>(options, machine);
  const credentialsFor: CredentialsFor = async (role, limits = { attempts: 1 }) => {
    const { value } = await cache.get(role, async () => {
      const subject = await findToken();
      const value = await fetchForRole({ role, subject, client, limits, timeoutMs }, server, machine);
      return { value, expiresAt: Date.parse(value.expiration) };
    });
    return value;
  };
  return { credentialsFor, cache };
}
