// AssumeRoleWithWebIdentity: a token of an OIDC provider instead of a signature, its tags inside. I/O: fetches the
// provider's discovery document and keys.

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import model from '../models/sts.json' with { type: 'json' };
import { AwsError } from '../protocol/aws-error.ts';
import type { RecordedCall } from '../protocol/calls.ts';
import type { ServiceRequest } from '../protocol/http-service.ts';
import type { QueryRequest } from '../protocol/query-protocol.ts';
import { inputFaults } from '../protocol/service-model.ts';
import type { Xml } from '../protocol/xml.ts';
import { type AssumableRole, openSession, type StsAction, withinMaximum } from './assume-role.ts';
import type { PolicyInput } from './session-policy.ts';
import { type Sessions, splitRoleArn } from './sessions.ts';

/** An OIDC provider that is registered with IAM; loopback may be plain http. */
export interface OidcProvider {
  readonly url: string;
  readonly audiences: readonly string[];
}

export interface WebIdentityInput extends PolicyInput {
  readonly RoleSessionName: string;
  readonly WebIdentityToken: string;
  readonly DurationSeconds?: number;
  readonly ProviderId?: string;
}

export interface WebIdentityWorld {
  readonly roles: readonly AssumableRole[];
  readonly oidcProviders: readonly OidcProvider[];
  readonly sessions: Sessions;
  /** Milliseconds. */
  readonly at: number;
}

const action = 'AssumeRoleWithWebIdentity';
const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];
const tagsClaim = 'https://aws.amazon.com/tags';
const identityClaim = 'https://aws.amazon.com/source_identity';
const keysTimeoutMs = 5_000;

export function isWebIdentityRequest({ body }: ServiceRequest): boolean {
  return new URLSearchParams(body.toString()).get('Action') === action;
}

/** The call as IAM sees it: the caller is nobody of an account. */
export function webIdentityCall({ parameters }: QueryRequest, at: number): RecordedCall {
  const resource = parameters.get('RoleArn') ?? '*';
  const context = { 'sts:RoleSessionName': parameters.get('RoleSessionName') ?? '' };
  return { at, service: 'sts', principal: 'web-identity', action: `sts:${action}`, resource, context };
}

/** @throws AwsError InvalidIdentityToken, ExpiredTokenException, AccessDenied, and as AssumeRole */
export async function assumeRoleWithWebIdentity(world: WebIdentityWorld, input: WebIdentityInput): Promise<Xml> {
  if (splitRoleArn(input.RoleArn) === undefined) throw new AwsError('ValidationError', 'Request ARN is invalid');
  const claims = await verifiedClaims(input.WebIdentityToken, world);
  const session = { ...input, ...tagsOf(claims), ...identityOf(claims) };
  checkTagged(session);
  const role = trustingRole(world, input.RoleArn, claims, session);
  const seconds = withinMaximum(role, input.DurationSeconds);
  const result = openSession(world, session, { role, seconds, caller: undefined }) as Readonly<Record<string, Xml>>;
  return {
    ...result,
    SubjectFromWebIdentityToken: String(claims.sub),
    Audience: String(claims.aud),
    Provider: String(claims.iss),
  };
}

async function verifiedClaims(token: string, { oidcProviders, at }: WebIdentityWorld): Promise<JWTPayload> {
  const provider = oidcProviders.find(({ url }) => url === issuerOf(token));
  if (provider === undefined) throw invalidToken('No OpenIDConnect provider found in your account for the issuer');
  const keys = await keysOf(provider);
  const expected = {
    issuer: provider.url,
    audience: [...provider.audiences],
    algorithms,
    requiredClaims: ['sub', 'iat', 'exp'],
  };
  try {
    return (await jwtVerify(token, keys, { ...expected, currentDate: new Date(at) })).payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new AwsError('ExpiredTokenException', 'Token expired');
    throw invalidToken(error instanceof errors.JOSEError ? error.code : 'The ID token is invalid');
  }
}

function issuerOf(token: string): unknown {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return typeof claims === 'object' && claims !== null && 'iss' in claims ? claims.iss : undefined;
  } catch {
    throw invalidToken('The ID Token provided is not a valid JWT');
  }
}

async function keysOf({ url }: OidcProvider): Promise<ReturnType<typeof createLocalJWKSet>> {
  const get = async (from: string): Promise<Record<string, unknown>> => {
    const response = await fetch(from, { signal: AbortSignal.timeout(keysTimeoutMs), redirect: 'error' });
    return (await response.json()) as Record<string, unknown>;
  };
  try {
    const { issuer, jwks_uri } = await get(`${url}/.well-known/openid-configuration`);
    if (issuer !== url) throw new Error('issuer');
    return createLocalJWKSet((await get(String(jwks_uri))) as unknown as JSONWebKeySet);
  } catch {
    throw new AwsError('IDPCommunicationError', "Couldn't retrieve verification key from your identity provider");
  }
}

function tagsOf(claims: JWTPayload): Pick<PolicyInput, 'Tags' | 'TransitiveTagKeys'> {
  if (claims[tagsClaim] === undefined) return {};
  const { principal_tags: tags = {}, transitive_tag_keys: transitive = [] } = claims[tagsClaim] as {
    readonly principal_tags?: Readonly<Record<string, readonly string[]>>;
    readonly transitive_tag_keys?: readonly string[];
  };
  const pairs = Object.entries(tags);
  if (!pairs.every(([, values]) => values.length === 1)) throw invalidToken('A principal tag has exactly one value');
  return { Tags: pairs.map(([Key, [Value = '']]) => ({ Key, Value })), TransitiveTagKeys: transitive };
}

function identityOf(claims: JWTPayload): { readonly SourceIdentity?: string } {
  const identity = claims[identityClaim];
  return typeof identity === 'string' ? { SourceIdentity: identity } : {};
}

/** What a token brings has the limits of what a request brings. */
function checkTagged({ RoleArn, RoleSessionName, Tags, TransitiveTagKeys, SourceIdentity }: Tagged): void {
  const brought = { RoleArn, RoleSessionName, Tags, TransitiveTagKeys, SourceIdentity };
  const given = Object.fromEntries(Object.entries(brought).filter(([, value]) => value !== undefined));
  const { types, constraints } = inputFaults(model, 'AssumeRole', given);
  if (types.length + constraints.length > 0) throw invalidToken([...types, ...constraints].join('; '));
}

type Tagged = WebIdentityInput & { readonly SourceIdentity?: string };

function trustingRole(
  { roles }: WebIdentityWorld,
  arn: string,
  { iss, sub }: JWTPayload,
  session: { readonly Tags?: readonly unknown[]; readonly SourceIdentity?: string },
): AssumableRole {
  const role = roles.find((each) => each.arn === arn);
  const needed: readonly StsAction[] = [
    'sts:AssumeRoleWithWebIdentity',
    ...((session.Tags ?? []).length > 0 ? (['sts:TagSession'] as const) : []),
    ...(session.SourceIdentity === undefined ? [] : (['sts:SetSourceIdentity'] as const)),
  ];
  const trusts = role?.federation?.issuer === iss && role?.federation?.subject === sub;
  const refused = needed.find((one) => !(role?.allows ?? needed).includes(one));
  if (role && trusts && refused === undefined) return role;
  throw new AwsError('AccessDenied', `Not authorized to perform ${refused ?? `sts:${action}`}`, 403);
}

function invalidToken(message: string): AwsError {
  return new AwsError('InvalidIdentityToken', message);
}
