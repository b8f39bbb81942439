// An AWS IAM on loopback, as far as inline policies of roles go: PutRolePolicy, GetRolePolicy, DeleteRolePolicy, at least as
// strict as AWS. Who may call is not enforced but recorded. I/O: one socket.

import model from '../models/iam.json' with { type: 'json' };
import { AwsError, suffer } from '../protocol/aws-error.ts';
import type { EmulatorOptions, RecordedCall } from '../protocol/calls.ts';
import { type HttpService, type ServiceRequest, type ServiceResponse, serveHttp } from '../protocol/http-service.ts';
import {
  iam,
  inputFromParameters,
  parseQueryRequest,
  queryAnswer,
  queryError,
  unknownAction,
} from '../protocol/query-protocol.ts';
import { constraintMessage, inputFaults } from '../protocol/service-model.ts';
import { findCaller, type Unauthenticated } from '../protocol/sigv4-caller.ts';
import { type IamRole, type InlinePolicies, openInlinePolicies, type RolePolicyInput } from './iam-policies.ts';
import { splitArn } from './sessions.ts';

export interface IamOptions extends EmulatorOptions {
  /** The roles that exist; read at every call, so the owner may change the list. */
  readonly roles: readonly IamRole[];
}

export interface Iam extends HttpService {
  /** Inline policies of a role, by name. */
  readonly policiesOf: InlinePolicies['of'];
}

const maxBodyBytes = 512 * 1024;

/** Starts the IAM of the partition: one endpoint, signed for in us-east-1. @throws Error when the port is taken */
export async function startIam(options: IamOptions): Promise<Iam> {
  const policies = openInlinePolicies();
  const service = await serveHttp(options.port ?? 0, maxBodyBytes, async (request) => {
    try {
      return await answer(options, policies, request);
    } catch (error) {
      return queryError(iam, error);
    }
  });
  return { ...service, policiesOf: policies.of };
}

async function answer(options: IamOptions, policies: InlinePolicies, http: ServiceRequest): Promise<ServiceResponse> {
  const principal = authenticated(options, http);
  const request = parseQueryRequest(iam, http);
  const { action } = request;
  const role = roleIn(principal, request.parameters.get('RoleName'), options.roles);
  const call = callOf({ options, principal, action, role });
  options.record(call);
  await suffer(options.fault, [call]);
  const input = inputFromParameters(model, request);
  if (!Object.hasOwn(model.operations, action)) throw unknownAction(action, iam.version);
  const { types, constraints } = inputFaults(model, action, input);
  const faults = [...types, ...constraints];
  if (faults.length > 0) throw new AwsError('ValidationError', constraintMessage(faults));
  const { RoleName } = input as RolePolicyInput;
  if (role === undefined) throw new AwsError('NoSuchEntity', `The role with name ${RoleName} cannot be found.`, 404);
  return queryAnswer(iam, action, policies.run(action, role, input as RolePolicyInput));
}

const refusals: Readonly<Record<Unauthenticated, readonly [code: string, status: number]>> = {
  'missing-token': ['MissingAuthenticationToken', 403],
  'incomplete-signature': ['IncompleteSignature', 400],
  'wrong-scope': ['SignatureDoesNotMatch', 403],
  'unknown-key': ['InvalidClientTokenId', 403],
};

function authenticated({ principalOf }: IamOptions, { headers }: ServiceRequest): string {
  const caller = findCaller(headers, { service: 'iam', regions: ['us-east-1'], principalOf });
  if ('principal' in caller) return caller.principal;
  const [code, status] = refusals[caller.reason];
  throw new AwsError(code, caller.message, status);
}

/** Whoever calls sees the roles of its own account, by a name that is unique there. */
function roleIn(principal: string, name: string | undefined, roles: readonly IamRole[]): IamRole | undefined {
  const [, , , account] = splitArn(principal);
  return roles.find(({ arn }) => {
    const [, , , owner, resource = ''] = splitArn(arn);
    return owner === account && resource.split('/').at(-1) === name;
  });
}

interface Called {
  readonly options: IamOptions;
  readonly principal: string;
  readonly action: string;
  readonly role: IamRole | undefined;
}

function callOf({ options, principal, action, role }: Called): RecordedCall {
  const isWrite = action !== 'GetRolePolicy';
  return {
    at: (options.clock ?? Date.now)(),
    service: 'iam',
    principal,
    action: `iam:${action}`,
    resource: role?.arn ?? '*',
    context: isWrite && role?.boundary !== undefined ? { 'iam:PermissionsBoundary': role.boundary } : {},
  };
}
