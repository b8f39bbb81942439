// The key policy of the KMS keys that sign: the template's have it, and those that rotation makes. Pure.
import { type KeyUse, keyUses } from './key-purposes.ts';

/** Who may sign, as a function is told it: short, since all of its environment may hold 4 KB. */
export interface SignersText extends Readonly<Record<KeyUse, readonly number[]>> {
  /** Names with their paths, which the uses name by their places; all of the account. */
  readonly roles: readonly string[];
}

/**
 * Nobody else signs, whatever IAM allows whom, and IAM says what else the account may do.
 * @param account `arn:aws:iam::111122223333:`
 * @param signers ARNs of roles
 */
function signingKeyPolicy(account: string, signers: readonly string[]) {
  return {
    Version: '2012-10-17',
    Statement: [
      { Action: 'kms:*', Effect: 'Allow', Principal: { AWS: `${account}root` }, Resource: '*' },
      {
        Action: 'kms:Sign',
        Condition: { StringNotEquals: { 'aws:PrincipalArn': signers } },
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Resource: '*',
        Sid: 'OnlyFunctionsSign',
      },
    ],
  };
}

/**
 * JSON of the key policy of each use.
 * @param text JSON of {@link SignersText}
 * @param keyArn ARN of a key of the same account
 * @throws TypeError where it is none
 */
export function signingKeyPolicies(text: string, keyArn: string): Readonly<Record<KeyUse, string>> {
  const { roles, ...places } = JSON.parse(text) as Partial<SignersText>;
  const [, partition, , , accountId] = keyArn.split(':');
  const account = `arn:${partition}:iam::${accountId}:`;
  const policyOf = (use: KeyUse): [KeyUse, string] => {
    const signers = places[use]?.map((place) => roles?.[place]) ?? [];
    if (signers.length === 0 || signers.includes(undefined)) throw new TypeError(`nobody signs for ${use}`);
    const arns = signers.map((role) => `${account}role/${role}`);
    return [use, JSON.stringify(signingKeyPolicy(account, arns))];
  };
  return Object.fromEntries(keyUses.map(policyOf)) as Record<KeyUse, string>;
}
