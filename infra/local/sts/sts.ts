// An AWS STS on loopback: AssumeRole, AssumeRoleWithWebIdentity, GetWebIdentityToken and GetCallerIdentity, at least as strict as AWS. I/O: one
// socket, and the keys of OIDC providers.

import model from '../models/sts.json' with { type: 'json' };
import { AwsError, suffer } from '../protocol/aws-error.ts';
import type { EmulatorOptions, PrincipalOf } from '../protocol/calls.ts';
import { type HttpService, type ServiceRequest, type ServiceResponse, serveHttp } from '../protocol/http-service.ts';
import {
  inputFromParameters,
  parseQueryRequest,
  queryAnswer,
  queryError,
  sts,
  unknownAction,
} from '../protocol/query-protocol.ts';
import { constraintMessage, inputFaults } from '../protocol/service-model.ts';
import { findCaller, type Unauthenticated } from '../protocol/sigv4-caller.ts';
import type { Xml } from '../protocol/xml.ts';
import { type AssumableRole, type AssumeRoleInput, assumeRole, type StsCaller } from './assume-role.ts';
import { stsCalls } from './calls.ts';
import { getWebIdentityToken, type IdentityInput, type SignIdentity } from './outbound-identity.ts';
import { checkSessionToken, openSessions, type Sessions, splitArn, userIdOf } from './sessions.ts';
import {
  assumeRoleWithWebIdentity,
  isWebIdentityRequest,
  type OidcProvider,
  type WebIdentityInput,
  webIdentityCall,
} from './web-identity.ts';

export interface StsOptions extends EmulatorOptions {
  /** The roles that exist; read at every call, so the owner may change the list. */
  readonly roles?: readonly AssumableRole[] | undefined;
  /** The OIDC providers that exist; read at every call too. */
  readonly oidcProviders?: readonly OidcProvider[] | undefined;
  /** The account's outbound identity federation. */
  readonly signIdentity?: SignIdentity | undefined;
}

export interface Sts extends HttpService {
  /** Whom the options know, and the holders of credentials issued here. */
  readonly principalOf: PrincipalOf;
}

const maxBodyBytes = 256 * 1024;

/**
 * Starts the STS of one region. Credentials scoped to us-east-1 are accepted too, as at the global endpoint.
 * @throws Error when the port is taken
 */
export async function startSts(options: StsOptions): Promise<Sts> {
  const sessions = openSessions(options.principalOf);
  const service = await serveHttp(options.port ?? 0, maxBodyBytes, async (request) => {
    try {
      return await answer(options, sessions, request);
    } catch (error) {
      return queryError(sts, error);
    }
  });
  return { ...service, principalOf: sessions.principalOf };
}

async function answer(options: StsOptions, sessions: Sessions, http: ServiceRequest): Promise<ServiceResponse> {
  const at = (options.clock ?? Date.now)();
  // A web identity is presented without a signature: the token is the caller.
  if (isWebIdentityRequest(http)) return answerWebIdentity(options, sessions, http, at);
  const caller = authenticated(options, sessions, http, at);
  const request = parseQueryRequest(sts, http);
  const input = inputFromParameters(model, request);
  const calls = stsCalls({ caller, request, input, at });
  calls.forEach(options.record);
  await suffer(options.fault, calls);
  if (!Object.hasOwn(model.operations, request.action)) throw unknownAction(request.action, sts.version);
  checkInput(request.action, input);
  if (request.action === 'GetCallerIdentity') return queryAnswer(sts, request.action, callerIdentity(caller));
  if (request.action === 'GetWebIdentityToken') {
    const identity = { principal: caller.principal, region: options.region, sign: options.signIdentity, at };
    return queryAnswer(sts, request.action, await getWebIdentityToken(identity, input as IdentityInput));
  }
  const world = { caller, roles: options.roles ?? [], sessions, at };
  return queryAnswer(sts, request.action, assumeRole(world, input as AssumeRoleInput));
}

async function answerWebIdentity(
  options: StsOptions,
  sessions: Sessions,
  http: ServiceRequest,
  at: number,
): Promise<ServiceResponse> {
  const request = parseQueryRequest(sts, http);
  const input = inputFromParameters(model, request);
  const call = webIdentityCall(request, at);
  options.record(call);
  await suffer(options.fault, [call]);
  checkInput(request.action, input);
  const { roles = [], oidcProviders = [] } = options;
  const world = { roles, oidcProviders, sessions, at };
  return queryAnswer(sts, request.action, await assumeRoleWithWebIdentity(world, input as WebIdentityInput));
}

const refusals: Readonly<Record<Unauthenticated, readonly [code: string, status: number]>> = {
  'missing-token': ['MissingAuthenticationToken', 403],
  'incomplete-signature': ['IncompleteSignature', 400],
  'wrong-scope': ['SignatureDoesNotMatch', 403],
  'unknown-key': ['InvalidClientTokenId', 403],
};

function authenticated(options: StsOptions, sessions: Sessions, { headers }: ServiceRequest, at: number): StsCaller {
  const { principalOf } = sessions;
  const caller = findCaller(headers, { service: 'sts', regions: [options.region, 'us-east-1'], principalOf });
  if ('reason' in caller) {
    const [code, status] = refusals[caller.reason];
    throw new AwsError(code, caller.message, status);
  }
  const session = sessions.find(caller.accessKeyId);
  if (session !== undefined) checkSessionToken(session, headers, at);
  return { principal: caller.principal, session };
}

function checkInput(action: string, input: object): void {
  const { types, constraints } = inputFaults(model, action, input);
  if (types.length > 0) throw new AwsError('MalformedInput', types.join('; '));
  if (constraints.length > 0) throw new AwsError('ValidationError', constraintMessage(constraints));
}

function callerIdentity({ principal, session }: StsCaller): Xml {
  const [, , , account = ''] = splitArn(principal);
  return { UserId: session?.assumedRoleId ?? userIdOf(principal), Account: account, Arn: principal };
}
