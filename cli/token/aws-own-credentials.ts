// The AWS credentials this process already has: its variables, else those of its ECS task or EKS pod. Network, for the latter.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html

import type { Environment } from '../environment.ts';
import { fetchWithRetries } from '../fetch.ts';
import type { Machine } from '../machine.ts';
import { hostOf } from '../proxy.ts';
import { readText } from '../read-text.ts';
import { isLocal } from '../server.ts';
import { type Credentials, credentialsFrom } from '../sigv4.ts';
import { UsageError } from '../usage.ts';

/** Where ECS and EKS Pod Identity listen; plain http goes nowhere else but to loopback. */
const ofAws = ['169.254.170.2', '169.254.170.23', 'fd00:ec2::23'];

/** @throws UsageError when there are none, CallFailed when they cannot be had */
export async function ownCredentials(machine: Machine): Promise<Credentials> {
  const { environment } = machine;
  const url = environment['AWS_ACCESS_KEY_ID'] ? undefined : containerUrl(environment);
  if (!url) return credentialsFrom(environment);
  const token = containerToken(environment);
  const { json } = await fetchWithRetries(
    { url, headers: token === undefined ? {} : { authorization: token } },
    machine,
  );
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken } = json;
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string' || typeof sessionToken !== 'string') {
    throw new UsageError('the container’s credential provider answered without credentials');
  }
  return { accessKeyId, secretAccessKey, sessionToken };
}

function containerUrl(environment: Environment): URL | undefined {
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path, AWS_CONTAINER_CREDENTIALS_FULL_URI: full } = environment;
  const text = path ? `http://169.254.170.2${path}` : full;
  if (!text) return undefined;
  if (!URL.canParse(text)) throw new UsageError('AWS_CONTAINER_CREDENTIALS_FULL_URI is no URL');
  const url = new URL(text);
  if (url.protocol === 'https:' || isLocal(url) || ofAws.includes(hostOf(url))) return url;
  throw new UsageError('AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, on loopback, or of AWS');
}

function containerToken(environment: Environment): string | undefined {
  const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = environment;
  return file ? readText(file).trim() : token || undefined;
}
