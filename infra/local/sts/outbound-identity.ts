// GetWebIdentityToken: tokens of the account's own identities, signed by the stand-in of its issuer. Pure but for the signer.
import { AwsError } from '../protocol/aws-error.ts';
import type { Xml } from '../protocol/xml.ts';
import { splitArn } from './sessions.ts';

/** Signs claims as the account's issuer does; undefined where the account has no outbound identity federation. */
export type SignIdentity = (claims: Readonly<Record<string, unknown>>) => Promise<string | undefined>;

export interface IdentityInput {
  readonly Audience: readonly string[];
  readonly SigningAlgorithm: 'RS256' | 'ES384';
  readonly DurationSeconds?: number;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

export interface IdentityWorld {
  /** ARN of the caller. */
  readonly principal: string;
  readonly region: string;
  readonly sign: SignIdentity | undefined;
  /** Milliseconds. */
  readonly at: number;
}

/** A session's subject is its role. */
function identityOf(principal: string): string {
  return principal.replace(/^(arn:[\w-]+):sts::(\d+):assumed-role\/([^/]+)\/.*$/, '$1:iam::$2:role/$3');
}

const namespace = 'https://sts.amazonaws.com/';

/** @throws AwsError */
export async function getWebIdentityToken(world: IdentityWorld, input: IdentityInput): Promise<Xml> {
  const { principal, region, sign, at } = world;
  const { Audience, SigningAlgorithm, DurationSeconds = 300, Tags = [] } = input;
  // AWS signs with either; the stand-in has one key.
  if (SigningAlgorithm !== 'RS256') throw new AwsError('ValidationError', 'The local STS signs with RS256 alone');
  const iat = Math.floor(at / 1_000);
  const [, , , account = ''] = splitArn(principal);
  const token = await sign?.({
    aud: Audience.length === 1 ? Audience[0] : Audience,
    sub: identityOf(principal),
    iat,
    exp: iat + DurationSeconds,
    [namespace]: {
      aws_account: account,
      source_region: region,
      ...(Tags.length > 0 && { request_tags: Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])) }),
    },
  });
  if (token === undefined) {
    const why =
      'Outbound web identity federation is not enabled in this account: the policy has no issuer of profile aws';
    throw new AwsError('OutboundWebIdentityFederationDisabledException', why, 403);
  }
  return { WebIdentityToken: token, Expiration: new Date((iat + DurationSeconds) * 1_000).toISOString() };
}
