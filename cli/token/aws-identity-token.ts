// A token of the AWS identity a process already has: STS GetWebIdentityToken, signed with SigV4. Network.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html

import { CallFailed, type FailureFacts } from '../call-failed.ts';
import type { Environment } from '../environment.ts';
import { fetchWithRetries } from '../fetch.ts';
import { printable } from '../printable.ts';
import { assertPrivate } from '../server.ts';
import { signRequest } from '../sigv4.ts';
import { UsageError } from '../usage.ts';
import { elementOf } from '../xml-element.ts';
import { ownCredentials } from './aws-own-credentials.ts';
import type { FoundToken, Search } from './found-token.ts';

/** @throws CallFailed, UsageError without credentials or region */
export async function awsIdentityToken({ audience, machine }: Search): Promise<FoundToken> {
  const { environment } = machine;
  const region = environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'];
  // The global endpoint does not have the action.
  if (!region || !/^[a-z0-9-]+$/.test(region)) throw new UsageError('--from aws needs AWS_REGION');
  const url = endpointOf(region, environment);
  const credentials = await ownCredentials(machine);
  const body = new URLSearchParams({
    Action: 'GetWebIdentityToken',
    Version: '2011-06-15',
    'Audience.member.1': await audience(),
    SigningAlgorithm: 'ES384',
    DurationSeconds: '300',
  }).toString();
  const type = 'application/x-www-form-urlencoded; charset=utf-8';
  const date = new Date(machine.clock());
  const signed = { method: 'POST', url, service: 'sts', region, credentials, date, body } as const;
  const headers = { ...signRequest(signed), 'content-type': type, accept: 'text/xml' };
  const { text } = await fetchWithRetries({ method: 'POST', url, headers, body }, machine).catch((error) =>
    explain(error),
  );
  const token = elementOf(text, 'WebIdentityToken');
  if (!token) throw new UsageError('AWS STS answered without a WebIdentityToken');
  return { token, from: 'AWS STS' };
}

function endpointOf(region: string, environment: Environment): URL {
  const named = environment['AWS_ENDPOINT_URL_STS'] || environment['AWS_ENDPOINT_URL'];
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const text = named ?? `https://sts.${region}.${domain}/`;
  if (!URL.canParse(text)) throw new UsageError('AWS_ENDPOINT_URL_STS is no URL');
  const url = new URL(text);
  assertPrivate(url, 'the endpoint of AWS STS');
  return url;
}

function explain(error: unknown): never {
  if (!(error instanceof CallFailed)) throw error;
  const check = 'check:    sts:GetWebIdentityToken is allowed, and outbound identity federation is on in the account';
  throw new CallFailed(error.facts satisfies FailureFacts, [`from:     ${printable('AWS STS')}`, check]);
}
