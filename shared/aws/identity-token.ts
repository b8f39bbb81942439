// A token of the function's own identity: STS GetWebIdentityToken, of the account's outbound identity federation.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html
import { type Environment, endpointOf } from './direct/endpoint.ts';
import { sendSigned } from './signed-post.ts';
import type { AwsKeys } from './sigv4.ts';
import { elementIn } from './xml-element.ts';

export interface IdentityTokenOptions {
  /** `aud` of the token. */
  readonly audience: string;
  /** Where STS is: never the global endpoint, which does not have the action. */
  readonly environment: Environment;
  readonly keys: () => AwsKeys;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

const timeoutMs = 5_000;

/**
 * A function that gets a fresh token, which throws an Error named as STS names what is wrong.
 * @throws Error when the environment names no region
 */
export function createIdentityToken({ audience, environment, keys, clock }: IdentityTokenOptions) {
  const { url, region } = endpointOf('sts', environment);
  const body = new URLSearchParams({
    Action: 'GetWebIdentityToken',
    Version: '2011-06-15',
    'Audience.member.1': audience,
    // What every issuer's default takes.
    SigningAlgorithm: 'RS256',
    DurationSeconds: '300',
  }).toString();
  return async (): Promise<string> => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const post = { url, region, service: 'sts', keys: keys(), headers, body, timeoutMs, now: new Date(clock()) };
    const answer = await sendSigned(post);
    const token = wordIn(answer.body, 'WebIdentityToken');
    if (answer.status === 200 && token !== undefined) return token;
    throw named(new Error(`STS answered ${answer.status}`), wordIn(answer.body, 'Code'));
  };
}

/** A token and a code have no other characters. */
function wordIn(xml: string, name: string): string | undefined {
  return /^[\w.-]+$/.exec(elementIn(xml, name) ?? '')?.[0];
}

function named(error: Error, code: string | undefined): Error {
  if (code !== undefined && code.length <= 100) error.name = code;
  return error;
}
