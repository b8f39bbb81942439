// Session policies and tags of AssumeRole: the rules the service model does not have. Pure.
// See the IAM User Guide, "Pass session tags in AWS STS" and "IAM and AWS STS quotas".

import { deflateRawSync } from 'node:zlib';
import { AwsError } from '../protocol/aws-error.ts';
import { type SessionTag, splitRoleArn } from './sessions.ts';

export interface PolicyInput {
  readonly RoleArn: string;
  readonly Policy?: string;
  readonly PolicyArns?: readonly { readonly arn: string }[];
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
  readonly TransitiveTagKeys?: readonly string[];
}

const maxPolicyCharacters = 2048;

/** AWS does not publish its format or limit; deflated text against this many bytes is an estimate. */
const packedPolicyBytes = 1024;

/**
 * Checks the session policy and the managed policies.
 * @throws AwsError ValidationError, MalformedPolicyDocument
 */
export function checkPolicies(input: PolicyInput): void {
  const { Policy = '', PolicyArns = [], RoleArn } = input;
  const characters = Policy.length + PolicyArns.reduce((sum, { arn }) => sum + arn.length, 0);
  if (characters > maxPolicyCharacters) {
    throw new AwsError('ValidationError', `Session policies have at most ${maxPolicyCharacters} characters together.`);
  }
  const { accountId } = splitRoleArn(RoleArn) ?? {};
  for (const { arn } of PolicyArns)
    if (!isManagedPolicy(arn, accountId)) throw new AwsError('ValidationError', `${arn} is invalid`);
  if (input.Policy !== undefined) checkPolicyDocument(input.Policy);
}

/** Managed policies are AWS's or of the role's own account. */
function isManagedPolicy(arn: string, accountId: string | undefined): boolean {
  const [, owner] = /^arn:aws:iam::(aws|\d{12}):policy\/(?:[\x21-\x7e]+\/)?[\w+=,.@-]{1,128}$/.exec(arn) ?? [];
  return owner === 'aws' || (owner !== undefined && owner === accountId);
}

/** An identity policy, by its grammar. @throws AwsError MalformedPolicyDocument */
export function checkPolicyDocument(text: string): void {
  const document = parseJson(text);
  const { Version = '2012-10-17', Statement } = document;
  const statements: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement];
  const isKnownVersion = Version === '2012-10-17' || Version === '2008-10-17';
  const hasUnknown = Object.keys(document).some((name) => !['Version', 'Id', 'Statement'].includes(name));
  if (!isKnownVersion || hasUnknown || statements.length === 0 || !statements.every(isStatement)) {
    throw new AwsError('MalformedPolicyDocument', 'Syntax errors in policy.');
  }
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = JSON.parse(text);
    if (isObject(document)) return document;
  } catch {
    // answered below, without the policy
  }
  throw new AwsError('MalformedPolicyDocument', 'This policy contains invalid Json');
}

/** A session policy is an identity policy: its statements name no principal. */
function isStatement(statement: unknown): boolean {
  if (!isObject(statement)) return false;
  const { Effect } = statement;
  const known = ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'];
  if (Object.keys(statement).some((name) => !known.includes(name))) return false;
  if (statement['Condition'] !== undefined && !isObject(statement['Condition'])) return false;
  return (
    (Effect === 'Allow' || Effect === 'Deny') &&
    hasOneOf(statement, 'Action', 'NotAction') &&
    hasOneOf(statement, 'Resource', 'NotResource')
  );
}

function hasOneOf(statement: Readonly<Record<string, unknown>>, name: string, negated: string): boolean {
  const value = statement[name] ?? statement[negated];
  const isAmbiguous = statement[name] !== undefined && statement[negated] !== undefined;
  return !isAmbiguous && isTextOrTexts(value);
}

function isTextOrTexts(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every((text) => typeof text === 'string' && text !== '');
  return typeof value === 'string' && value !== '';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Checks tags and transitive keys, and answers the transitive tags of the new session, inherited ones included.
 * Keys are compared without case.
 * @throws AwsError InvalidParameterValue
 */
export function transitiveTags(
  { Tags = [], TransitiveTagKeys = [] }: PolicyInput,
  inherited: ReadonlyMap<string, SessionTag>,
): ReadonlyMap<string, SessionTag> {
  const tags = new Map(Tags.map(({ Key, Value }) => [Key.toLowerCase(), { key: Key, value: Value }]));
  const transitive = TransitiveTagKeys.map((key) => key.toLowerCase());
  const names = [...tags.keys()];
  if ([...names, ...transitive].some((name) => name.startsWith('aws:'))) {
    throw invalidTags('Tag keys that begin with aws: are reserved.');
  }
  if (tags.size < Tags.length) {
    throw invalidTags('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
  }
  if (names.some((name) => inherited.has(name))) {
    const why = 'it conflicts with a transitive tag key from the calling session.';
    throw invalidTags(`One of the specified transitive tag keys can't be set because ${why}`);
  }
  if (!transitive.every((key) => tags.has(key))) {
    throw invalidTags('The specified transitive tag key must be included in the requested tags.');
  }
  return new Map([...inherited, ...[...tags].filter(([key]) => transitive.includes(key))]);
}

function invalidTags(message: string): AwsError {
  return new AwsError('InvalidParameterValue', message);
}

/**
 * Percentage of the packed space that policies and tags take, rounded up.
 * @throws AwsError PackedPolicyTooLarge
 */
export function packedPolicySize({ Policy = '', PolicyArns = [], Tags = [] }: PolicyInput): number {
  const parts = [Policy, ...PolicyArns.map(({ arn }) => arn), ...Tags.flatMap(({ Key, Value }) => [Key, Value])];
  const text = parts.join('\0');
  if (text === '') return 0;
  const percentage = Math.ceil((deflateRawSync(text).length / packedPolicyBytes) * 100);
  if (percentage <= 100) return percentage;
  const message = `Packed policy consumes ${percentage}% of allotted space, please use smaller policy.`;
  throw new AwsError('PackedPolicyTooLarge', message);
}
