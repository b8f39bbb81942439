// The keys of a function's own role, as Lambda puts them into its environment. Pure.
import type { AwsKeys } from '../sigv4.ts';

/** @throws Error when they are not there */
export function keysFrom(environment: Readonly<Record<string, string | undefined>>): AwsKeys {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  if (!accessKeyId || !secretAccessKey) throw new Error('the environment has no AWS keys');
  return { accessKeyId, secretAccessKey, sessionToken: environment['AWS_SESSION_TOKEN'] };
}
