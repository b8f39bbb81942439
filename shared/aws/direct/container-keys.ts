// Keys of a role as the container provider gives them (SnapStart, ECS, EKS): loaded where the environment has none. Network: one
// HTTP request to the provider.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
import { readFile } from 'node:fs/promises';
import type { AwsKeys } from '../sigv4.ts';
import type { Environment } from './endpoint.ts';
import { getText } from './get-text.ts';

export interface ExpiringKeys extends AwsKeys {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** @throws Error when the provider gives none */
export async function askForKeys(url: URL, environment: Environment): Promise<ExpiringKeys> {
  return keysIn(await getText(url, await authorization(environment)));
}

/** Read each time: the file is written anew before its token expires. */
async function authorization(environment: Environment): Promise<string | undefined> {
  const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = environment;
  return file ? (await readFile(file, 'utf8')).trim() : token || undefined;
}

function keysIn(text: string): ExpiringKeys {
  const answer: unknown = JSON.parse(text);
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = Object(answer) as Readonly<Record<string, unknown>>;
  const expiresAt = Date.parse(String(Expiration));
  if (![AccessKeyId, SecretAccessKey, Token].every((part) => typeof part === 'string') || Number.isNaN(expiresAt)) {
    throw new Error('the container provider answered no keys');
  }
  const [accessKeyId, secretAccessKey, sessionToken] = [String(AccessKeyId), String(SecretAccessKey), String(Token)];
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt };
}
