// An AWS KMS for asymmetric signing keys, keys for MACs, and keys that encrypt key pairs, on loopback, at least as strict as AWS. I/O: one socket, and files when told.

import model from '../models/kms.json' with { type: 'json' };
import { AwsError, suffer } from '../protocol/aws-error.ts';
import type { EmulatorOptions } from '../protocol/calls.ts';
import { type HttpService, type ServiceRequest, type ServiceResponse, serveHttp } from '../protocol/http-service.ts';
import { type JsonProtocol, jsonAnswer, jsonCaller, jsonError, jsonOperation } from '../protocol/json-protocol.ts';
import { constraintMessage, inputFaults } from '../protocol/service-model.ts';
import { createAlias, deleteAlias, listAliases, updateAlias } from './alias-operations.ts';
import { kmsCalls } from './calls.ts';
import { decrypt, generateDataKeyPairWithoutPlaintext, reEncrypt } from './encryption-operations.ts';
import { validationError } from './errors.ts';
import type { Kms } from './identifiers.ts';
import {
  cancelKeyDeletion,
  createKey,
  describeKey,
  disableKey,
  enableKey,
  listKeys,
  scheduleKeyDeletion,
} from './key-operations.ts';
import { openKeyStore } from './keys.ts';
import { generateMac, getPublicKey, signOperation, verifyMac, verifyOperation } from './signing-operations.ts';
import { listResourceTags, tagResource, untagResource } from './tag-operations.ts';

export interface KmsOptions extends EmulatorOptions {
  /** Where keys and aliases are kept; absent means in memory. */
  readonly directory?: string | undefined;
}

const protocol: JsonProtocol = {
  contentType: 'application/x-amz-json-1.1',
  targetPrefix: 'TrentService',
  frontEndErrors: '',
};

const maxBodyBytes = 1024 * 1024;

const operations = {
  CancelKeyDeletion: cancelKeyDeletion,
  CreateAlias: createAlias,
  CreateKey: createKey,
  Decrypt: decrypt,
  DeleteAlias: deleteAlias,
  DescribeKey: describeKey,
  DisableKey: disableKey,
  EnableKey: enableKey,
  GenerateDataKeyPairWithoutPlaintext: generateDataKeyPairWithoutPlaintext,
  GenerateMac: generateMac,
  GetPublicKey: getPublicKey,
  ListAliases: listAliases,
  ListKeys: listKeys,
  ListResourceTags: listResourceTags,
  ReEncrypt: reEncrypt,
  ScheduleKeyDeletion: scheduleKeyDeletion,
  Sign: signOperation,
  TagResource: tagResource,
  UntagResource: untagResource,
  UpdateAlias: updateAlias,
  Verify: verifyOperation,
  VerifyMac: verifyMac,
} satisfies Record<string, (kms: Kms, input: never) => unknown>;

/**
 * Starts the KMS of one account in one region. `clock` moves scheduled deletions.
 * @throws Error when the port is taken
 */
export async function startKms(options: KmsOptions): Promise<HttpService> {
  const clock = options.clock ?? Date.now;
  const { region, accountId } = options;
  const kms: Kms = { region, accountId, clock, store: openKeyStore(options.directory, clock) };
  return serveHttp(options.port ?? 0, maxBodyBytes, (request) =>
    answer(kms, options, request).catch((error: unknown) => jsonError(protocol, error)),
  );
}

async function answer(kms: Kms, options: KmsOptions, request: ServiceRequest): Promise<ServiceResponse> {
  const operation = jsonOperation(protocol, request);
  const scope = { service: 'kms', regions: [kms.region], principalOf: options.principalOf };
  const { principal } = jsonCaller(protocol, request, scope);
  const input = parseInput(request.body);
  const calls = kmsCalls(kms, { principal, operation, input: input ?? {} });
  calls.forEach(options.record);
  await suffer(options.fault, calls);
  return jsonAnswer(protocol, await perform(kms, operation, input));
}

async function perform(kms: Kms, operation: string, input: unknown): Promise<unknown> {
  if (!isOperation(operation)) throw new AwsError('UnknownOperationException', '');
  if (input === undefined) throw new AwsError('SerializationException', 'The request is not a JSON object');
  const { types, constraints } = inputFaults(model, operation, input);
  if (types.length > 0) throw new AwsError('SerializationException', types.join('; '));
  if (constraints.length > 0) throw validationError(constraintMessage(constraints));
  const run: (kms: Kms, input: never) => unknown = operations[operation];
  return run(kms, input as never);
}

function isOperation(name: string): name is keyof typeof operations {
  return Object.hasOwn(operations, name);
}

/** Undefined when the body is no JSON object; an empty body is an empty object, as at AWS. */
function parseInput(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const input: unknown = body.length === 0 ? {} : JSON.parse(body.toString());
    return typeof input === 'object' && input !== null && !Array.isArray(input) ? { ...input } : undefined;
  } catch {
    return undefined;
  }
}
