// The AWS Query protocol as STS and IAM speak it: parameters in, XML out. Pure.

import { randomUUID } from 'node:crypto';
import { AwsError } from './aws-error.ts';
import type { ServiceRequest, ServiceResponse } from './http-service.ts';
import type { ServiceModel } from './service-model.ts';
import { type Xml, xml } from './xml.ts';

/** What tells one service of the protocol from another. */
export interface QueryService {
  readonly name: string;
  readonly version: string;
}

export const sts: QueryService = { name: 'sts', version: '2011-06-15' };
export const iam: QueryService = { name: 'iam', version: '2010-05-08' };

export interface QueryRequest {
  readonly action: string;
  /** The parameters but Action and Version. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Parses a form body.
 * @throws AwsError ValidationError for repeated parameters, MissingAction, InvalidAction for another version
 */
export function parseQueryRequest({ name, version: wanted }: QueryService, request: ServiceRequest): QueryRequest {
  if (request.method !== 'POST') throw new AwsError('InvalidAction', `The local ${name} answers POST only`);
  const pairs = [...new URLSearchParams(request.body.toString())];
  const { Action: action, Version: version, ...rest } = Object.fromEntries(pairs);
  if (!action) throw new AwsError('MissingAction', 'The request must contain the parameter Action.');
  if (version !== wanted) throw unknownAction(action, version ?? 'NO_VERSION_SPECIFIED');
  const parameters = new Map(Object.entries(rest));
  if (parameters.size + 2 < pairs.length) throw new AwsError('ValidationError', 'A parameter is given more than once');
  return { action, parameters };
}

export function unknownAction(action: string, version: string): AwsError {
  return new AwsError('InvalidAction', `Could not find operation ${action} for version ${version}`);
}

/**
 * The operation's input from flat parameters such as `Tags.member.1.Key`.
 * A parameter without a place in the model becomes a member the model check refuses.
 */
export function inputFromParameters(model: ServiceModel, { action, parameters }: QueryRequest): object {
  const operation = model.operations[action];
  const input: Record<string, unknown> = {};
  for (const [name, value] of parameters) {
    const path = name.split('.');
    if (operation === undefined || !place(model, operation.members, input, path, value)) input[name] = value;
  }
  return input;
}

/** Puts one value into the input; false when the model has no such place. */
function place(
  model: ServiceModel,
  members: Readonly<Record<string, string>>,
  input: Record<string, unknown>,
  [member = '', ...path]: readonly string[],
  value: string,
): boolean {
  const shape = Object.hasOwn(members, member) ? model.shapes[members[member] ?? ''] : undefined;
  if (shape === undefined) return false;
  if (shape.type !== 'list') {
    if (path.length > 0) return false;
    input[member] = shape.type === 'integer' ? integerOrText(value) : value;
    return true;
  }
  input[member] ??= [];
  return placeInList(model, shape.member ?? '', input[member] as unknown[], path, value);
}

function placeInList(
  model: ServiceModel,
  memberShape: string,
  list: unknown[],
  [marker, number, ...path]: readonly string[],
  value: string,
): boolean {
  if (marker === undefined) return value === '';
  const index = Number(number) - 1;
  if (marker !== 'member' || !/^[1-9]\d{0,3}$/.test(number ?? '')) return false;
  const members = model.shapes[memberShape]?.members;
  if (members !== undefined) {
    list[index] ??= {};
    return place(model, members, list[index] as Record<string, unknown>, path, value);
  }
  if (path.length > 0) return false;
  list[index] = value;
  return true;
}

function integerOrText(value: string): number | string {
  return /^-?\d{1,9}$/.test(value) ? Number(value) : value;
}

/** @param result undefined for operations that answer nothing */
export function queryAnswer(service: QueryService, action: string, result: Xml | undefined): ServiceResponse {
  const requestId = randomUUID();
  const content = { [`${action}Result`]: result, ResponseMetadata: { RequestId: requestId } };
  const opening = `<${action}Response xmlns="${namespaceOf(service)}">`;
  return xmlAnswer(200, requestId, `${opening}${xml(content)}</${action}Response>`);
}

/** Anything but an AwsError is a mistake of the emulator and is thrown on. */
export function queryError(service: QueryService, error: unknown): ServiceResponse {
  if (!(error instanceof AwsError)) throw error;
  const requestId = randomUUID();
  const { code, message, status } = error;
  const content = {
    Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
    RequestId: requestId,
  };
  return xmlAnswer(status, requestId, `<ErrorResponse xmlns="${namespaceOf(service)}">${xml(content)}</ErrorResponse>`);
}

function namespaceOf({ name, version }: QueryService): string {
  return `https://${name}.amazonaws.com/doc/${version}/`;
}

function xmlAnswer(status: number, requestId: string, body: string): ServiceResponse {
  return { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }, body };
}
