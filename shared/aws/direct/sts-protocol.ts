// The Query protocol of AWS, as STS speaks it: a form there and XML back. Pure.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
import type { AssumeRoleWithWebIdentityResponse } from '@aws-sdk/client-sts';
import { elementIn } from '../xml-element.ts';
import type { Answer } from './answer.ts';
import type { Fault } from './aws-error.ts';
import type { ServiceProtocol } from './service.ts';

const headers = { 'content-type': 'application/x-www-form-urlencoded' };

export const stsProtocol: ServiceProtocol = {
  name: 'sts',
  maxBytes: 64 * 1024,
  write: (operation, input) => ({
    headers,
    body: new URLSearchParams([
      ['Action', operation],
      ['Version', '2011-06-15'],
      ...Object.entries(input).flatMap(([name, value]) => parameters(name, value)),
    ]).toString(),
    // The web identity is the proof: we need no right to present it.
    isUnsigned: operation === 'AssumeRoleWithWebIdentity',
  }),
  read: sessionIn,
  faultIn,
};

/** Of a list `Tags.member.1`, and of an object in it `Tags.member.1.Key`. */
function parameters(name: string, value: unknown): [name: string, value: string][] {
  if (Array.isArray(value)) return value.flatMap((item, index) => parameters(`${name}.member.${index + 1}`, item));
  if (typeof value !== 'object' || value === null) return [[name, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => parameters(`${name}.${key}`, inner));
}

function sessionIn(xml: string): AssumeRoleWithWebIdentityResponse {
  const size = elementIn(xml, 'PackedPolicySize');
  const expiration = Date.parse(elementIn(xml, 'Expiration') ?? '');
  return {
    Credentials: {
      AccessKeyId: elementIn(xml, 'AccessKeyId'),
      SecretAccessKey: elementIn(xml, 'SecretAccessKey'),
      SessionToken: elementIn(xml, 'SessionToken'),
      Expiration: Number.isNaN(expiration) ? undefined : new Date(expiration),
    },
    ...(size !== undefined && { PackedPolicySize: Number(size) }),
  };
}

/** Where the answer is not of STS itself, its name is the status. */
function faultIn({ status, body }: Answer): Fault {
  const xml = body.toString('utf8');
  const name = /^\w{1,100}$/.exec(elementIn(xml, 'Code') ?? '')?.[0] ?? `Status${status}`;
  return { name, message: (elementIn(xml, 'Message') ?? `status ${status}`).slice(0, 300) };
}
