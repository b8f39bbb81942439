// The AWS SDKs' container credential provider as a token exchange: a role and a bearer token in, and what its refusals mean
// to an SDK. Pure.
import type { CompiledPolicy, Role } from '../../policy/compiled-policy.ts';
import { type Denial, Refused } from '../denial.ts';
import { parseJwt, TokenRefused } from '../jose/jwt.ts';
import { oauthError } from '../oauth-error.ts';
import type { TokenCall } from '../request/client-credentials.ts';
import { tokenExchangeGrant, tokenTypes } from '../token-types.ts';

export interface CredentialsRequest {
  /** Values of the query parameter `role`: the name or the ARN of one role. */
  readonly roles: readonly string[];
  /** The whole header: SDKs send what their user gave them, with or without a scheme. */
  readonly authorization: string | undefined;
  readonly dpop: string | undefined;
}

/**
 * The exchange that a request asks for. The caller is its subject token's bearer and nobody else.
 * @throws Refused `parameter`
 */
export function credentialsCall(
  { roles, authorization, dpop }: CredentialsRequest,
  policy: Pick<CompiledPolicy, 'issuers'>,
): TokenCall {
  const [role] = roles;
  if (!role) throw new Refused({ kind: 'parameter', parameter: 'role', problem: 'missing' });
  if (roles.length > 1) throw new Refused({ kind: 'parameter', parameter: 'role', problem: 'repeated' });
  const token = authorization?.replace(/^(?:bearer|dpop) +/i, '').trim();
  if (!token) throw new Refused({ kind: 'parameter', parameter: 'subject_token', problem: 'missing' });
  const parameters = {
    grant_type: tokenExchangeGrant,
    subject_token: token,
    subject_token_type: declaredType(token, policy),
    requested_token_type: tokenTypes.awsCredentials,
    [role.startsWith('arn:') ? 'resource' : 'audience']: role,
  };
  const form = new Map(Object.entries(parameters).map(([name, value]) => [name, [value]]));
  return { form, headers: { authorization: undefined, dpop }, endpoint: { method: 'GET', path: '/credentials' } };
}

/** A bearer does not say what kind of token it is: it is of a kind that its issuer has. */
function declaredType(token: string, { issuers }: Pick<CompiledPolicy, 'issuers'>): string {
  const others = Object.values(issuers).filter(({ tokenTypes: types }) => !types.includes(tokenTypes.jwt));
  if (others.length === 0) return tokenTypes.jwt;
  const iss = issuerOf(token);
  return others.find(({ url }) => url === iss)?.tokenTypes[0] ?? tokenTypes.jwt;
}

function issuerOf(token: string): unknown {
  try {
    return parseJwt(token).claims['iss'];
  } catch (error) {
    if (error instanceof TokenRefused) return undefined;
    throw error;
  }
}

/** The role that a request names, for the answer of one that was granted. */
export function namedRole(nameOrArn: string, { roles }: Pick<CompiledPolicy, 'roles'>): Role | undefined {
  return Object.values(roles).find(({ name, arn }) => name === nameOrArn || arn === nameOrArn);
}

export interface CredentialsError {
  readonly status: number;
  /** The `error` of the decision, as `/token` would have answered it. */
  readonly code: string;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** 400 for a request without role, 401 for a token that is not acceptable, 403 for a role that is not to be had. */
export function credentialsError(denial: Denial): CredentialsError {
  const { status, error: code, headers } = oauthError(denial);
  if (status !== 400 && status !== 401) return { status, code, message: 'try again later', headers };
  if (denial.kind === 'parameter' && denial.parameter === 'role') {
    return { status: 400, code, message: `role is ${denial.problem}`, headers };
  }
  const isTarget = ['invalid_target', 'invalid_scope'].includes(code) || denial.kind === 'token_type';
  if (isTarget) return { status: 403, code, message: 'the role is not available to this subject', headers };
  const message = 'the token is missing or not acceptable';
  // RFC 9449 §9: who proves a key is told the nonce to use in the challenge's own scheme.
  const challenge = denial.kind === 'dpop_nonce' ? `DPoP error="${code}"` : 'Bearer';
  return { status: 401, code, message, headers: { ...headers, 'WWW-Authenticate': challenge } };
}
