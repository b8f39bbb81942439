// The ARN of an IAM role, taken apart. Stricter than IAM where a character would mean more than itself elsewhere. Pure.

export interface RoleArn {
  readonly partition: string;
  readonly accountId: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  readonly name: string;
}

const form = /^arn:(aws[a-z-]*):iam::(\d{12}):role(\/(?:[\x21-\x7e]+\/)?)([\w+=,.@-]{1,64})$/;
const longestPath = 512;
/** Wildcards and policy variables in the IAM statements that name the role; segments that a reader would collapse. */
const ambiguous = /[*?$]|\/\/|\/\.\.?\//;

/**
 * Undefined for everything but the ARN of exactly one role that can be assumed.
 * @see [IAM identifiers](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html)
 */
export function parseRoleArn(arn: string): RoleArn | undefined {
  const [, partition, accountId, path, name] = form.exec(arn) ?? [];
  if (partition === undefined || accountId === undefined || path === undefined || name === undefined) return undefined;
  if (path.length > longestPath || ambiguous.test(path)) return undefined;
  // Only the service itself assumes these.
  return path.startsWith('/aws-service-role/') ? undefined : { partition, accountId, path, name };
}
