// Inline policies of the local IAM's roles. In memory only.

import { AwsError } from '../protocol/aws-error.ts';
import type { Xml } from '../protocol/xml.ts';
import { checkPolicyDocument } from './session-policy.ts';

/** A role that exists. */
export interface IamRole {
  readonly arn: string;
  /** ARN of its permissions boundary. */
  readonly boundary?: string;
}

export interface RolePolicyInput {
  readonly RoleName: string;
  readonly PolicyName: string;
  readonly PolicyDocument?: string;
}

export interface InlinePolicies {
  /** Does one of the three operations, and answers its result. @throws AwsError */
  readonly run: (action: string, role: IamRole, input: RolePolicyInput) => Xml | undefined;
  /** Of the role of an ARN, by name. */
  readonly of: (arn: string) => ReadonlyMap<string, string>;
}

/** Of all inline policies of a role together, white space between their tokens aside. */
const maxCharacters = 10_240;

export function openInlinePolicies(): InlinePolicies {
  const roles = new Map<string, Map<string, string>>();
  const policiesOf = (arn: string): Map<string, string> => {
    const policies = roles.get(arn) ?? new Map<string, string>();
    roles.set(arn, policies);
    return policies;
  };
  return {
    of: policiesOf,
    run: (action, { arn }, input) => {
      const policies = policiesOf(arn);
      if (action === 'PutRolePolicy') return put(policies, input);
      return action === 'GetRolePolicy' ? get(policies, input) : remove(policies, input);
    },
  };
}

function put(policies: Map<string, string>, { RoleName, PolicyName, PolicyDocument = '' }: RolePolicyInput): undefined {
  checkPolicyDocument(PolicyDocument);
  const all = new Map([...policies, [PolicyName, PolicyDocument]]);
  const size = [...all.values()].reduce((sum, text) => sum + JSON.stringify(JSON.parse(text)).length, 0);
  if (size > maxCharacters) {
    const message = `Maximum policy size of ${maxCharacters} bytes exceeded for role ${RoleName}`;
    throw new AwsError('LimitExceeded', message, 409);
  }
  policies.set(PolicyName, PolicyDocument);
}

function get(policies: ReadonlyMap<string, string>, input: RolePolicyInput): Xml {
  const { RoleName, PolicyName } = input;
  return { RoleName, PolicyName, PolicyDocument: encodeURIComponent(existing(policies, input)) };
}

function remove(policies: Map<string, string>, input: RolePolicyInput): undefined {
  existing(policies, input);
  policies.delete(input.PolicyName);
}

function existing(policies: ReadonlyMap<string, string>, { PolicyName }: RolePolicyInput): string {
  const text = policies.get(PolicyName);
  if (text !== undefined) return text;
  throw new AwsError('NoSuchEntity', `The role policy with name ${PolicyName} cannot be found.`, 404);
}
